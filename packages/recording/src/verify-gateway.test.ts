import { afterAll, describe, expect, test } from 'vitest';
import { readCheckpoint } from './checkpoint.ts';
import { type Chunk, readChunk } from './chunk.ts';
import { verifyGatewayExport } from './gateway-export.ts';
import { gatewayFile, logged, type SampleGateway, sampleGateway } from './testing/sample-gateway.ts';
import { keyOf, sampleKeys, TestFolders } from './testing/sample-recording.ts';
import { type GatewayProblem, sessionLinks, verifyLinks } from './verify-gateway-chain.ts';

const folders = new TestFolders();
afterAll(() => folders.remove());

function problemsOf(sample: SampleGateway): readonly GatewayProblem[] {
  return verifyGatewayExport(gatewayFile(sample)).problems;
}

/** Session ids and parts that problems name, each once. */
function named(problems: readonly GatewayProblem[]): string[] {
  return Array.from(new Set(problems.map(({ part, sessionId }) => sessionId ?? part)));
}

describe('a chain of 1,000 sessions', () => {
  const sample = sampleGateway(folders.make(), 1_000, 40);
  const checkpoints = sample.logged.map(({ checkpoint }) => readCheckpoint(checkpoint));
  const links = sample.sessions.map(({ sessionId, chunks }) =>
    sessionLinks(sessionId, chunks.map(readChunk) satisfies Chunk[], new Set()),
  );
  const range = { from: 0, to: sample.to };

  test('is whole, and says what it proves', () => {
    const verdict = verifyGatewayExport(gatewayFile(sample));
    expect(verdict.problems).toEqual([]);
    expect(verdict).toMatchObject({ ok: true, sessions: 1_000, chunks: 2_000, range: { from: 0, to: 1_999 } });
    expect(verdict.provenTo).toBeGreaterThan(verdict.provenFrom ?? 0);
    expect(verifyGatewayExport(gatewayFile(sample), keyOf(sampleKeys)).ok).toBe(false);
  });

  test('every deleted session is named, and nothing else', { timeout: 240_000 }, () => {
    for (const [deleted, { sessionId }] of sample.sessions.entries()) {
      const rest = links.toSpliced(deleted, 1);
      const problems = verifyLinks(rest, checkpoints, range);
      expect(problems).toMatchObject([{ part: 'session', sessionId, what: expect.stringMatching(/^is missing/) }]);
    }
  });

  test('and without any checkpoint too, by the link that follows', { timeout: 240_000 }, () => {
    for (const [deleted, { sessionId }] of sample.sessions.entries()) {
      const problems = verifyLinks(links.toSpliced(deleted, 1), [], range);
      // The very last link is followed by none: its session then shows by number, not by name.
      const names = problems.map((problem) => problem.sessionId ?? problem.index);
      expect(names.filter((name) => name !== sessionId && name !== sample.to)).toEqual([]);
      expect(names.length).toBeGreaterThan(0);
    }
  });

  test('in a file: deleted, deleted in a row, at the end, doubled, out of order', { timeout: 120_000 }, () => {
    for (const [at, count] of [
      [0, 1],
      [499, 1],
      [500, 7],
      [998, 2],
    ] as const) {
      const gone = sample.sessions.slice(at, at + count).map(({ sessionId }) => sessionId);
      const problems = problemsOf({ ...sample, sessions: sample.sessions.toSpliced(at, count) });
      expect(named(problems).sort()).toEqual(gone.sort());
    }
    const [a, b] = [sample.sessions[10], sample.sessions[11]];
    if (a === undefined || b === undefined) throw new Error('no sessions');
    expect(problemsOf({ ...sample, sessions: sample.sessions.toSpliced(10, 2, b, a) })).toMatchObject([
      { part: 'session', sessionId: a.sessionId, what: 'stands behind a later session' },
    ]);
    expect(problemsOf({ ...sample, sessions: sample.sessions.toSpliced(11, 0, a) })).toMatchObject([
      { part: 'session', sessionId: a.sessionId, what: 'stands in the file more than once' },
    ]);
  });
});

