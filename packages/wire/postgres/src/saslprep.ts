/** SASLprep (RFC 4013) of a password, with PostgreSQL's own leniency: what cannot be prepared is used as it is. */

/** RFC 3454 C.1.2: space characters other than U+0020. */
const otherSpaces = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu;
/** RFC 3454 B.1: characters commonly mapped to nothing. */
// biome-ignore lint/suspicious/noMisleadingCharacterClass: each code point is meant by itself, as in the RFC's tables.
const mappedToNothing = /[\u00AD\u034F\u1806\u180B-\u180D\u200C\u200D\u2060\uFE00-\uFE0F\uFEFF]/gu;
/** RFC 3454 C.2 to C.9, and unassigned code points (A.1). */
const prohibited =
  /[\u0340\u0341\p{Cc}\p{Co}\p{Cs}\p{Cn}\u06DD\u070F\u180E\u2028\u2029\u2060-\u2063\u206A-\u206F\uFEFF\uFFF9-\uFFFD\u2FF0-\u2FFB\u200E\u200F\u202A-\u202E\u{1D173}-\u{1D17A}\u{E0001}\u{E0020}-\u{E007F}]/u;
const rightToLeft =
  /[\u05BE\u05C0\u05C3\u05D0-\u05F4\u061B-\u064A\u066D-\u06D5\u06E5\u06E6\u06FA-\u074F\u0780-\u07B1\uFB1D-\uFDFC\uFE70-\uFEFC]/u;
const leftToRight =
  /[A-Za-z\u00AA\u00B5\u00BA\u00C0-\u00D6\u00D8-\u02B8\u0370-\u0587\u0904-\u0DFF\u0E01-\u0E5B\u10A0-\u1FFF\u3041-\u33FF\u3400-\u9FFF\uAC00-\uD7A3]/u;

export function saslprep(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const prepared = text.replace(otherSpaces, ' ').replace(mappedToNothing, '').normalize('NFKC');
  if (prepared === '' || prohibited.test(prepared)) return text;
  // RFC 3454, 6: text with right-to-left characters begins and ends with one and holds no left-to-right ones.
  if (rightToLeft.test(prepared)) {
    const letters = [...prepared];
    const framed = rightToLeft.test(letters[0]!) && rightToLeft.test(letters.at(-1)!);
    if (!framed || leftToRight.test(prepared)) return text;
  }
  return prepared;
}
