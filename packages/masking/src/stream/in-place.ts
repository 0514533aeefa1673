import type { ByteText } from './byte-text.ts';
import { segmentsOf } from './byte-text.ts';
import type { MaskedSpan } from './findings.ts';
import { findingsIn } from './findings.ts';
import type { StreamMasks } from './stream-masker.ts';

/** What a mask is filled up with where it is shorter than what it replaces. */
const filler = '*';
const leadingCode = /^[A-Za-z0-9+/_-]{14,}/;

/**
 * Masks a stretch of bytes so that every byte keeps its place: a mask is cut or filled to the length of what it replaces. For files, of
 * which a client may ask for any stretch. The stretch must hold what stands around the bytes that are wanted. The same bytes come back
 * when nothing was found.
 */
export function maskInPlace<Bytes extends Uint8Array>(
  masks: StreamMasks,
  bytes: ByteText<Bytes>,
  stretch: Bytes,
): Bytes {
  const { spans } = masks;
  if (spans === null || stretch.length === 0) return stretch;
  const raw = bytes.toText(stretch);
  const found = [...findingsIn(raw, segmentsOf(raw), spans), ...inLeadingCode(raw, spans)];
  if (found.length === 0) return stretch;
  let out = '';
  let at = 0;
  for (const span of found.sort((a, b) => a.start - b.start)) {
    if (span.end <= at) continue;
    const start = Math.max(at, span.start);
    out += raw.slice(at, start) + fitted(bytes.encode(span.shown), span.end - start);
    at = span.end;
  }
  return bytes.fromText(out + raw.slice(at));
}

/** A stretch may begin inside a code, at any of the four places of a group of base64. */
function inLeadingCode(raw: string, spans: (text: string) => readonly MaskedSpan[]): readonly MaskedSpan[] {
  const code = leadingCode.exec(raw)?.[0];
  if (code === undefined) return [];
  return [1, 2, 3].flatMap((skipped) =>
    spans(code.slice(skipped)).map((span) => ({ ...span, start: span.start + skipped, end: span.end + skipped })),
  );
}

/** `shown` holds UTF-8, one character for each byte; a character that does not fit is left out. */
function fitted(shown: string, length: number): string {
  let end = Math.min(shown.length, length);
  while (end > 0 && end < shown.length && (shown.charCodeAt(end) & 0xc0) === 0x80) end -= 1;
  return shown.slice(0, end) + filler.repeat(length - end);
}
