import { flag } from './detectors/subject.ts';

/**
 * A text with its disguises taken off: full-width and foreign digits, invisible characters, terminal sequences and escapes.
 * `origin[i]` is where character `i` starts in the original and `ends[i]` where it ends; what lies between two characters is hidden.
 */
export interface Plain {
  readonly text: string;
  readonly origin: readonly number[];
  readonly ends: readonly number[];
}

/** Accented Latin letters are what they are; everything beyond them, and the compatibility signs among them, is looked at. */
const mayChange = /[\u0080-\u00BF\u0132-\u0140\u0149\u017F\u01C4-\u01F3\u02B0-\uFFFF]/;

const disguised = flag.nonAscii | flag.control | flag.escape;

/** The undisguised text, or null when there was nothing to take off. Linear in the text. */
export function undisguise(text: string, flags: number): Plain | null {
  if ((flags & disguised) === 0) return null;
  if ((flags & disguised) === flag.nonAscii && !mayChange.test(text)) return null;
  const plain = new PlainText(text);
  let at = 0;
  while (at < text.length) at = plain.take(plainAt(text, at), at);
  return plain.changed ? plain : null;
}

/** What a terminal may show: sequences with a text of their own, lone carriage returns and struck-over characters. */
const drawn = /\r(?!\n)|\x08|[\x1b][\]PX^_]|[\x90\x98\x9d-\x9f]/;

/** Line editors write a space and a carriage return where a line reaches the terminal's edge. */
const wrapped = / \r(?!\n)/;

/**
 * The text as a terminal shows it: titles, clipboard texts and the like are gone, a backspace takes back the character before it, and
 * a lone carriage return joins. Twice where a space before one may be a line editor's: with it and without. None when nothing is drawn.
 */
export function asDrawn(text: string): readonly Plain[] {
  if (!drawn.test(text)) return [];
  return wrapped.test(text) ? [drawnText(text, false), drawnText(text, true)] : [drawnText(text, false)];
}

function drawnText(text: string, unwrap: boolean): Plain {
  const plain = new PlainText(text);
  let at = 0;
  while (at < text.length) {
    strings.lastIndex = at;
    const hidden = strings.exec(text)?.[0].length ?? 0;
    if (hidden > 0) {
      at += hidden;
      continue;
    }
    const code = text.charCodeAt(at);
    if (code === 8) {
      // Struck over with the same sign or one more character: only the last of them shows. A backspace before nothing is only hidden.
      if (at + 1 < text.length && text.charCodeAt(at + 1) !== 8) plain.takeBack(text, at);
      at += 1;
    } else if (code === 13 && text.charCodeAt(at + 1) !== 10) {
      if (unwrap) plain.dropSpace();
      at += 1;
    } else {
      at = plain.take(plainAt(text, at), at);
    }
  }
  return plain;
}

class PlainText implements Plain {
  changed = false;
  readonly origin: number[] = [];
  readonly ends: number[] = [];
  readonly #parts: string[] = [];
  readonly #original: string;

  constructor(original: string) {
    this.#original = original;
  }

  get text(): string {
    return this.#parts.join('');
  }