describe('a small chain', () => {
  const sample = sampleGateway(folders.make(), 4, 2, 2);
  const tiny = sampleGateway(folders.make(), 2, 1, 2);
  const file = gatewayFile(tiny);

  test('every changed byte is named: with its session, as log or checkpoint, or as the container’s', {
    timeout: 600_000,
  }, () => {
    const spans = tiny.sessions.flatMap(({ sessionId, chunks }) =>
      chunks.map((chunk) => ({ sessionId, start: file.indexOf(chunk), length: chunk.length })),
    );
    const logStart = file.indexOf('\nlog ') + 1;
    const logEnd = file.indexOf('\nsession ') + 1;
    for (let offset = 0; offset < file.length; offset += 1) {
      const original = file[offset] ?? 0;
      // Every byte once; the two other changes, which find other ways through the reader, at some.
      for (const value of offset % 16 === 0 ? [original ^ 1, original ^ 0x80, 0x0a] : [original ^ 1]) {
        if (value === original) continue;
        const changed = Buffer.from(file);
        changed[offset] = value;
        const { ok, problems } = verifyGatewayExport(changed);
        const span = spans.find(({ start, length }) => offset >= start && offset < start + length);
        const names = named(problems);
        const right =
          span !== undefined
            ? names.length === 1 && names[0] === span.sessionId
            : offset >= logStart && offset < logEnd
              ? names.some((name) => ['log', 'checkpoint', 'container'].includes(name))
              : names.length > 0;
        if (ok || !right) expect({ offset, value, ok, names, problems }).toEqual('named');
      }
    }
  });

  test('a file cut off anywhere is not ok', () => {
    for (let length = 0; length < file.length; length += 13) {
      expect(verifyGatewayExport(file.subarray(0, length)).ok).toBe(false);
    }
  });

  test('a dropped, swapped, replayed or foreign chunk is named with its session', () => {
    const [victim, other] = [sample.sessions[2], sample.sessions[3]];
    if (victim === undefined || other === undefined) throw new Error('no sessions');
    const [first = Buffer.alloc(0), last = Buffer.alloc(0)] = victim.chunks;
    const variants = {
      'drop the first': [last],
      'drop the last': [first],
      swap: [last, first],
      replay: [first, last, first],
      foreign: [first, other.chunks[1] ?? Buffer.alloc(0)],
    };
    for (const [what, chunks] of Object.entries(variants)) {
      const sessions = sample.sessions.with(2, { ...victim, chunks });
      const names = named(problemsOf({ ...sample, sessions }));
      expect({ what, names: names.includes(victim.sessionId) }).toEqual({ what, names: true });
      expect(names.filter((name) => name !== victim.sessionId && name !== other.sessionId)).toEqual([]);
    }
  });

  test('a checkpoint that is dropped, swapped, replayed or made up is named by its number', () => {
    const lines = sample.logged.map(({ checkpoint }) => checkpoint);
    const [, second] = sample.logged;
    if (second === undefined) throw new Error('no checkpoint');
    const dropped = { ...sample, logged: sample.logged.toSpliced(1, 1) };
    expect(problemsOf(dropped)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ part: 'log', index: 1, what: 'is missing' }),
        expect.objectContaining({ part: 'checkpoint', index: 1, what: 'is missing' }),
      ]),
    );
    const replayed = { ...sample, logged: sample.logged.toSpliced(2, 0, second) };
    expect(named(problemsOf(replayed)).sort()).toEqual(['checkpoint', 'log']);
    const relogged = { ...sample, logged: logged(lines.toSpliced(1, 1)) };
    expect(problemsOf(relogged)).toEqual([
      expect.objectContaining({ part: 'checkpoint', index: 1, what: 'is missing' }),
    ]);
    const swapped = { ...sample, logged: sample.logged.toSpliced(0, 2, ...sample.logged.slice(0, 2).toReversed()) };
    expect(problemsOf(swapped)).toEqual(
      expect.arrayContaining([expect.objectContaining({ part: 'log', index: 0, what: 'stands behind a later one' })]),
    );
  });

  test('an end cut off together with its sessions shows by the first line’s own word only, and by a newer head', () => {
    const shorter = {
      ...sample,
      sessions: sample.sessions.slice(0, 3),
      logged: sample.logged.slice(0, 1),
      to: sample.to,
    };
    expect(problemsOf(shorter).length).toBeGreaterThan(0);
  });
});
