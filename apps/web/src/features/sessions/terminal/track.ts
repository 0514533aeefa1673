import type { TerminalPage } from '@sluice/api';
import { plainText, type RemovedCounts, SafeOutput } from '@sluice/terminal';

/** `o` output, `i` input, `r` another size, `x` the end, `g` a gap. */
export type TrackKind = 'o' | 'i' | 'r' | 'x' | 'g';

export interface TrackEvent {
  readonly kind: TrackKind;
  /** ms since the track began. */
  readonly at: number;
  /** Of output: made safe to show. */
  readonly text: string;
}

export interface TrackOpening {
  readonly id: string;
  readonly statementId: string | null;
  readonly columns: number;
  readonly rows: number;
  /** ms since the epoch. */
  readonly at: number;
}

/** Characters of a terminal that are kept here; what a recording has beyond is not shown. */
export const maxTrackCharacters = 192 * 1024 * 1024;
/** Marks on the timeline. */
const maxHits = 1_000;

export interface SearchHit {
  /** The event with whose end the text is there. */
  readonly event: number;
  readonly at: number;
}

/**
 * What happened on one terminal, in order, growing as it is read. Output is made safe as it comes in; nothing else of it is ever kept.
 * An event is known by its number, a moment by how many events lie before it.
 */
export class TerminalTrack {
  readonly opening: TrackOpening;
  readonly #events: TrackEvent[] = [];
  readonly #safe = new SafeOutput();
  /** The words of the output, and where those of each output event begin in all of them. */
  readonly #words: string[] = [];
  readonly #wordStarts: number[] = [];
  readonly #wordEvents: number[] = [];
  #wordLength = 0;
  #joined: { readonly pieces: number; readonly text: string } = { pieces: 0, text: '' };
  #characters = 0;
  #full = false;
  readonly #gaps: { readonly at: number; readonly reason: string }[] = [];

  constructor(opening: TrackOpening) {
    this.opening = opening;
  }

  get length(): number {
    return this.#events.length;
  }

  /** ms from the start to the last event. */
  get duration(): number {
    return this.#events.at(-1)?.at ?? 0;
  }

  get removed(): RemovedCounts {
    return this.#safe.removed;
  }

  /** Whether the recording is longer than what is kept here. */
  get full(): boolean {
    return this.#full;
  }

  /** Holes in the record. */
  get gaps(): readonly { readonly at: number; readonly reason: string }[] {
    return this.#gaps;
  }

  event(index: number): TrackEvent | undefined {
    return this.#events[index];
  }

  /** `at` in ms since the epoch; a clock that stepped back stands still here. */
  add(kind: TrackKind, at: number, text: string): void {
    if (this.#full) return;
    this.#characters += text.length;
    if (this.#characters > maxTrackCharacters) {
      this.#full = true;
      return;
    }
    const shown = kind === 'o' ? this.#safe.write(text) : text;
    if (kind === 'r') this.#safe.resized();
    if (kind === 'o') this.#addWords(plainText(shown));
    const moment = Math.max(at - this.opening.at, this.duration);
    if (kind === 'g') this.#gaps.push({ at: moment, reason: text });
    this.#events.push({ kind, at: moment, text: shown });
  }

  /** How many events lie at or before a moment. */
  countAt(ms: number): number {
    return upperBound(this.#events.length, (index) => (this.#events[index]?.at ?? 0) <= ms);
  }

  /** Where a text was written, without regard to case, oldest first. */
  search(needle: string): readonly SearchHit[] {
    const wanted = needle.trim().toLowerCase();
    if (wanted === '') return [];
    if (this.#joined.pieces !== this.#words.length)
      this.#joined = { pieces: this.#words.length, text: this.#words.join('').toLowerCase() };
    const { text } = this.#joined;
    const hits: SearchHit[] = [];
    for (let from = text.indexOf(wanted); from >= 0 && hits.length < maxHits; ) {
      const end = from + wanted.length;
      const piece = upperBound(this.#wordStarts.length, (index) => (this.#wordStarts[index] ?? 0) < end) - 1;
      const event = this.#wordEvents[piece] ?? 0;
      if (hits.at(-1)?.event !== event) hits.push({ event, at: this.#events[event]?.at ?? 0 });
      from = text.indexOf(wanted, end);
    }
    return hits;
  }

  /** Output per part of the duration, from 0 to 1: for the timeline. */
  activity(parts: number): readonly number[] {
    const sums = new Array<number>(parts).fill(0);
    const width = Math.max(1, this.duration) / parts;
    for (const { kind, at, text } of this.#events) {
      if (kind !== 'o') continue;
      const part = Math.min(parts - 1, Math.floor(at / width));
      sums[part] = (sums[part] ?? 0) + text.length;
    }
    const most = Math.log1p(Math.max(...sums));
    return sums.map((sum) => (most === 0 ? 0 : Math.log1p(sum) / most));
  }

  #addWords(words: string): void {
    if (words === '') return;
    this.#words.push(words);
    this.#wordStarts.push(this.#wordLength);
    this.#wordEvents.push(this.#events.length);
    this.#wordLength += words.length;
  }
}

/** Puts a piece of a recording into the tracks of its terminals; those opened in it are made. Returns whether anything came. */
export function addPage(tracks: Map<string, TerminalTrack>, page: TerminalPage): boolean {
  for (const opening of page.opened) if (!tracks.has(opening.id)) tracks.set(opening.id, new TerminalTrack(opening));
  for (let index = 0; index < page.kinds.length; index += 1) {
    const kind = page.kinds.charAt(index) as TrackKind;
    const id = page.ids[page.of[index] ?? -1];
    const concerned = id === undefined ? [...tracks.values()] : [tracks.get(id)];
    for (const track of concerned) track?.add(kind, page.at[index] ?? 0, page.texts[index] ?? '');
  }
  return page.opened.length > 0 || page.kinds.length > 0;
}

/** The number of leading places from 0 to `length` for which `holds` is true; it must not become true again after it was false. */
function upperBound(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
