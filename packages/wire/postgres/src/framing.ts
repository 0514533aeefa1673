/** Bytes → whole messages, bounded. Incremental: a message may come in any number of pieces, and a piece may hold many messages. */
import { SluiceError } from '@sluice/domain';

const headerBytes = 5;
const smallestStoreBytes = 16 * 1024;
const empty = Buffer.alloc(0);

/**
 * Reads messages of the form type (1 byte), length (4 bytes, itself included), body. After `next()` returned true the message
 * stands in `buffer` from `start` to `end`, header included; nothing is copied when a piece holds it whole. Bytes handed out
 * are never written again, so they may be forwarded.
 */
export class MessageReader {
  type = 0;
  buffer: Buffer = empty;
  start = 0;
  end = 0;
  readonly #maxBytes: number;
  #chunk: Buffer = empty;
  #offset = 0;
  /** Own memory behind `#chunk` while a message is put together from pieces. */
  #store: Buffer | null = null;
  #wanted = headerBytes;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes received and not yet handed out. */
  get buffered(): number {
    return this.#chunk.length - this.#offset;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    const left = this.buffered;
    if (left === 0) {
      this.#chunk = chunk;
      this.#offset = 0;
      this.#store = null;
      return;
    }
    const used = this.#chunk.length;
    if (this.#store === null || this.#store.length - used < chunk.length) this.#moveToStore(left, chunk.length);
    const store = this.#store!;
    const at = this.#chunk.length;
    chunk.copy(store, at);
    this.#chunk = store.subarray(0, at + chunk.length);
  }

  /** False: no whole message yet. Throws SluiceError `too-large` or `protocol-violation`. */
  next(): boolean {
    const left = this.buffered;
    if (left < headerBytes) {
      this.#wanted = headerBytes;
      return false;
    }
    const length = this.#chunk.readUInt32BE(this.#offset + 1);
    if (length < 4) throw new SluiceError('protocol-violation', 'a message with an impossible length');
    if (length + 1 > this.#maxBytes) {
      throw new SluiceError('too-large', `a message of ${length} bytes; the most that is taken is ${this.#maxBytes}`);
    }
    this.#wanted = length + 1;
    if (left < length + 1) return false;
    this.type = this.#chunk[this.#offset]!;
    this.buffer = this.#chunk;
    this.start = this.#offset;
    this.end = this.#offset + length + 1;
    this.#offset = this.end;
    return true;
  }

  /** Takes what is left unread, for a hand-over to another reader. */
  takeRest(): Buffer {
    const rest = this.#chunk.subarray(this.#offset);
    this.#chunk = empty;
    this.#offset = 0;
    this.#store = null;
    return rest;
  }

  /** Doubles up to the message's size, so that a message in single bytes costs linear time and no memory ahead of its bytes. */
  #moveToStore(left: number, more: number): void {
    const total = left + more;
    const store = Buffer.allocUnsafe(Math.max(total, Math.min(this.#wanted, total * 2), smallestStoreBytes));
    this.#chunk.copy(store, 0, this.#offset);
    this.#store = store;
    this.#chunk = store.subarray(0, left);
    this.#offset = 0;
  }
}
