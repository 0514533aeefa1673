/**
 * The codec of the tunnel's frames: bytes in, values out. A WebSocket message is one or more whole frames. Every frame starts with
 * eight bytes: type (1), payload length (3), stream id (4), big-endian; id 0 means the tunnel itself. README.md has the table.
 */
import { type ErrorCode, errorCodes, SluiceError } from '@sluice/domain';
import { boundedText } from './close-code.ts';
import * as limits from './limits.ts';

export type TunnelRole = 'gateway' | 'control-plane';

export const frameHeaderBytes = 8;
export const pingBytes = 8;
export const creditBytes = 4;

export const frameTypes = {
  hello: 1,
  open: 2,
  data: 3,
  credit: 4,
  fin: 5,
  closed: 6,
  reset: 7,
  ping: 8,
  pong: 9,
  notice: 10,
  drain: 11,
} as const;
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

interface FrameShape {
  readonly type: FrameType;
  readonly name: string;
  readonly onStream: boolean;
  readonly minBytes: number;
  readonly maxBytes: number;
}

const shape = (type: FrameType, name: string, onStream: boolean, minBytes: number, maxBytes: number): FrameShape => ({
  type,
  name,
  onStream,
  minBytes,
  maxBytes,
});

const helloBytes = 16;

/** Indexed by type. Sizes are those of the payload. */
const shapes: readonly (FrameShape | undefined)[] = [
  undefined,
  shape(frameTypes.hello, 'HELLO', false, helloBytes, limits.maxHelloBytes),
  shape(frameTypes.open, 'OPEN', true, 1, limits.maxHeaderBytes),
  shape(frameTypes.data, 'DATA', true, 1, limits.maxDataBytes),
  shape(frameTypes.credit, 'CREDIT', true, creditBytes, creditBytes),
  shape(frameTypes.fin, 'FIN', true, 0, 0),
  shape(frameTypes.closed, 'CLOSED', true, 0, 0),
  shape(frameTypes.reset, 'RESET', true, 1, 1 + 255 + limits.maxReasonBytes),
  shape(frameTypes.ping, 'PING', false, pingBytes, pingBytes),
  shape(frameTypes.pong, 'PONG', false, pingBytes, pingBytes),
  shape(frameTypes.notice, 'NOTICE', false, 1, limits.maxNoticeBytes),
  shape(frameTypes.drain, 'DRAIN', false, 0, 0),
];

export function protocolViolation(message: string): SluiceError {
  return new SluiceError('protocol-violation', message, { audience: 'operator' });
}

/**
 * Calls `onFrame` for every frame of a message with the bounds of its payload, so that frames without bytes of a stream cost no
 * object. Throws SluiceError (`protocol-violation`) at the first malformed frame, after the ones before it were delivered.
 */
export function readFrames(
  message: Buffer,
  onFrame: (type: FrameType, streamId: number, payloadStart: number, payloadEnd: number) => void,
): void {
  if (message.length === 0) throw protocolViolation('an empty message');
  if (message.length > limits.maxMessageBytes) throw protocolViolation(`a message of ${message.length} bytes`);
  let offset = 0;
  while (offset < message.length) {
    if (message.length - offset < frameHeaderBytes) throw protocolViolation('a frame header is cut off');
    const first = message.readUInt32BE(offset);
    const streamId = message.readUInt32BE(offset + 4);
    const length = first & 0xffffff;
    const found = shapes[first >>> 24];
    if (found === undefined) throw protocolViolation(`frame type ${first >>> 24} is unknown`);
    if (length < found.minBytes || length > found.maxBytes) {
      throw protocolViolation(`a ${found.name} frame of ${length} bytes`);
    }
    if (found.onStream !== (streamId !== 0))
      throw protocolViolation(`a ${found.name} frame with stream id ${streamId}`);
    const start = offset + frameHeaderBytes;
    offset = start + length;
    if (offset > message.length) throw protocolViolation(`a ${found.name} frame is cut off`);
    onFrame(found.type, streamId, start, offset);
  }
}

/** The first frame of each side: who it is, the versions it speaks, and what it grants. */
export interface Hello {
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly role: TunnelRole;
  /** Bytes that the sender of this HELLO takes unread on every new stream. */
  readonly initialWindowBytes: number;
  /** Streams that the sender of this HELLO lets its peer have open. */
  readonly maxStreams: number;
}

