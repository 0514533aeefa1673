import type { Segment } from './byte-text.ts';
import { byteAt, segmentsOf } from './byte-text.ts';
import { takeKeyLines } from './private-key-lines.ts';

/** A finding in a text, with what is shown in its place. */
export interface MaskedSpan {
  readonly start: number;
  readonly end: number;
  readonly shown: string;
  /** A private key, which is read by its lines. */
  readonly isKey: boolean;
  /** Of a form so loose that a gigabyte of random bytes holds some dozens of the shortest. */
  readonly isLoose: boolean;
}

/** So many keys without a last line are read on behind in one piece; at one more everything behind it goes. */
const maxOpenKeys = 8;

/** A key without its last line ends where its lines end, not at the end of what is there so far: what stands behind is looked at anew. */
export function findingsIn(
  raw: string,
  segments: readonly Segment[],
  spans: (text: string) => readonly MaskedSpan[],
): readonly MaskedSpan[] {
  const found = [...spansIn(segments, spans)];
  for (let keys = 0; keys < maxOpenKeys; keys += 1) {
    const last = found.at(-1);
    if (last?.isKey !== true || last.end < raw.length) break;
    const from = keyStart(raw, last.start);
    const step = takeKeyLines(raw.slice(from), false);
    if (step.inside) break;
    const end = from + step.drop;
    found[found.length - 1] = { ...last, end };
    const behind = raw.slice(end);
    for (const span of spansIn(segmentsOf(behind), spans))
      found.push({ ...span, start: end + span.start, end: end + span.end });
  }
  return found;
}

const keyHeader = /-----BEGIN[^\n]{0,60}?-----|\n/g;

/** Where a key's first line ends. */
export function keyStart(raw: string, start: number): number {
  keyHeader.lastIndex = start;
  return keyHeader.exec(raw) === null ? raw.length : keyHeader.lastIndex;
}

/** A text between bytes that are none is short when it is by chance; a whole sentence is longer (bytes). */
const maxChanceText = 64;
/** Shorter loose findings in such a text are taken for chance: above this length a terabyte of random bytes holds some dozens. */
const minLooseBytes = 12;

/** The findings of a stretch of bytes, in order. */
function spansIn(segments: readonly Segment[], spans: (text: string) => readonly MaskedSpan[]): readonly MaskedSpan[] {
  const found: MaskedSpan[] = [];
  const isMixed = segments.length > 1;
  for (const segment of segments) {
    const isChance = isMixed && segment.end - segment.start < maxChanceText;
    for (const span of spans(segment.text)) {
      const [start, end] = [byteAt(segment, span.start), byteAt(segment, span.end)];
      if (isChance && span.isLoose && end - start < minLooseBytes) continue;
      found.push({ ...span, start, end });
    }
  }
  return found;
}
