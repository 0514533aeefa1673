/** A message's text with its two ways of counting: the grammar counts UTF-8 bytes, facts count UTF-16 code units. */

export interface SourceText {
  readonly text: string;
  readonly byteLength: number;
  /** UTF-8 byte offset → UTF-16 offset. */
  toCodeUnit(byte: number): number;
  /** UTF-16 offset → UTF-8 byte offset. */
  toByte(codeUnit: number): number;
}

/** Length in UTF-8 bytes; null when the text has a lone surrogate and so no UTF-8 form. */
export function utf8Length(text: string): number | null {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3;
    else {
      const next = text.charCodeAt(index + 1);
      if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return null;
      bytes += 4;
      index += 1;
    }
  }
  return bytes;
}

export function sourceText(text: string, byteLength: number): SourceText {
  const same = (offset: number): number => offset;
  if (byteLength === text.length) return { text, byteLength, toCodeUnit: same, toByte: same };
  const bytes = byteOffsets(text);
  return {
    text,
    byteLength,
    toByte: (codeUnit) => bytes[codeUnit] ?? byteLength,
    toCodeUnit: (byte) => firstAtLeast(bytes, byte),
  };
}

/** Byte offset of every code unit, and of the end. A pair's second unit has the offset of the character's end. */
function byteOffsets(text: string): Uint32Array {
  const bytes = new Uint32Array(text.length + 1);
  let offset = 0;
  for (let index = 0; index < text.length; index += 1) {
    bytes[index] = offset;
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      offset += 4;
      index += 1;
      bytes[index] = offset;
    } else offset += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
  }
  bytes[text.length] = offset;
  return bytes;
}

function firstAtLeast(sorted: Uint32Array, wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
