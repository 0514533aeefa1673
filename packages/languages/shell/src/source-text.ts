/** Byte offsets, which the grammar speaks in, and UTF-16 code units, which facts speak in. */
export interface CodeUnits {
  /** UTF-8 length; null: a surrogate stands alone, so the text has none. */
  readonly bytes: number | null;
  /** UTF-16 offset of a UTF-8 byte offset. */
  at(byteOffset: number): number;
}

let last: { readonly text: string; readonly units: CodeUnits } | null = null;

export function codeUnits(text: string): CodeUnits {
  if (last?.text !== text) last = { text, units: measured(text) };
  return last.units;
}

function measured(text: string): CodeUnits {
  let plain = true;
  for (let at = 0; at < text.length && plain; at += 1) plain = text.charCodeAt(at) < 0x80;
  if (plain) return { bytes: text.length, at: (offset) => Math.min(offset, text.length) };
  const offsets: number[] = [];
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.codePointAt(at) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) return { bytes: null, at: (offset) => offset };
    const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (let byte = 0; byte < length; byte += 1) offsets[bytes + byte] = at;
    bytes += length;
    if (code > 0xffff) at += 1;
  }
  return { bytes, at: (offset) => offsets[offset] ?? text.length };
}
