/**
 * A file that is read through a mask, at any offset and in any order. Each stretch is fetched with what stands around it, so that a value
 * is seen whole wherever a client begins, and a mask has the length of what it replaces, so that sizes and offsets hold.
 */
import type { Lane } from './lane.ts';
import { FieldReader, field, type Packet, packet, packetTypes, statusCodes, uint32, uint64 } from './packets.ts';

/** What is fetched around a block: longer than any value but a long code; the longest private key has 13 KiB (bytes). */
export const surroundingBytes = 16_384;
/** What one fetch serves; with what stands around it, it fits into one answer of a target (bytes). */
export const blockBytes = 196_608;
/** A block is fetched again after this long: files grow (ms). */
const maxBlockAgeMs = 1_000;
/** Targets answer reads in pieces; so many for one block. */
const maxPieces = 64;

interface Block {
  readonly start: number;
  readonly bytes: Buffer;
  readonly at: number;
}

export type MaskedRead =
  | { readonly type: 'data'; readonly bytes: Buffer }
  | { readonly type: 'status'; readonly code: number };

export class MaskedFile {
  readonly #lane: Lane;
  readonly #handle: Buffer;
  readonly #mask: () => (bytes: Buffer) => Buffer;
  readonly #now: () => number;
  #block: Block | null = null;

  constructor(lane: Lane, handle: Buffer, mask: () => (bytes: Buffer) => Buffer, now: () => number) {
    this.#lane = lane;
    this.#handle = handle;
    this.#mask = mask;
    this.#now = now;
  }

  async read(offset: number, length: number): Promise<MaskedRead> {
    const wanted = Math.min(length, blockBytes);
    let block = this.#block;
    if (block === null || offset < block.start || offset >= block.start + block.bytes.length || this.#isOld(block)) {
      const fetched = await this.#fetch(offset);
      if (fetched.type === 'status') return fetched;
      block = { start: offset, bytes: fetched.bytes, at: this.#now() };
      this.#block = block;
    }
    const from = offset - block.start;
    const bytes = block.bytes.subarray(from, from + wanted);
    return bytes.length === 0 ? { type: 'status', code: statusCodes.eof } : { type: 'data', bytes };
  }

  #isOld(block: Block): boolean {
    return this.#now() - block.at > maxBlockAgeMs;
  }

  async #fetch(offset: number): Promise<MaskedRead> {
    const first = Math.max(0, offset - surroundingBytes);
    const raw = await this.#raw(first, offset + blockBytes + surroundingBytes - first);
    if (raw.type === 'status') return raw;
    const masked = this.#mask()(raw.bytes);
    if (masked.length !== raw.bytes.length) throw new Error('a mask in place changed the length');
    const from = offset - first;
    const bytes = masked.subarray(from, from + blockBytes);
    return bytes.length === 0 ? { type: 'status', code: statusCodes.eof } : { type: 'data', bytes };
  }

  async #raw(first: number, length: number): Promise<MaskedRead> {
    const parts: Buffer[] = [];
    let bytes = 0;
    for (let piece = 0; piece < maxPieces && bytes < length; piece += 1) {
      const answer = await this.#lane.ask(readPacket(this.#handle, first + bytes, length - bytes));
      const fields = new FieldReader(answer);
      const type = fields.byte();
      fields.uint32();
      if (type !== packetTypes.data) {
        const code = type === packetTypes.status ? fields.uint32() : statusCodes.failure;
        if (code === statusCodes.eof && bytes > 0) break;
        return { type: 'status', code };
      }
      const data = fields.bytes();
      if (data.length === 0 || data.length > length - bytes) return { type: 'status', code: statusCodes.failure };
      parts.push(data);
      bytes += data.length;
    }
    return { type: 'data', bytes: Buffer.concat(parts) };
  }
}

function readPacket(handle: Buffer, offset: number, length: number): Packet {
  return packet(packetTypes.read, uint32(0), field(handle), uint64(BigInt(offset)), uint32(length)).subarray(4);
}
