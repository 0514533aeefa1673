/**
 * What one pass over a text tells about it. Detectors name the flags without which they cannot hit, so that a short plain
 * value costs this pass and nothing else.
 */
export const flag = {
  /** Seven digits or more, anywhere. */
  digits: 1,
  at: 2,
  /** A run of fourteen or more characters of which keys are made. */
  run: 4,
  /** `=` or `:`. */
  pair: 8,
  nonAscii: 16,
  /** Control characters other than tab and line ends. */
  control: 32,
  /** `\` or `%` or `&`: escapes may hide characters. */
  escape: 64,
} as const;

const minDigits = 7;
const minRun = 14;

const digitClass = 1;
const runClass = 2;
const pairClass = 4;
const atClass = 8;
const controlClass = 16;
const escapeClass = 32;

const classes = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const letter = String.fromCharCode(code);
  let bits = 0;
  if (/[0-9]/.test(letter)) bits |= digitClass;
  if (/[A-Za-z0-9_+/=-]/.test(letter)) bits |= runClass;
  if (/[=:]/.test(letter)) bits |= pairClass;
  if (letter === '@') bits |= atClass;
  if ((code < 32 && !/[\t\n\r]/.test(letter)) || code === 127) bits |= controlClass;
  if (/[\\%&]/.test(letter)) bits |= escapeClass;
  classes[code] = bits;
}

/** One pass; the flags of a text. */
export function flagsOf(text: string): number {
  let digits = 0;
  let run = 0;
  let longest = 0;
  let seen = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 127) {
      seen |= 128;
      run = 0;
      continue;
    }
    const bits = classes[code] ?? 0;
    seen |= bits;
    digits += bits & digitClass;
    if ((bits & runClass) === 0) {
      run = 0;
    } else {
      run += 1;
      if (run > longest) longest = run;
    }
  }
  return (
    (digits >= minDigits ? flag.digits : 0) |
    ((seen & atClass) !== 0 ? flag.at : 0) |
    (longest >= minRun ? flag.run : 0) |
    ((seen & pairClass) !== 0 ? flag.pair : 0) |
    ((seen & 128) !== 0 ? flag.nonAscii : 0) |
    ((seen & controlClass) !== 0 ? flag.control : 0) |
    ((seen & escapeClass) !== 0 ? flag.escape : 0)
  );
}

/** A maximal run of ASCII digits; `end` is exclusive. */
export interface DigitGroup {
  readonly start: number;
  readonly end: number;
}

/** A text under examination. Digit groups are found once and only when a detector asks for them. */
export class Subject {
  readonly text: string;
  readonly flags: number;
  #groups: readonly DigitGroup[] | null = null;
  #lower: string | null = null;

  constructor(text: string, flags: number) {
    this.text = text;
    this.flags = flags;
  }

  get groups(): readonly DigitGroup[] {
    this.#groups ??= digitGroups(this.text);
    return this.#groups;
  }

  /** True when one of the words stands in the `reach` characters before `index`. */
  hasContext(words: RegExp, index: number, reach: number): boolean {
    this.#lower ??= this.text.toLowerCase();
    return words.test(this.#lower.slice(Math.max(0, index - reach), index));
  }
}

function digitGroups(text: string): readonly DigitGroup[] {
  const groups: DigitGroup[] = [];
  let start = -1;
  for (let index = 0; index <= text.length; index += 1) {
    const isDigit = index < text.length && isDigitCode(text.charCodeAt(index));
    if (isDigit && start < 0) start = index;
    if (!isDigit && start >= 0) {
      groups.push({ start, end: index });
      start = -1;
    }
  }
  return groups;
}

export function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** ASCII letters and digits, and letters of other scripts; NaN (outside the text) is none. */
export function isWordCode(code: number): boolean {
  return isDigitCode(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || isForeignLetter(code);
}

/** Letters beyond ASCII, roughly: enough for names in mail addresses, and leaves out punctuation such as `•`, `“` and `…`. */
export function isForeignLetter(code: number): boolean {
  return (code >= 0xc0 && code < 0x2000) || (code >= 0x2e80 && code < 0xfe00);
}

/** True when every character of the gap is one of `allowed` and the gap is 1 to `longest` characters. */
export function isGap(text: string, start: number, end: number, allowed: string, longest: number): boolean {
  if (end <= start || end - start > longest) return false;
  for (let index = start; index < end; index += 1) {
    if (!allowed.includes(text.charAt(index))) return false;
  }
  return true;
}

export interface Detector {
  readonly name: string;
  /** The word that a redaction shows: `[email]`. */
  readonly word: string;
  /** Secrets never show a part of themselves. */
  readonly secret: boolean;
  /** Flags that a text must all have for this detector to be able to hit. */
  readonly needs: number;
  /** Reports every hit as UTF-16 offsets, end exclusive. Time is linear in the text. */
  find(subject: Subject, report: (start: number, end: number) => void): void;
}
