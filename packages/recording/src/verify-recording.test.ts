import { generateSigningKeys } from '@sluice/keys';
import { expect, test } from 'vitest';
import { readChunk } from './chunk.ts';
import { keyOf, sampleChunks, sampleKeys } from './testing/sample-recording.ts';
import { acceptChunk, type RecordingVerdict, verifyRecording } from './verify-recording.ts';

const texts = [['a', 'b'], ['c'], ['d', 'e', 'f'], ['g']];
const chunks = sampleChunks(texts);
const sessionId = readChunk(chunk(chunks, 0)).header.sessionId;

function chunk(list: readonly Buffer[], index: number): Buffer {
  return list[index] ?? Buffer.alloc(0);
}

function verified(list: readonly Buffer[]): RecordingVerdict {
  return verifyRecording(list, keyOf(sampleKeys));
}

function places(verdict: RecordingVerdict): (number | null)[] {
  return Array.from(new Set(verdict.problems.map(({ index }) => index)));
}

test('a whole recording is ok', () => {
  expect(verified(chunks)).toEqual({
    ok: true,
    sessionId,
    gatewayId: 'gateway-1',
    chunks: 4,
    events: 7,
    gaps: [],
    problems: [],
  });
});

test('a dropped chunk is named as missing, the last as the missing end', () => {
  for (let dropped = 0; dropped < chunks.length; dropped += 1) {
    const verdict = verified(chunks.filter((_, index) => index !== dropped));
    expect(verdict.ok).toBe(false);
    expect(places(verdict)).toEqual([dropped]);
    expect(verdict.problems[0]?.what).toMatch(/^is missing/);
  }
});

test('swapped chunks: the one that comes late is named', () => {
  const verdict = verified([chunk(chunks, 0), chunk(chunks, 2), chunk(chunks, 1), chunk(chunks, 3)]);
  expect(verdict.problems).toEqual([{ part: 'chunk', index: 1, what: 'stands behind a later chunk' }]);
});

test('a replayed chunk is named', () => {
  for (let replayed = 0; replayed < chunks.length; replayed += 1) {
    const verdict = verified([...chunks, chunk(chunks, replayed)]);
    expect(verdict.problems).toEqual([
      { part: 'chunk', index: replayed, what: 'stands in the recording more than once' },
    ]);
  }
});

test('a chunk signed by another key, known or not, is named', () => {
  const other = generateSigningKeys();
  const forged = sampleChunks(texts, { sessionId, keys: other });
  const mixed = [chunk(chunks, 0), chunk(forged, 1), chunk(chunks, 2), chunk(chunks, 3)];
  expect(verified(mixed).problems).toEqual([
    { part: 'chunk', index: 1, what: `signed by an unknown key (${other.keyId})` },
  ]);
  const renamed = Buffer.from(chunk(forged, 1).toString('latin1').replace(other.keyId, sampleKeys.keyId), 'latin1');
  expect(places(verified([chunk(chunks, 0), renamed, chunk(chunks, 2), chunk(chunks, 3)]))).toEqual([1]);
});

test('chunks of another session, another run of the same session, and behind the end are named', () => {
  const elsewhere = sampleChunks(texts);
  expect(places(verified([chunk(chunks, 0), chunk(elsewhere, 1), chunk(chunks, 2), chunk(chunks, 3)]))).toContain(1);
  const rerun = sampleChunks([['x', 'y'], ['c'], ['d', 'e', 'f'], ['g']], { sessionId });
  expect(verified([chunk(chunks, 0), ...rerun.slice(1)]).problems).toEqual([
    { part: 'chunk', index: 1, what: 'does not continue the chunk before it' },
  ]);
  const longer = sampleChunks([...texts, ['h']], { sessionId });
  expect(verified([...chunks, chunk(longer, 4)]).problems).toEqual([
    { part: 'chunk', index: 4, what: 'stands behind the sealed end' },
  ]);
});

test('nothing is not a recording', () => {
  expect(verified([])).toMatchObject({ ok: false, sessionId: null });
  expect(verified([Buffer.from('x')])).toMatchObject({ ok: false, chunks: 1, problems: [{ index: 0 }] });
});

test('a chunk is accepted when it continues what is stored, and only then', () => {
  const first = readChunk(chunk(chunks, 0));
  const stored = { hash: first.hash, nextSeq: 2, final: false };
  const request = {
    bytes: chunk(chunks, 1),
    sessionId,
    gatewayId: 'gateway-1',
    index: 1,
    previous: stored,
    publicKeyOf: keyOf(sampleKeys),
  };
  expect(acceptChunk(request).header.index).toBe(1);
  expect(acceptChunk({ ...request, bytes: chunk(chunks, 0), index: 0, previous: null }).header.index).toBe(0);

  const conflict = expect.objectContaining({ code: 'conflict' });
  expect(() => acceptChunk({ ...request, previous: null })).toThrow(conflict);
  expect(() => acceptChunk({ ...request, bytes: chunk(chunks, 2), index: 2 })).toThrow(conflict);
  expect(() => acceptChunk({ ...request, previous: { ...stored, final: true } })).toThrow(conflict);
  expect(() => acceptChunk({ ...request, previous: { ...stored, nextSeq: 3 } })).toThrow(conflict);
  const damagedFault = expect.objectContaining({ code: 'recording-damaged' });
  expect(() => acceptChunk({ ...request, index: 2 })).toThrow(damagedFault);
  expect(() => acceptChunk({ ...request, sessionId: 'other' })).toThrow(damagedFault);
  expect(() => acceptChunk({ ...request, gatewayId: 'gateway-2' })).toThrow(damagedFault);
  expect(() => acceptChunk({ ...request, publicKeyOf: () => null })).toThrow(damagedFault);
  expect(() => acceptChunk({ ...request, bytes: Buffer.concat([chunk(chunks, 1), Buffer.from('x')]) })).toThrow(
    damagedFault,
  );
});
