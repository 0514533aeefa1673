/** What stands for itself in quoted text. */

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  e: '\u001b',
  E: '\u001b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};

const escapes = /\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c([\s\S])|([\s\S]))/gu;

/** `$'…'` as bash reads it. Null: it ends at a NUL or holds bytes that are no text. */
export function decodeDollarQuoted(value: string): string | null {
  let broken = false;
  const decoded = value.replace(escapes, (whole, byte, short, long, octal, control, other) => {
    const code =
      byte !== undefined || short !== undefined || long !== undefined
        ? Number.parseInt(byte ?? short ?? long, 16)
        : octal !== undefined
          ? Number.parseInt(octal, 8) & 0xff
          : control !== undefined
            ? control.charCodeAt(0) & 0x1f
            : null;
    if (code === null) return simpleEscapes[other] ?? whole;
    const isByte = byte !== undefined || octal !== undefined;
    if (code === 0 || code > 0x10ffff || (isByte && code > 0x7f) || (code >= 0xd800 && code <= 0xdfff)) broken = true;
    return broken ? '' : String.fromCodePoint(code);
  });
  return broken ? null : decoded;
}

/** The text between double quotes: a backslash is one only before `$`, `` ` ``, `"`, `\` and a line's end. */
export function unquoteDouble(value: string): string {
  return value.replace(/\\([$`"\\\n])/g, (_, character: string) => (character === '\n' ? '' : character));
}

/** The text of a here-document whose delimiter is not quoted. */
export function unquoteDocument(value: string): string {
  return value.replace(/\\([$`\\\n])/g, (_, character: string) => (character === '\n' ? '' : character));
}

/** What `echo -e` and `printf` make of a text. Null: not followed. */
export function decodeEscapes(value: string): string | null {
  return decodeDollarQuoted(value.replace(/\\0([0-7]{1,3})/g, '\\$1'));
}
