/**
 * Bytes as text: one character for each byte (ISO 8859-1), so that nothing is lost and offsets are bytes. Node's Buffer does this
 * in native code; it is handed in, because this package knows no platform.
 */
export interface ByteText<Bytes extends Uint8Array> {
  readonly toText: (bytes: Bytes) => string;
  readonly fromText: (text: string) => Bytes;
  /** A text of Unicode, a mask, as UTF-8 in the same form. */
  readonly encode: (text: string) => string;
}

/** A stretch that is text by UTF-8, with the place in the bytes of each UTF-16 unit; null where both are the same. */
export interface Segment {
  /** Offset in the bytes. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** `offsets[i]`: where unit `i` starts, counted from `start`; one more entry for the end. */
  readonly offsets: readonly number[] | null;
}

/** No value is shorter, so shorter stretches between bytes that are no text are not looked at. */
const minSegmentBytes = 6;
const highByte = /[\x80-\xff]/;
/** UTF-16 and UTF-32 hold up to three zeros in a row; more of them separate. */
const zeros = '\0\0\0\0';
const utf8 = /(?:[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){6,}/g;
const zeroRun = /\0{4,}/g;

/** The stretches of `raw` in which a value can stand, in order. Linear. */
export function segmentsOf(raw: string): readonly Segment[] {
  const isPlain = !highByte.test(raw);
  if (isPlain && !raw.includes(zeros)) return [{ start: 0, end: raw.length, text: raw, offsets: null }];
  const found: Segment[] = [];
  if (isPlain) {
    splitAtZeros(raw, 0, found);
    return found;
  }
  utf8.lastIndex = 0;
  for (let match = utf8.exec(raw); match !== null; match = utf8.exec(raw)) splitAtZeros(match[0], match.index, found);
  return found;
}

function splitAtZeros(stretch: string, base: number, found: Segment[]): void {
  let from = 0;
  const add = (end: number): void => {
    if (end - from >= minSegmentBytes) found.push(segmentOf(stretch.slice(from, end), base + from));
  };
  if (stretch.includes(zeros)) {
    zeroRun.lastIndex = 0;
    for (let match = zeroRun.exec(stretch); match !== null; match = zeroRun.exec(stretch)) {
      add(match.index);
      from = match.index + match[0].length;
    }
  }
  add(stretch.length);
}

/** `bytes` is valid UTF-8 but for surrogates and overlong forms, which come out as the units that they spell. */
export function segmentOf(bytes: string, start: number): Segment {
  const end = start + bytes.length;
  if (!highByte.test(bytes)) return { start, end, text: bytes, offsets: null };
  const parts: string[] = [];
  const offsets: number[] = [];
  let plainFrom = 0;
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes.charCodeAt(at);
    if (lead < 0x80) {
      offsets.push(at);
      at += 1;
      continue;
    }
    if (plainFrom < at) parts.push(bytes.slice(plainFrom, at));
    const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    let point = lead & (0x7f >> length);
    for (let index = 1; index < length; index += 1) point = (point << 6) | (bytes.charCodeAt(at + index) & 0x3f);
    const character = String.fromCodePoint(point > 0x10ffff ? 0xfffd : point);
    for (let index = 0; index < character.length; index += 1) offsets.push(at);
    parts.push(character);
    at += length;
    plainFrom = at;
  }
  if (plainFrom < at) parts.push(bytes.slice(plainFrom, at));
  offsets.push(at);
  return { start, end, text: parts.join(''), offsets };
}

/** Where a unit of the segment's text starts in the bytes. */
export function byteAt(segment: Segment, index: number): number {
  return segment.start + (segment.offsets === null ? index : (segment.offsets[index] ?? segment.end - segment.start));
}

const unfinished = /(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$/;
const maxUnfinished = 3;

/** How many bytes at the end are the beginning of a character that is not there yet. */
export function unfinishedBytes(raw: string): number {
  return unfinished.exec(raw.slice(-maxUnfinished))?.[0].length ?? 0;
}
