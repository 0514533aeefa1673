import { SluiceError } from '@sluice/domain';
import type { RecordingPlace } from '@sluice/recording';
import { afterEach, expect, test, vi } from 'vitest';
import { recoverSpool } from './recover-spool.ts';

afterEach(() => {
  vi.useRealTimers();
});

const nothing: RecordingPlace = { checkpoint: null, links: [], sessions: [] };
const sessionId = '01930000-0000-7000-8000-000000000001';
const damaged = new SluiceError('recording-damaged', 'signed by an unknown key', { audience: 'operator' });

function request(isUnknown: boolean, answers: readonly (RecordingPlace | Error)[]) {
  const done: string[] = [];
  const left = [...answers];
  const stopping = new AbortController();
  return {
    done,
    stopping,
    spool: {
      chain: { isUnknown } as Parameters<typeof recoverSpool>[0]['spool']['chain'],
      resumeChain: (): boolean => {
        done.push('resume');
        return false;
      },
      recover: (seen: readonly { readonly sessionId: string }[] = []) => {
        done.push(`recover ${seen.map((session) => session.sessionId).join()}`);
        return [];
      },
    },
    store: { sessions: new Map([[sessionId, { opens: [0], chunks: [] }]]) },
    controlPlane: {
      recordingPlace: (asked: readonly string[]) => {
        done.push(`ask ${asked.join()}`);
        const answer = left.shift() ?? new Error('nobody answers');
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
    log: { warn: () => undefined, error: () => done.push('error') },
    signal: stopping.signal,
  };
}

const seen = [{ sessionId, chunks: 3, lastHash: 'A'.repeat(43), nextSeq: 9, lastAt: 5, sealed: true }];

test('a gateway that has a spool asks too, and nothing is sealed before somebody answers', async () => {
  vi.useFakeTimers();
  const asked = request(false, [new Error('away'), { ...nothing, sessions: seen }]);
  const recovered = recoverSpool(asked);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked.done).toEqual([`ask ${sessionId}`]);
  await vi.advanceTimersByTimeAsync(2_000);
  await recovered;
  expect(asked.done.slice(1)).toEqual([`ask ${sessionId}`, 'resume', `recover ${sessionId}`]);
});

test('one that is stopped while it asks leaves its spool as it is', async () => {
  const asked = request(false, []);
  const recovered = recoverSpool(asked);
  asked.stopping.abort();
  await recovered;
  expect(asked.done).not.toContainEqual(expect.stringContaining('recover'));
});

test('an answer that it never signed stops a gateway without a spool; one with a spool believes nothing of it', async () => {
  for (const isUnknown of [true, false]) {
    const asked = request(isUnknown, [{ ...nothing, sessions: seen }]);
    asked.spool.resumeChain = () => {
      throw damaged;
    };
    if (isUnknown) await expect(recoverSpool(asked)).rejects.toBe(damaged);
    else await recoverSpool(asked);
    expect(asked.done.slice(1)).toEqual(isUnknown ? [] : ['error', 'recover ']);
  }
});
