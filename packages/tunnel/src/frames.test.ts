import { SluiceError } from '@sluice/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameWriter } from './frame-writer.ts';
import {
  decodeHello,
  decodeReset,
  encodeHello,
  encodeReset,
  frameTypes,
  type Hello,
  negotiateVersion,
  readFrames,
} from './frames.ts';
import { maxMessageBytes } from './limits.ts';

const hello: Hello = { role: 'gateway', minVersion: 1, maxVersion: 1, initialWindowBytes: 65_536, maxStreams: 10 };

function header(type: number, length: number, id: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(type * 0x1000000 + length, 0);
  bytes.writeUInt32BE(id, 4);
  return bytes;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SluiceError) return error.code;
    throw error;
  }
  return 'no error';
}

test('what the writer wrote, the reader reads, however many frames and messages', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 0xffffffff }), fc.uint8Array({ minLength: 1, maxLength: 20_000 }))),
      (frames) => {
        const messages: Buffer[] = [];
        const writer = new FrameWriter((message) => messages.push(message));
        for (const [id, payload] of frames) {
          writer.frame(frameTypes.data, id, Buffer.from(payload));
          if (id % 3 === 0) writer.flush();
        }
        writer.flush();
        const read: [number, Uint8Array][] = [];
        for (const message of messages) {
          expect(message.length).toBeLessThanOrEqual(maxMessageBytes);
          readFrames(message, (_type, id, start, end) => read.push([id, new Uint8Array(message.subarray(start, end))]));
        }
        expect(read).toEqual(frames);
      },
    ),
    { numRuns: 50 },
  );
});

test('no bytes make the reader do anything but deliver frames or report a violation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const code = codeOf(() => readFrames(Buffer.from(bytes), () => undefined));
      expect(['protocol-violation', 'no error']).toContain(code);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['an empty message', Buffer.alloc(0)],
  ['a header that is cut off', header(frameTypes.fin, 0, 1).subarray(0, 7)],
  ['a payload that is cut off', Buffer.concat([header(frameTypes.data, 4, 1), Buffer.alloc(3)])],
  ['type 0', header(0, 0, 1)],
  ['type 12', header(12, 0, 1)],
  ['DATA without bytes', header(frameTypes.data, 0, 1)],
  ['DATA over its bound', Buffer.concat([header(frameTypes.data, 65_537, 1), Buffer.alloc(65_537)])],
  ['DATA on stream 0', Buffer.concat([header(frameTypes.data, 1, 0), Buffer.alloc(1)])],
  ['DRAIN on a stream', header(frameTypes.drain, 0, 1)],
  ['FIN with a payload', Buffer.concat([header(frameTypes.fin, 1, 1), Buffer.alloc(1)])],
  ['CREDIT of three bytes', Buffer.concat([header(frameTypes.credit, 3, 1), Buffer.alloc(3)])],
  ['PING of nine bytes', Buffer.concat([header(frameTypes.ping, 9, 0), Buffer.alloc(9)])],
  ['OPEN over its bound', Buffer.concat([header(frameTypes.open, 16_385, 1), Buffer.alloc(16_385)])],
  ['a message over its bound', Buffer.alloc(maxMessageBytes + 1)],
])('malformed: %s', (_name, bytes) => {
  expect(codeOf(() => readFrames(bytes, () => undefined))).toBe('protocol-violation');
});

test('HELLO survives the way, and ignores what a later version appends', () => {
  expect(decodeHello(encodeHello(hello))).toEqual(hello);
  expect(decodeHello(Buffer.concat([encodeHello(hello), Buffer.from('later')]))).toEqual(hello);
});

test.each([
  ['another magic', 0, 0x47],
  ['version 0', 4, 0],
  ['a minimum above the maximum', 4, 9],
  ['an unknown role', 6, 3],
  ['a window beyond the cap', 8, 0xff],
])('HELLO with %s', (_name, offset, value) => {
  const payload = encodeHello(hello);
  payload.writeUInt8(value, offset);
  expect(codeOf(() => decodeHello(payload))).toBe('protocol-violation');
});

test('the highest common version wins, and none is a clean error', () => {
  const peer = { ...hello, role: 'control-plane' } as const;
  expect(negotiateVersion({ ...hello, maxVersion: 4 }, { ...peer, minVersion: 2, maxVersion: 3 })).toBe(3);
  expect(codeOf(() => negotiateVersion(hello, { ...peer, minVersion: 2, maxVersion: 3 }))).toBe('unsupported');
});

test('RESET carries code and bounded reason; an unknown code is internal', () => {
  expect(decodeReset(encodeReset('target-tls', 'wrong name'))).toMatchObject({
    code: 'target-tls',
    message: 'wrong name',
  });
  expect(decodeReset(encodeReset('internal', 'ü'.repeat(2_000))).message).toBe('ü'.repeat(512));
  const newer = Buffer.concat([Buffer.from([5]), Buffer.from('novelbecause')]);
  expect(decodeReset(newer)).toMatchObject({ code: 'internal', message: 'because' });
  expect(codeOf(() => decodeReset(Buffer.from([9, 65])))).toBe('protocol-violation');
});
