import type { ByteText, Segment } from './byte-text.ts';
import { byteAt, segmentOf, segmentsOf, unfinishedBytes } from './byte-text.ts';
import type { MaskedSpan } from './findings.ts';
import { findingsIn, keyStart } from './findings.ts';
import { openTail } from './open-tail.ts';
import { takeKeyLines } from './private-key-lines.ts';
import { quietTail } from './quiet-tail.ts';
import { unfinishedSequence, viewsOf } from './views.ts';

/** What a stream asks of the masks in force. `null`: no detector is in force, everything passes. */
export interface StreamMasks {
  readonly spans: ((text: string) => readonly MaskedSpan[]) | null;
}

export interface StreamMasker<Bytes extends Uint8Array> {
  /** Bytes in, masked bytes out; what may still become a part of a value stays behind, at most `maxHeldBytes`. */
  write(chunk: Bytes): Bytes;
  /**
   * Nothing came for `streamQuietMs`: gives what was held back but for what already looks like the beginning of a value. That waits
   * for its end, however long it takes, because a value let go in two parts is a value let go.
   */
  flush(): Bytes;
  /** The stream is at its end: gives everything. */
  end(): Bytes;
  readonly pendingBytes: number;
}

export interface StreamOptions {
  /** A person looks at it: what comes in a few bytes, an echo, goes out by `flush`'s rule at once. */
  readonly interactive: boolean;
}

/** After this long without a byte a caller flushes (ms): below what a person notices, above the gaps within a burst. */
export const streamQuietMs = 20;
/** The most that a stream keeps back. A longer stretch that looks like one value goes in parts that overlap. */
export const maxHeldBytes = 16_384;
/** What of the stream before is looked at again, because words before a number say what it is; the longest reach is a URL's. */
const contextBytes = 1_024;
/** What is kept back of a stretch that is longer than the bound: no value but a code is longer. */
const overlapBytes = 2_048;
/** A larger chunk is taken in pieces of this size, so that the work between two pieces of output is bounded. */
const pieceBytes = 65_536;
/** A key's echo with the colours of a shell's highlighting is shorter. */
const maxEchoBytes = 64;

/** What follows a finding that was replaced before its end was seen: nothing, the rest of its word, of a code, or a key's lines. */
type After = 'nothing' | 'word' | 'code' | 'key';

