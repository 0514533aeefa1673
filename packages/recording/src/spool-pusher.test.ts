import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { afterAll, expect, test } from 'vitest';
import { SpoolPusher, type SpoolPusherOptions } from './spool-pusher.ts';
import { fileSpool, type SpoolStore } from './spool-store.ts';
import { SpoolWriter, spoolDepth } from './spool-writer.ts';
import { closed, keyOf, note, sampleGatewayId, sampleKeys, TestFolders } from './testing/sample-recording.ts';
import { verifyRecording } from './verify-recording.ts';

const folders = new TestFolders();
afterAll(() => folders.remove());

/** Records sessions of `chunks` chunks each. */
function record(store: SpoolStore, sessions: number, chunks: number): string[] {
  const writer = new SpoolWriter({
    store,
    gatewayId: sampleGatewayId,
    keys: sampleKeys,
    onFault: () => undefined,
    onChunk: () => undefined,
  });
  const ids = Array.from({ length: sessions }, () => newId());
  for (const id of ids) {
    const recorder = writer.openSession(id);
    for (let index = 1; index < chunks; index += 1) {
      recorder.append(note(String(index)), { durable: true });
      recorder.flush();
    }
    recorder.close(closed);
  }
  writer.stop();
  return ids;
}

/** Starts a pusher and resolves once the spool holds no more chunks to push. */
async function pushAll(
  store: SpoolStore,
  options: Omit<SpoolPusherOptions, 'store' | 'onFault'> & Partial<SpoolPusherOptions>,
): Promise<SpoolPusher> {
  const pusher = new SpoolPusher({ store, onFault: () => undefined, retryDelayMs: () => 1, ...options });
  pusher.wake();
  await expect.poll(() => spoolDepth(store).chunks, { timeout: 30_000, interval: 5 }).toBe(0);
  return pusher;
}

test('chunks arrive in order, a few sessions at a time, and leave the spool', async () => {
  const store = fileSpool(folders.make());
  const ids = record(store, 10, 5);
  const arrived = new Map<string, Buffer[]>();
  let underWay = 0;
  let most = 0;
  await pushAll(store, {
    push: async (sessionId, index, bytes) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      const chunks = arrived.get(sessionId) ?? [];
      expect(index).toBe(chunks.length);
      arrived.set(sessionId, [...chunks, bytes]);
      underWay -= 1;
    },
  });
  expect(most).toBe(4);
  expect(store.sessions.size).toBe(0);
  for (const id of ids)
    expect(verifyRecording(arrived.get(id) ?? [], keyOf(sampleKeys))).toMatchObject({ ok: true, chunks: 5 });
});

test('what fails is tried again without a hole, and other sessions go on meanwhile', async () => {
  const store = fileSpool(folders.make());
  const [first = ''] = record(store, 3, 3);
  const arrived: string[] = [];
  let failures = 0;
  await pushAll(store, {
    push: (sessionId, index) => {
      if (sessionId === first && index === 1 && failures < 5) {
        failures += 1;
        return Promise.reject(failures % 2 === 0 ? new Error('socket') : new SluiceError('unavailable', 'away'));
      }
      arrived.push(`${sessionId} ${index}`);
      return Promise.resolve();
    },
  });
  expect(failures).toBe(5);
  expect(arrived.filter((text) => text.startsWith(first))).toEqual([0, 1, 2].map((index) => `${first} ${index}`));
  expect(arrived).toHaveLength(9);
});

test('a chunk refused for good is set aside with a word in the log, and can be put back', async () => {
  const store = fileSpool(folders.make());
  const [id = ''] = record(store, 1, 3);
  const faults: string[] = [];
  const arrived: number[] = [];
  let refuse = true;
  const pusher = await pushAll(store, {
    onFault: (message) => faults.push(message),
    push: (_, index) => {
      if (index === 1 && refuse) return Promise.reject(new SluiceError('conflict', 'no'));
      arrived.push(index);
      return Promise.resolve();
    },
  });
  expect(arrived).toEqual([0, 2]);
  expect(spoolDepth(store)).toMatchObject({ chunks: 0, rejected: 1 });
  expect(store.list().filter(({ name }) => name.startsWith('rejected/'))).toMatchObject([
    { name: `rejected/${id}.000001.chunk` },
  ]);
  expect(faults).toHaveLength(1);
  // A restart still counts it.
  expect(spoolDepth(store).bytes).toBeGreaterThan(0);
  refuse = false;
  expect(pusher.retryRejected()).toBe(1);
  await pusher.stop();
  expect(arrived).toEqual([0, 2, 1]);
});

test('while it waits after a failure, `retryNow` starts at once; stop ends after what is under way', async () => {
  const store = fileSpool(folders.make());
  record(store, 1, 2);
  const calls: number[] = [];
  let away = true;
  let failed = (): void => undefined;
  const firstFailure = new Promise<void>((resolve) => {
    failed = resolve;
  });
  const pusher = new SpoolPusher({
    store,
    onFault: () => failed(),
    retryDelayMs: () => 3_600_000,
    push: (_, index) => {
      calls.push(index);
      return away ? Promise.reject(new Error('away')) : Promise.resolve();
    },
  });
  pusher.wake();
  await firstFailure;
  await new Promise((resolve) => setImmediate(resolve));
  pusher.wake();
  expect(calls).toEqual([0]);
  away = false;
  pusher.wake({ retryNow: true });
  await expect.poll(() => spoolDepth(store).chunks, { timeout: 30_000 }).toBe(0);
  expect(calls).toEqual([0, 0, 1]);
  await pusher.stop();
  record(store, 1, 1);
  pusher.wake();
  expect(spoolDepth(store).chunks).toBe(1);
});

test('a chunk beside its own open file stays in the spool', async () => {
  const store = fileSpool(folders.make());
  const [id = ''] = record(store, 1, 3);
  store.create(`${id}.000001.open`).close();
  const arrived: number[] = [];
  const pusher = new SpoolPusher({
    store,
    onFault: () => undefined,
    push: (_, index) => {
      arrived.push(index);
      return Promise.resolve();
    },
  });
  pusher.wake();
  await pusher.stop();
  expect(arrived).toEqual([0]);
});
