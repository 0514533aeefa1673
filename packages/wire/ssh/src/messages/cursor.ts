/** Reads the data types of RFC 4251, section 5. Past the end it gives empty values and remembers it, so that callers check once. */
export class Cursor {
  readonly #buffer: Buffer;
  #at = 0;
  #broken = false;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get position(): number {
    return this.#at;
  }

  /** Nothing more can be read. */
  get isOver(): boolean {
    return this.#broken || this.#at >= this.#buffer.length;
  }

  /** Everything that was asked for was there, and nothing is left. */
  get isWholeAndOver(): boolean {
    return !this.#broken && this.#at === this.#buffer.length;
  }

  uint32(): number {
    return this.#take(4)?.readUInt32BE(0) ?? 0;
  }

  uint64(): bigint {
    return this.#take(8)?.readBigUInt64BE(0) ?? 0n;
  }

  bytes(): Buffer {
    return this.#take(this.uint32()) ?? Buffer.alloc(0);
  }

  /** Bytes one to one as characters, so that no two byte strings give one text. */
  text(): string {
    return this.bytes().toString('latin1');
  }

  #take(length: number): Buffer | null {
    if (this.#broken || this.#at + length > this.#buffer.length) {
      this.#broken = true;
      return null;
    }
    this.#at += length;
    return this.#buffer.subarray(this.#at - length, this.#at);
  }
}