const restOfWord =
  /(?:(?:\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f])*[^ "'<>`\x00-\x1f\x7f])*/y;
const restOfCode = /[A-Za-z0-9+/_=\-\r\n]*/y;
const isCode = /^[A-Za-z0-9+/_=\-\s]{512,}$/;

/** `masks` is asked before every piece: rules may change while a stream runs. */
export function openStreamMasker<Bytes extends Uint8Array>(
  masks: () => StreamMasks,
  bytes: ByteText<Bytes>,
  options: StreamOptions,
): StreamMasker<Bytes> {
  return new Stream(masks, bytes, options);
}

class Stream<Bytes extends Uint8Array> implements StreamMasker<Bytes> {
  readonly #masks: () => StreamMasks;
  readonly #bytes: ByteText<Bytes>;
  readonly #options: StreamOptions;
  /** What went out before, raw. */
  #before = '';
  #held = '';
  #after: After = 'nothing';

  constructor(masks: () => StreamMasks, bytes: ByteText<Bytes>, options: StreamOptions) {
    this.#masks = masks;
    this.#bytes = bytes;
    this.#options = options;
  }

  get pendingBytes(): number {
    return this.#held.length;
  }

  write(chunk: Bytes): Bytes {
    const { spans } = this.#masks();
    if (spans === null) return this.#passAll(chunk);
    if (chunk.length === 0) return chunk;
    if (this.#options.interactive && chunk.length <= maxEchoBytes) {
      this.#held += this.#bytes.toText(chunk);
      return this.#bytes.fromText(this.#advance(spans, 'quiet'));
    }
    if (chunk.length <= pieceBytes) {
      const wasIdle = this.#held === '' && this.#after === 'nothing';
      this.#held += this.#bytes.toText(chunk);
      const out = this.#advance(spans, 'more');
      // Nothing kept and nothing changed: the same bytes, without a copy.
      return wasIdle && this.#held === '' && out.length === chunk.length && this.#untouched
        ? chunk
        : this.#bytes.fromText(out);
    }
    let out = '';
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      this.#held += this.#bytes.toText(chunk.subarray(at, at + pieceBytes) as Bytes);
      out += this.#advance(spans, 'more');
    }
    return this.#bytes.fromText(out);
  }

  flush(): Bytes {
    return this.#finish('quiet');
  }

  end(): Bytes {
    return this.#finish('end');
  }

  #finish(moment: 'quiet' | 'end'): Bytes {
    const { spans } = this.#masks();
    if (this.#held === '') return this.#bytes.fromText('');
    if (spans === null) return this.#passAll(this.#bytes.fromText(''));
    return this.#bytes.fromText(this.#advance(spans, moment));
  }

  /** No mask is in force any more, or never was. */
  #passAll(chunk: Bytes): Bytes {
    this.#after = 'nothing';
    this.#before = '';
    if (this.#held === '') return chunk;
    const out = this.#bytes.fromText(this.#held + this.#bytes.toText(chunk));
    this.#held = '';
    return out;
  }

  /** True when the last step changed no byte. */
  #untouched = true;

  /** Lets go what is settled. */
  #advance(spans: (text: string) => readonly MaskedSpan[], moment: 'more' | 'quiet' | 'end'): string {
    this.#untouched = true;
    this.#dropRest(moment);
    if (this.#after !== 'nothing' || this.#held === '') return '';
    const base = this.#before.length;
    const raw = this.#before + this.#held;
    const segments = segmentsOf(raw);
    const found = findingsIn(raw, segments, spans).filter((span) => span.end > base);
    const cut = this.#cutOf(raw, segments, found, moment);
    if (cut === base) return '';
    let out = '';
    let at = base;
    for (const span of found) {
      if (span.start >= cut) break;
      out += raw.slice(at, Math.max(at, span.start)) + this.#bytes.encode(span.shown);
      at = Math.max(at, span.end);
      this.#untouched = false;
    }
    // A finding that is cut off goes on in what follows.
    if (at >= cut && at > base) {
      const last = found.findLast((span) => span.start < cut);
      const reaches = last !== undefined && (last.end >= raw.length || last.end > cut);
      this.#after = reaches && moment !== 'end' ? restOf(raw, last) : 'nothing';
      this.#keep(raw, at);
      if (this.#after === 'key') this.#held = raw.slice(keyStart(raw, last?.start ?? 0));
      this.#dropRest(moment);
      return out;
    }
    out += raw.slice(at, cut);
    this.#keep(raw, cut);
    return out;
  }

  #keep(raw: string, cut: number): void {
    this.#held = raw.slice(cut);
    this.#before = contextOf(raw, cut);
  }

  /** Takes away what belongs to a finding that was replaced already. */
  #dropRest(moment: 'more' | 'quiet' | 'end'): void {
    if (this.#after === 'nothing') return;
    const raw = this.#held;
    if (this.#after === 'key') {
      const step = takeKeyLines(raw, moment !== 'more');
      this.#held = raw.slice(moment === 'end' && step.inside ? raw.length : step.drop);
      if (!step.inside) this.#after = 'nothing';
      else if (this.#held.length > maxHeldBytes) this.#held = '';
      this.#before = '';
    } else {
      const rest = this.#after === 'code' ? restOfCode : restOfWord;
      rest.lastIndex = 0;
      const length = rest.exec(raw)?.[0].length ?? 0;
      this.#before = contextOf(this.#before + raw.slice(0, length), this.#before.length + length);
      this.#held = raw.slice(length);
      if (this.#held !== '') this.#after = 'nothing';
    }
    this.#untouched = false;
  }

  /** Up to where `raw` may go. A finding that reaches over that place is kept whole, as long as the bound allows. */
  #cutOf(
    raw: string,
    segments: readonly Segment[],
    found: readonly MaskedSpan[],
    moment: 'more' | 'quiet' | 'end',
  ): number {
    const base = this.#before.length;
    if (moment === 'end') return raw.length;
    const last = found.at(-1);
    const touchesEnd = last !== undefined && last.end >= raw.length - hiddenAtEnd(raw);
    // A number may still turn out to be longer, and none then; anything else stays what it is.
    const isOpen = last !== undefined && isNumber(raw.slice(last.start));
    if (moment === 'quiet' && touchesEnd && !isOpen) return raw.length;
    let cut = Math.max(base, openPlace(raw, segments, moment));
    for (const span of found) {
      if (span.start >= cut || span.end <= cut) continue;
      cut = moment === 'quiet' && !(span === last && isOpen) ? span.end : Math.max(base, span.start);
    }
    if (last?.isKey === true && last.end >= raw.length) return raw.length;
    return raw.length - cut > maxHeldBytes ? raw.length - overlapBytes : cut;
  }
}

function restOf(raw: string, span: MaskedSpan): After {
  if (span.isKey) return 'key';
  return isCode.test(raw.slice(span.start, span.end)) ? 'code' : 'word';
}

/** The end of what went out, from a place between two words where there is one. */
function contextOf(raw: string, end: number): string {
  if (end <= contextBytes) return raw.slice(0, end);
  const context = raw.slice(end - contextBytes, end);
  const space = context.search(/[ \t\n]/);
  return space >= 0 && space < contextBytes / 2 ? context.slice(space) : context;
}

/** The place in the bytes from which the end is open, by the rule of the moment. */
function openPlace(raw: string, segments: readonly Segment[], moment: 'more' | 'quiet'): number {
  const segment = lastSegment(raw, segments);
  if (segment === null) return raw.length;
  const unfinished = unfinishedSequence(segment.text);
  const text = segment.text.slice(0, unfinished);
  let open = byteAt(segment, unfinished);
  for (const view of viewsOf(text)) {
    const index = moment === 'more' ? openTail(view.text) : quietTail(view.text);
    if (index < view.text.length)
      open = Math.min(open, byteAt(segment, view.origin === null ? index : (view.origin[index] ?? 0)));
  }
  return open;
}

/** So much of the end is looked at: what may be held, and what stands before it. */
const tailBytes = maxHeldBytes + contextBytes;
const maxShortTail = 5;
const shortTail = /(?:[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*$/;

/** The text at the very end of the bytes, with the beginning of a character that is not there yet left out. Null when there is none. */
function lastSegment(raw: string, segments: readonly Segment[]): Segment | null {
  const end = raw.length - unfinishedBytes(raw);
  const last = segments.at(-1);
  if (last !== undefined && last.end >= end) {
    if (last.end - last.start <= tailBytes) return last;
    let start = last.end - tailBytes;
    while (start < last.end && (raw.charCodeAt(start) & 0xc0) === 0x80) start += 1;
    return segmentOf(raw.slice(start, last.end), start);
  }
  const text = shortTail.exec(raw.slice(Math.max(0, end - maxShortTail), end))?.[0] ?? '';
  return text === '' ? null : segmentOf(text, end - text.length);
}

/** A finding at the end that further digits or letters would make another one. */
function isNumber(text: string): boolean {
  return /^[+(]{0,2}\d[\d .\-()/\n\r\t]*$/.test(text) || /^[A-Za-z]{2}[ -]?\d{2}[A-Za-z0-9 \n-]*$/.test(text);
}

const hiddenTail = /(?:\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\x00-\x08\x0b-\x1f\x7f])*$/;

function hiddenAtEnd(raw: string): number {
  return hiddenTail.exec(raw.slice(-256))?.[0].length ?? 0;
}