  /** Gives the place behind the step. */
  take({ shown, length }: Step, at: number): number {
    if (
      shown.length !== length ||
      (length === 1 ? shown !== this.#original[at] : shown !== this.#original.substr(at, length))
    )
      this.changed = true;
    for (let index = 0; index < shown.length; index += 1) {
      this.origin.push(at);
      this.ends.push(at + length);
      this.#parts.push(shown[index] ?? '');
    }
    return at + length;
  }

  /** Takes the last character back where the one behind the backspace at `at` stands for it. */
  takeBack(text: string, at: number): void {
    const last = this.#parts.at(-1);
    if (last === undefined || last === '\n' || text.charCodeAt(at + 1) < 32) return;
    this.#drop();
  }

  dropSpace(): void {
    if (this.#parts.at(-1) === ' ') this.#drop();
  }

  #drop(): void {
    this.#parts.pop();
    this.origin.pop();
    this.ends.pop();
  }
}

interface Step {
  readonly shown: string;
  /** How many UTF-16 units of the original it stands for. */
  readonly length: number;
}

/** ECMA-48: control sequences with parameters, character sets and other escapes; a sequence with a text of its own loses its marks only. */
const ansi = /\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|[ -/]{1,4}[0-~]|[0-Z\\-~\]])|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]/y;
const maxSequence = 80;
/** Operating-system commands, device control and their like with their text, up to BEL or ST. */
const strings = /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)/y;
const escapes =
  /\\u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]{1,6})\}|\\x([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|&#(\d{1,7});|&#x([0-9a-fA-F]{1,6});|\\([0-9a-fA-F]{4})(?![0-9a-fA-F])/y;
const invisible = /\u034F|\p{Variation_Selector}|[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/u;
const dashes = /[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D]/;
const spaces = /[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000\u2028\u2029]/;
/** Zeros of the scripts whose ten digits stand in a row and that NFKC leaves alone. */
const foreignZeros = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040,
  0x17e0, 0x1810,
];

/** Where a finding starts whose first letters are the end of a terminal sequence: `31malice@…` behind an escape is a colour and an address. */
export function behindSequence(text: string, start: number, end: number): number {
  const escapeAt = text.lastIndexOf('\x1b', start);
  if (escapeAt < 0 || start - escapeAt > maxSequence) return start;
  ansi.lastIndex = escapeAt;
  const sequenceEnd = escapeAt + (ansi.exec(text)?.[0].length ?? 0);
  return sequenceEnd > start && sequenceEnd < end ? sequenceEnd : start;
}

function plainAt(text: string, at: number): Step {
  const code = text.charCodeAt(at);
  if (code === 92 || code === 37 || code === 38) {
    escapes.lastIndex = at;
    const match = escapes.exec(text);
    if (match === null) return { shown: text.charAt(at), length: 1 };
    const hex = match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[6] ?? match[7];
    const point = hex === undefined ? Number(match[5]) : Number.parseInt(hex, 16);
    return { shown: point <= 0x10ffff ? plainCharacter(String.fromCodePoint(point)) : '', length: match[0].length };
  }
  if (code === 0x1b || code === 0x9b) {
    ansi.lastIndex = at;
    return { shown: '', length: ansi.exec(text)?.[0].length ?? 1 };
  }
  if (code < 128)
    return {
      shown: (code < 32 && code !== 9 && code !== 10 && code !== 13) || code === 127 ? '' : text.charAt(at),
      length: 1,
    };
  if (code < 0xd800 || code > 0xdfff) return plainUnit(code);
  const character = String.fromCodePoint(text.codePointAt(at) ?? code);
  return { shown: plainCharacter(character), length: character.length };
}

/** At most one entry for each code unit; a text in another script would otherwise be normalised letter by letter. */
const plainUnits: (Step | undefined)[] = [];

function plainUnit(code: number): Step {
  const known = plainUnits[code];
  if (known !== undefined) return known;
  const step = { shown: plainCharacter(String.fromCharCode(code)), length: 1 };
  plainUnits[code] = step;
  return step;
}

function plainCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 128) return character;
  // The controls of ISO 6429's upper half.
  if (code < 160) return '';
  if (invisible.test(character)) return '';
  if (dashes.test(character)) return '-';
  if (spaces.test(character)) return ' ';
  const zero = foreignZeros.find((first) => code >= first && code <= first + 9);
  if (zero !== undefined) return String(code - zero);
  return character.normalize('NFKC');
}

/** A stretch of the text that spells another text. */
export interface Encoded {
  readonly start: number;
  readonly end: number;
  readonly decoded: string;
}

