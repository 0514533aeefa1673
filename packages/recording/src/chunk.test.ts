import { gzipSync } from 'node:zlib';
import { sha256, signBytes } from '@sluice/keys';
import { expect, test } from 'vitest';
import { chunkContext, chunkFault, decodeEvents, maxBodyBytes, mayHold, readChunk } from './chunk.ts';
import { keyOf, sampleChunks, sampleKeys } from './testing/sample-recording.ts';

const damagedFault = expect.objectContaining({ code: 'recording-damaged' });

test('a chunk gives back its events, compressed or not', () => {
  for (const text of ['short', 'x'.repeat(5000)]) {
    const [bytes = Buffer.alloc(0)] = sampleChunks([[text, 'ü\n"']]);
    const chunk = readChunk(bytes);
    expect(chunk.header).toMatchObject({ index: 0, count: 2, final: true, seal: { events: 2, chunks: 1 } });
    expect(chunk.header.compression).toBe(text.length > 1024 ? 'gzip' : 'none');
    expect(chunkFault(chunk, keyOf(sampleKeys))).toBeNull();
    expect(decodeEvents(chunk)).toEqual([
      { type: 'session.note', seq: 0, at: 1000, text },
      { type: 'session.note', seq: 1, at: 1000, text: 'ü\n"' },
    ]);
    expect(chunk.hash).toBe(sha256(bytes));
  }
});

test('which types of event a chunk may hold is told without parsing it', () => {
  for (const text of ['"statement.output"', '"statement.output"'.repeat(500)]) {
    const [bytes = Buffer.alloc(0)] = sampleChunks([[text]]);
    expect(mayHold(readChunk(bytes), 'session.note')).toBe(true);
    expect(mayHold(readChunk(bytes), 'statement.output')).toBe(false);
  }
});

test('a header has one spelling', () => {
  const [bytes = Buffer.alloc(0)] = sampleChunks([['a']]);
  const text = bytes.toString('latin1');
  for (const other of [
    text.replace('{"format"', '{ "format"'),
    text.replace('"index":0', '"index":0,"index":0'),
    text.replace('"index":0', '"index":0.0'),
    text.replace('"index":0', '"index":0,"extra":1'),
    text.slice(1),
    '',
    '\n',
  ]) {
    expect(() => readChunk(Buffer.from(other, 'latin1'))).toThrow(damagedFault);
  }
});

/** A chunk that a gateway signed although its body is not what a writer makes. */
function signedAround(body: Buffer, change: Record<string, unknown>): Buffer {
  const [bytes = Buffer.alloc(0)] = sampleChunks([['a']]);
  const { signature: _, ...header } = readChunk(bytes).header;
  const signed = JSON.stringify({ ...header, bodyBytes: body.length, bodyHash: sha256(body), ...change });
  const signature = signBytes(sampleKeys.privateKey, chunkContext, Buffer.from(signed));
  return Buffer.concat([Buffer.from(`${signed.slice(0, -1)},"signature":"${signature}"}\n`), body]);
}

test('decompression is bounded, and a signed body is still checked against its header', () => {
  const line = (fields: object) =>
    Buffer.from(`${JSON.stringify({ type: 'session.note', seq: 0, at: 1000, text: 'a', ...fields })}\n`);
  const bodies: Record<string, Buffer> = {
    bomb: signedAround(gzipSync(Buffer.alloc(maxBodyBytes + 1, 0x20)), { compression: 'gzip' }),
    'no gzip': signedAround(Buffer.from('plain\n'), { compression: 'gzip' }),
    'cut off': signedAround(line({}).subarray(0, -1), {}),
    'another count': signedAround(Buffer.concat([line({}), line({ seq: 1 })]), {}),
    'another seq': signedAround(line({ seq: 1 }), {}),
    'another time': signedAround(line({ at: 1001 }), {}),
    'unknown field': signedAround(line({ extra: true }), {}),
    'unknown type': signedAround(line({ type: 'session.other' }), {}),
    'no JSON': signedAround(Buffer.from('nothing\n'), {}),
  };
  for (const [name, bytes] of Object.entries(bodies)) {
    const chunk = readChunk(bytes);
    expect(chunkFault(chunk, keyOf(sampleKeys)), name).toBeNull();
    expect(() => decodeEvents(chunk), name).toThrow(damagedFault);
  }
});
