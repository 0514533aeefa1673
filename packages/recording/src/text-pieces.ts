/** Collects a stream's bytes into the texts of few events: by size, or after a short quiet delay. */
import { isUtf8 } from 'node:buffer';

/** Bytes wait this long for more to share their event, in ms: shorter than people notice, long enough that a burst is one event. */
export const pieceDelayMs = 15;
/** Bytes of one event's text. Escaped as JSON they grow sixfold at most, far below `maxEventBytes`. */
export const maxPieceBytes = 32 * 1024;
/** A character of UTF-8 has at most this many bytes. */
const maxCharacterBytes = 4;

/** A text as events have it: bytes that are no UTF-8 stand as base64. */
export interface EncodedText {
  readonly text: string;
  readonly encoding?: 'base64';
}

/** Bytes as an event's text. */
export function encodeText(bytes: Buffer): EncodedText {
  return isUtf8(bytes) ? { text: bytes.toString('utf8') } : { text: bytes.toString('base64'), encoding: 'base64' };
}

/** The bytes that an event's text stands for. */
export function decodeText({
  text,
  encoding,
}: {
  readonly text: string;
  readonly encoding?: 'base64' | undefined;
}): Buffer {
  return Buffer.from(text, encoding ?? 'utf8');
}

/**
 * Gives what is written to `emit` in pieces of at most `maxPieceBytes`, at the latest `pieceDelayMs` after it came. A character that is
 * cut between two writes is kept whole, for one more delay at most.
 */
export class TextPieces {
  readonly #emit: (bytes: Buffer) => void;
  #pending: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;

  /** `emit` must not throw: it is called from a timer. */
  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit;
  }

  write(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + maxPieceBytes - this.#bytes);
      from += part.length;
      // The caller may use its buffer again.
      this.#pending.push(Buffer.from(part));
      this.#bytes += part.length;
      if (this.#bytes >= maxPieceBytes) this.#give(true);
    }
    if (this.#bytes > 0) this.#timer ??= setTimeout(() => this.#ring(), pieceDelayMs).unref();
  }

  /** Gives everything now, a cut character too. */
  flush(): void {
    this.#give(false);
  }

  #ring(): void {
    this.#timer = null;
    const before = this.#bytes;
    this.#give(true);
    if (this.#bytes === before) this.#give(false);
    else if (this.#bytes > 0) this.#timer = setTimeout(() => this.#ring(), pieceDelayMs).unref();
  }

  #give(keepCut: boolean): void {
    if (this.#bytes === 0) return;
    const all =
      this.#pending.length === 1 && this.#pending[0] !== undefined ? this.#pending[0] : Buffer.concat(this.#pending);
    const cut = keepCut ? cutCharacterBytes(all) : 0;
    const whole = all.subarray(0, all.length - cut);
    this.#pending = cut === 0 ? [] : [all.subarray(all.length - cut)];
    this.#bytes = cut;
    if (cut === 0 && this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (whole.length > 0) this.#emit(whole);
  }
}

/** How many bytes at the end begin a character of UTF-8 without ending it. */
function cutCharacterBytes(bytes: Buffer): number {
  for (let back = 1; back < maxCharacterBytes && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0b1100_0000) return back < characterBytes(byte) ? back : 0;
    if (byte < 0b1000_0000) return 0;
  }
  return 0;
}

function characterBytes(lead: number): number {
  if (lead >= 0b1111_0000) return 4;
  return lead >= 0b1110_0000 ? 3 : 2;
}