/** Below 14 characters no value that a detector knows fits; above the bound a run is too long to be a value and is read up to it. */
const minEncoded = 14;
const maxEncoded = 65_536;
/** Base64 as databases and mail write it breaks its lines at 64 or 76 characters. */
const minWrappedLine = 60;
/** The share of a decoded text that may be unprintable; a hash or a picture fails within its first bytes. */
const maxOddPercent = 5;

const base64Values = new Int8Array(128).fill(-1);
for (const [index, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  base64Values[letter.charCodeAt(0)] = index;
}
base64Values['-'.charCodeAt(0)] = 62;
base64Values['_'.charCodeAt(0)] = 63;

/** The base64- and hex-encoded stretches of a text that decode to printable text. Looked at one level deep only. */
export function encodedRuns(text: string, flags: number): readonly Encoded[] {
  if ((flags & flag.run) === 0) return [];
  const found: Encoded[] = [];
  let at = 0;
  while (at < text.length) {
    const end = runEnd(text, at);
    if (end - at >= minEncoded) {
      const stretch = text.slice(at, Math.min(end, at + maxEncoded));
      const decoded = readCode(stretch);
      if (decoded !== null) {
        // The backslash of `\x` is part of the code.
        const start = stretch.startsWith('x') && text.charAt(at - 1) === '\\' ? at - 1 : at;
        found.push({ start, end: trimPadding(text, end), decoded });
      }
    }
    at = end + 1;
  }
  return found;
}

function runEnd(text: string, start: number): number {
  let at = start;
  let lineStart = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code < 128 && (base64Values[code] ?? -1) >= 0) {
      at += 1;
    } else if ((code === 10 || code === 13) && at - lineStart >= minWrappedLine) {
      at += code === 13 && text.charCodeAt(at + 1) === 10 ? 2 : 1;
      lineStart = at;
    } else {
      break;
    }
  }
  return at;
}

function trimPadding(text: string, end: number): number {
  let at = end;
  while (at - end < 2 && text.charCodeAt(at) === 61) at += 1;
  return at;
}

/** What a run of letters and digits spells in hex or base64; null when that is not printable. */
export function readCode(stretch: string): string | null {
  return readHex(stretch) ?? readBase64(stretch);
}

/** A leading `x` is that of `\x` or `0x`. Null when the stretch is no hex or not printable. */
function readHex(stretch: string): string | null {
  const start = hexPrefix.exec(stretch)?.[0].length ?? 0;
  if ((stretch.length - start) % 2 !== 0) return null;
  const text = new PrintableText();
  for (let at = start; at < stretch.length; at += 2) {
    const high = hexValue(stretch.charCodeAt(at));
    const low = hexValue(stretch.charCodeAt(at + 1));
    if (high < 0 || low < 0 || !text.add(high * 16 + low)) return null;
  }
  return text.text;
}

const hexPrefix = /^(?:0x|x)/i;

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** RFC 4648 base64 in both alphabets; line ends are skipped. Null when it is not printable. */
function readBase64(stretch: string): string | null {
  const text = new PrintableText();
  let buffer = 0;
  let bits = 0;
  for (let at = 0; at < stretch.length; at += 1) {
    const code = stretch.charCodeAt(at);
    const value = code < 128 ? (base64Values[code] ?? -1) : -1;
    if (value < 0) continue;
    buffer = ((buffer << 6) | value) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    if (!text.add((buffer >> bits) & 0xff)) return null;
  }
  return text.text;
}

/** Collects bytes as long as they look like text. Zero bytes are dropped, so that UTF-16 reads as well. */
class PrintableText {
  text = '';
  #odd = 0;
  #total = 0;

  /** False once too much of it is unprintable. */
  add(byte: number): boolean {
    this.#total += 1;
    if (byte === 0) return true;
    if ((byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 127) this.#odd += 1;
    // Parts of UTF-8 characters: no detector needs them, but a text may hold some.
    if (byte > 127) this.#odd += 0.5;
    this.text += String.fromCharCode(byte);
    return this.#odd * 100 <= Math.max(this.#total, 20) * maxOddPercent;
  }
}
