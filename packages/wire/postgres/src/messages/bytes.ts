/** Strings and integers inside messages. */
import { SluiceError } from '@sluice/domain';

/** Reads a message's body from left to right; every step checks its bounds and throws SluiceError `protocol-violation`. */
export class BodyReader {
  readonly buffer: Buffer;
  offset: number;
  readonly end: number;

  constructor(buffer: Buffer, start: number, end: number) {
    this.buffer = buffer;
    this.offset = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.offset;
  }

  uint8(): number {
    this.#need(1);
    return this.buffer[this.offset++]!;
  }

  int16(): number {
    this.#need(2);
    const value = this.buffer.readInt16BE(this.offset);
    this.offset += 2;
    return value;
  }

  uint16(): number {
    return this.int16() & 0xffff;
  }

  int32(): number {
    this.#need(4);
    const value = this.buffer.readInt32BE(this.offset);
    this.offset += 4;
    return value;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  text(): string {
    const nul = this.buffer.indexOf(0, this.offset);
    if (nul < 0 || nul >= this.end) throw violation('a string without its end');
    const value = this.buffer.toString('utf8', this.offset, nul);
    this.offset = nul + 1;
    return value;
  }

  bytes(length: number): Buffer {
    this.#need(length);
    const value = this.buffer.subarray(this.offset, this.offset + length);
    this.offset += length;
    return value;
  }

  /** The message must end here. */
  finish(): void {
    if (this.offset !== this.end) throw violation('bytes after the end of a message');
  }

  #need(bytes: number): void {
    if (bytes < 0 || this.offset + bytes > this.end) throw violation('a message shorter than it says');
  }
}

export function violation(what: string): SluiceError {
  return new SluiceError('protocol-violation', `the other side sent ${what}`);
}

/** One message: type letter and body parts. Strings are written with their closing NUL. */
export function message(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  return framed(type, parts);
}

/** A packet without a type letter, as startup packets are. */
export function packet(...parts: readonly (Buffer | string)[]): Buffer {
  return framed('', parts);
}

function framed(type: string, parts: readonly (Buffer | string)[]): Buffer {
  let length = 4;
  for (const part of parts) length += typeof part === 'string' ? Buffer.byteLength(part) + 1 : part.length;
  const out = Buffer.allocUnsafe(type.length + length);
  let at = out.write(type, 0, 'latin1');
  at = out.writeInt32BE(length, at);
  for (const part of parts) {
    if (typeof part === 'string') {
      at += out.write(part, at);
      out[at++] = 0;
    } else {
      at += part.copy(out, at);
    }
  }
  return out;
}

export function int16(value: number): Buffer {
  const out = Buffer.allocUnsafe(2);
  out.writeInt16BE(value);
  return out;
}

export function int32(value: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeInt32BE(value | 0);
  return out;
}
