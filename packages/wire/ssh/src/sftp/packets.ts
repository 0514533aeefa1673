/** The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02): numbers, framing, and reading and writing of fields. */

export const packetTypes = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const;

export const statusCodes = {
  ok: 0,
  eof: 1,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  connectionLost: 7,
  unsupported: 8,
} as const;

/** The version that is spoken on both sides; OpenSSH knows no other. */
export const protocolVersion = 3;
/** Longest packet without its length, as OpenSSH takes it (SFTP_MAX_MSG_LENGTH, bytes). */
export const maxSftpPacketBytes = 256 * 1024;
const lengthBytes = 4;

/** A side sent what is no SFTP; the channel ends. */
export class SftpViolation extends Error {}

/** A packet without its length: type, then fields. */
export type Packet = Buffer;

/** Cuts a byte stream into packets. Throws SftpViolation. */
export class PacketReader {
  #parts: Buffer[] = [];
  #bytes = 0;

  /** The packets that are complete with these bytes. */
  push(chunk: Buffer): Packet[] {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    const found: Packet[] = [];
    for (;;) {
      const packet = this.#next();
      if (packet === null) return found;
      found.push(packet);
    }
  }

  #next(): Packet | null {
    if (this.#bytes < lengthBytes) return null;
    const first = this.#parts[0];
    if (first === undefined) return null;
    const head = first.length >= lengthBytes ? first : this.#join();
    const length = head.readUInt32BE(0);
    if (length < 1 || length > maxSftpPacketBytes) throw new SftpViolation(`a packet of ${length} bytes`);
    if (this.#bytes < lengthBytes + length) return null;
    const all = this.#join();
    this.#parts = all.length > lengthBytes + length ? [all.subarray(lengthBytes + length)] : [];
    this.#bytes -= lengthBytes + length;
    return all.subarray(lengthBytes, lengthBytes + length);
  }

  #join(): Buffer {
    const all = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }
}

/** Reads a packet's fields in order. Throws SftpViolation where they end too early. */
export class FieldReader {
  #at = 0;
  readonly #packet: Packet;

  constructor(packet: Packet) {
    this.#packet = packet;
  }

  byte(): number {
    return this.#take(1).readUInt8(0);
  }

  uint32(): number {
    return this.#take(4).readUInt32BE(0);
  }

  uint64(): bigint {
    return this.#take(8).readBigUInt64BE(0);
  }

  bytes(): Buffer {
    return this.#take(this.uint32());
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  rest(): Buffer {
    return this.#take(this.#packet.length - this.#at);
  }

  get at(): number {
    return this.#at;
  }

  /** The bytes from a place that was read already up to here. */
  since(start: number): Buffer {
    return this.#packet.subarray(start, this.#at);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#packet.length;
  }

  #take(length: number): Buffer {
    if (length > this.#packet.length - this.#at) throw new SftpViolation('a packet ends within a field');
    this.#at += length;
    return this.#packet.subarray(this.#at - length, this.#at);
  }
}

export const uint32 = (value: number): Buffer => {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(value);
  return field;
};

export const uint64 = (value: bigint): Buffer => {
  const field = Buffer.alloc(8);
  field.writeBigUInt64BE(value);
  return field;
};

export const field = (value: Buffer | string): Buffer => {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
};

/** A whole packet with its length. */
export function packet(type: number, ...fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.of(type), ...fields]);
  return Buffer.concat([uint32(body.length), body]);
}

export function statusPacket(id: number, code: number, message: string): Buffer {
  return packet(packetTypes.status, uint32(id), uint32(code), field(message), field('en'));
}

/** The same packet under another id. */
export function withId(body: Packet, id: number): Buffer {
  const whole = Buffer.allocUnsafe(lengthBytes + body.length);
  whole.writeUInt32BE(body.length, 0);
  body.copy(whole, lengthBytes);
  whole.writeUInt32BE(id, lengthBytes + 1);
  return whole;
}

/** A request's body with room for its number. */
export function body(type: number, ...fields: readonly Buffer[]): Packet {
  return packet(type, uint32(0), ...fields).subarray(4);
}
