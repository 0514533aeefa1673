/** A client's requests as values. Throws SftpViolation where one is no SFTP. */
import { FieldReader, type Packet, packetTypes, SftpViolation } from './packets.ts';

/** SSH_FXF_… of the draft, 6.3. */
export const openFlags = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

/** What a request sets of a file's attributes (the draft, 5); null: nothing of it. `raw` is the field as it came. */
export interface Attributes {
  readonly raw: Buffer;
  readonly size: bigint | null;
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly mode: number | null;
  readonly times: boolean;
  /** Extended attributes: nobody sends them, and nobody reads them. */
  readonly extended: boolean;
}

export type Request =
  | { readonly type: 'open'; readonly path: Buffer; readonly flags: number; readonly attributes: Attributes }
  | { readonly type: 'close' | 'fstat' | 'readdir'; readonly handle: Buffer }
  | { readonly type: 'read'; readonly handle: Buffer; readonly offset: bigint; readonly length: number }
  | { readonly type: 'write'; readonly handle: Buffer; readonly offset: bigint; readonly data: Buffer }
  | {
      readonly type: 'lstat' | 'stat' | 'opendir' | 'remove' | 'rmdir' | 'realpath' | 'readlink';
      readonly path: Buffer;
    }
  | { readonly type: 'setstat' | 'mkdir'; readonly path: Buffer; readonly attributes: Attributes }
  | { readonly type: 'fsetstat'; readonly handle: Buffer; readonly attributes: Attributes }
  | { readonly type: 'rename' | 'symlink'; readonly first: Buffer; readonly second: Buffer }
  | { readonly type: 'extended'; readonly name: string; readonly fields: FieldReader }
  | { readonly type: 'unknown'; readonly number: number };

export interface ReadRequest {
  readonly id: number;
  readonly request: Request;
}

export function readRequest(body: Packet): ReadRequest {
  const fields = new FieldReader(body);
  const number = fields.byte();
  const id = fields.uint32();
  const request = requestOf(number, fields);
  if (request.type !== 'extended' && request.type !== 'unknown' && !fields.isAtEnd)
    throw new SftpViolation('a packet is longer than its fields');
  return { id, request };
}

function requestOf(number: number, fields: FieldReader): Request {
  switch (number) {
    case packetTypes.open:
      return { type: 'open', path: fields.bytes(), flags: fields.uint32(), attributes: attributesOf(fields) };
    case packetTypes.close:
      return { type: 'close', handle: fields.bytes() };
    case packetTypes.fstat:
      return { type: 'fstat', handle: fields.bytes() };
    case packetTypes.readdir:
      return { type: 'readdir', handle: fields.bytes() };
    case packetTypes.read:
      return { type: 'read', handle: fields.bytes(), offset: fields.uint64(), length: fields.uint32() };
    case packetTypes.write:
      return { type: 'write', handle: fields.bytes(), offset: fields.uint64(), data: fields.bytes() };
    case packetTypes.setstat:
      return { type: 'setstat', path: fields.bytes(), attributes: attributesOf(fields) };
    case packetTypes.mkdir:
      return { type: 'mkdir', path: fields.bytes(), attributes: attributesOf(fields) };
    case packetTypes.fsetstat:
      return { type: 'fsetstat', handle: fields.bytes(), attributes: attributesOf(fields) };
    case packetTypes.rename:
      return { type: 'rename', first: fields.bytes(), second: fields.bytes() };
    case packetTypes.symlink:
      return { type: 'symlink', first: fields.bytes(), second: fields.bytes() };
    case packetTypes.extended:
      return { type: 'extended', name: fields.text(), fields };
    default: {
      const type = pathRequests.get(number);
      return type === undefined ? { type: 'unknown', number } : { type, path: fields.bytes() };
    }
  }
}

const pathRequests = new Map([
  [packetTypes.lstat as number, 'lstat' as const],
  [packetTypes.stat, 'stat' as const],
  [packetTypes.opendir, 'opendir' as const],
  [packetTypes.remove, 'remove' as const],
  [packetTypes.rmdir, 'rmdir' as const],
  [packetTypes.realpath, 'realpath' as const],
  [packetTypes.readlink, 'readlink' as const],
]);

const attributeFlags = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x80000000 } as const;
const knownFlags = 0x8000000f;

/** Attributes at a packet's end. */
export function attributesOf(fields: FieldReader): Attributes {
  const raw = fields.rest();
  const inner = new FieldReader(raw);
  const read = readAttributes(inner);
  if (!read.extended && !inner.isAtEnd) throw new SftpViolation('a packet is longer than its fields');
  return { raw, ...read };
}

/** The bytes of attributes in the middle of a packet. */
export function attributeBytes(fields: FieldReader): Buffer {
  const start = fields.at;
  const { extended } = readAttributes(fields);
  if (extended) {
    for (let count = fields.uint32(); count > 0; count -= 1) {
      fields.bytes();
      fields.bytes();
    }
  }
  return fields.since(start);
}

function readAttributes(fields: FieldReader): Omit<Attributes, 'raw'> {
  const flags = fields.uint32();
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if ((flags & ~knownFlags) !== 0) throw new SftpViolation('attributes that nobody knows');
  const size = has(attributeFlags.size) ? fields.uint64() : null;
  const owner = has(attributeFlags.owner) ? { uid: fields.uint32(), gid: fields.uint32() } : null;
  const mode = has(attributeFlags.mode) ? fields.uint32() : null;
  const times = has(attributeFlags.times);
  if (times) fields.uint64();
  return { size, owner, mode, times, extended: has(attributeFlags.extended) };
}