/** `SLTN` */
const helloMagic = 0x534c544e;
const roleNumbers = { gateway: 1, 'control-plane': 2 } as const;

export function encodeHello(hello: Hello): Buffer {
  const payload = Buffer.alloc(helloBytes);
  payload.writeUInt32BE(helloMagic, 0);
  payload.writeUInt8(hello.minVersion, 4);
  payload.writeUInt8(hello.maxVersion, 5);
  payload.writeUInt8(roleNumbers[hello.role], 6);
  payload.writeUInt32BE(hello.initialWindowBytes, 8);
  payload.writeUInt32BE(hello.maxStreams, 12);
  return payload;
}

/** Reads a HELLO's payload (at least 16 bytes, which `readFrames` has checked). What follows byte 16 belongs to later versions. */
export function decodeHello(payload: Buffer): Hello {
  if (payload.readUInt32BE(0) !== helloMagic) throw protocolViolation('HELLO does not start with SLTN');
  const minVersion = payload.readUInt8(4);
  const maxVersion = payload.readUInt8(5);
  const roleNumber = payload.readUInt8(6);
  const initialWindowBytes = payload.readUInt32BE(8);
  if (minVersion === 0 || minVersion > maxVersion) throw protocolViolation('HELLO with an empty range of versions');
  if (roleNumber !== roleNumbers.gateway && roleNumber !== roleNumbers['control-plane']) {
    throw protocolViolation(`HELLO with role ${roleNumber}`);
  }
  if (initialWindowBytes === 0 || initialWindowBytes > limits.maxCreditBytes) {
    throw protocolViolation(`HELLO with a window of ${initialWindowBytes} bytes`);
  }
  return {
    minVersion,
    maxVersion,
    role: roleNumber === roleNumbers.gateway ? 'gateway' : 'control-plane',
    initialWindowBytes,
    maxStreams: payload.readUInt32BE(12),
  };
}

/** The highest version both sides speak. Throws SluiceError (`unsupported`) when there is none. */
export function negotiateVersion(own: Hello, peer: Hello): number {
  const version = Math.min(own.maxVersion, peer.maxVersion);
  if (version >= own.minVersion && version >= peer.minVersion) return version;
  const range = (hello: Hello): string => `${hello.minVersion} to ${hello.maxVersion}`;
  throw new SluiceError(
    'unsupported',
    `the ${own.role} speaks tunnel versions ${range(own)}, the ${peer.role} ${range(peer)}`,
    { audience: 'person', hint: 'Update the older of the two.' },
  );
}

/** RESET: one byte length of the code, the code in ASCII, the reason in UTF-8. */
export function encodeReset(code: ErrorCode, reason: string): Buffer {
  const text = Buffer.from(boundedText(reason, limits.maxReasonBytes), 'utf8');
  const payload = Buffer.allocUnsafe(1 + code.length + text.length);
  payload.writeUInt8(code.length, 0);
  payload.write(code, 1, 'latin1');
  text.copy(payload, 1 + code.length);
  return payload;
}

/** A code this build does not know is `internal`: a newer peer may have more of them. */
export function decodeReset(payload: Buffer): SluiceError {
  const codeEnd = 1 + payload.readUInt8(0);
  if (codeEnd > payload.length) throw protocolViolation('the code of a RESET is cut off');
  const name = payload.toString('latin1', 1, codeEnd);
  const code = errorCodes.find((known) => known === name) ?? 'internal';
  const reason = payload.toString('utf8', codeEnd);
  return new SluiceError(code, reason === '' ? 'the other side ended the stream' : reason);
}

/** JSON of an OPEN or a NOTICE, bounded. Throws SluiceError (`too-large`). */
export function encodeJson(value: unknown, limit: number): Buffer {
  const text = JSON.stringify(value);
  if (text === undefined) throw new SluiceError('bad-request', 'the value has no JSON form', { audience: 'operator' });
  const payload = Buffer.from(text, 'utf8');
  if (payload.length > limit) {
    throw new SluiceError('too-large', `${payload.length} bytes of JSON; the limit is ${limit}`, {
      audience: 'operator',
    });
  }
  return payload;
}

export function decodeJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new SluiceError('protocol-violation', 'a frame with malformed JSON', { audience: 'operator', cause });
  }
}
