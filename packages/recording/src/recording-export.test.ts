import { generateSigningKeys } from '@sluice/keys';
import { expect, test } from 'vitest';
import { readExport, verifyExport, writeExport } from './recording-export.ts';
import { keyOf, sampleChunks, sampleKeys } from './testing/sample-recording.ts';

// The third chunk is compressed.
const chunks = sampleChunks([['a', 'b'], ['c'], ['d'.repeat(2000)], ['e']]);
const file = writeExport(chunks, [{ keyId: sampleKeys.keyId, publicKey: sampleKeys.publicKey }]);

/** To which part each byte of the file belongs: a chunk's number, or the container. */
function partAt(offset: number): number | 'container' {
  for (const [index, chunk] of chunks.entries()) {
    const start = file.indexOf(chunk);
    if (offset >= start && offset < start + chunk.length) return index;
  }
  return 'container';
}

test('an export gives back its chunks and verifies by its own keys or by trusted ones', () => {
  expect(readExport(file)).toMatchObject({ chunks, problems: [], keys: [{ keyId: sampleKeys.keyId }] });
  expect(verifyExport(file)).toMatchObject({ ok: true, chunks: 4, events: 5, problems: [] });
  expect(verifyExport(file, keyOf(sampleKeys)).ok).toBe(true);
  expect(verifyExport(file, keyOf(generateSigningKeys())).ok).toBe(false);
});

test('every changed byte is named with its chunk, or as the container’s', { timeout: 240_000 }, () => {
  for (let offset = 0; offset < file.length; offset += 1) {
    const original = file[offset] ?? 0;
    for (const value of [original ^ 1, original ^ 0x80, 0x0a, 0x39]) {
      if (value === original) continue;
      const changed = Buffer.from(file);
      changed[offset] = value;
      const { ok, problems } = verifyExport(changed);
      const named = Array.from(
        new Set(problems.map((problem) => (problem.part === 'chunk' ? problem.index : 'container'))),
      );
      const part = partAt(offset);
      // A wrong length in a container's line also cuts the chunk behind it wrongly, so that both may be named.
      const others = part === 'container' ? [] : named.filter((name) => name !== part);
      expect({ offset, value, ok, names: named.includes(part), others }).toEqual({
        offset,
        value,
        ok: false,
        names: true,
        others: [],
      });
    }
  }
});

test('a file cut off anywhere, or longer, is not ok', () => {
  for (let length = 0; length < file.length; length += 1) {
    expect(verifyExport(file.subarray(0, length)).ok).toBe(false);
  }
  expect(verifyExport(Buffer.concat([file, Buffer.from('\n')])).ok).toBe(false);
});

test('a byte taken out or put in leaves the other chunks readable', () => {
  for (let offset = 0; offset < file.length; offset += 7) {
    const part = partAt(offset);
    const shorter = Buffer.concat([file.subarray(0, offset), file.subarray(offset + 1)]);
    const longer = Buffer.concat([file.subarray(0, offset), Buffer.from('x'), file.subarray(offset)]);
    for (const changed of [shorter, longer]) {
      const { ok, problems } = verifyExport(changed, keyOf(sampleKeys));
      expect(ok).toBe(false);
      const others = problems.filter((problem) => problem.part === 'chunk' && problem.index !== part);
      expect({ offset, others: part === 'container' ? [] : others }).toEqual({ offset, others: [] });
    }
  }
});

test('a key in another spelling of the same bytes damages the first line', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = sampleKeys.publicKey.at(-1) ?? '';
  const other = `${sampleKeys.publicKey.slice(0, -1)}${alphabet[alphabet.indexOf(last) + 1]}`;
  expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(sampleKeys.publicKey, 'base64url'));
  const spelt = writeExport(chunks, [{ keyId: sampleKeys.keyId, publicKey: other }]);
  expect(verifyExport(spelt).problems).toContainEqual(expect.objectContaining({ part: 'container' }));
});

test('keys that do not bear their own id damage the first line', () => {
  const forged = writeExport(chunks, [{ keyId: sampleKeys.keyId, publicKey: generateSigningKeys().publicKey }]);
  expect(verifyExport(forged)).toMatchObject({ ok: false, problems: [{ part: 'container' }, { part: 'container' }] });
});
