import { maskDots } from './strategies.ts';

const closing: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
  ['‘', '’'],
]);

/**
 * Takes out of a target's error or notice what it quotes from rows and statements: `"value"`, `(column)=(value)`,
 * `contains (value, …)`. A quotation that equals a name in `names` stays. A value may itself hold quotes, so a quotation that is
 * no known name reaches to the last such quote of the text: more of the message goes, nothing of the value stays.
 * Numbers and what a parser shows of its input go as well.
 */
export function maskQuotations(text: string, names: ReadonlySet<string>): string {
  return withoutNumbers(withoutExcerpt(maskMarked(text, names)));
}

/** What parsers of JSON (in any language) and XML show of their input, bare: `JSON data, line 1: …`, `line 1: Opening and ending tag …`. */
const excerpt = /JSON[^\n":]*\d[^\n":]*:|^line \d+:/m;

function withoutExcerpt(text: string): string {
  const at = text.search(excerpt);
  return at < 0 ? text : `${text.slice(0, text.indexOf(':', at) + 1)} ${maskDots}`;
}

/** A number may be computed from a value (`index 48 out of valid range`): character by character it tells the value. A line's number stays. */
const bareNumber = /(?<![\p{L}\p{N}_]|line )[-+]?\d[\p{L}\p{N}.,:+-]*/gu;

function withoutNumbers(text: string): string {
  return text.replace(bareNumber, (number) => maskDots + (/[.,:+-]+$/.exec(number)?.[0] ?? ''));
}

function maskMarked(text: string, names: ReadonlySet<string>): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const close = closing.get(text.charAt(at));
    if (close !== undefined && opens(text, at)) {
      const end = text.indexOf(close, at + 1);
      if (end > 0 && names.has(text.slice(at + 1, end))) {
        out += text.slice(at, end + 1);
        at = end + 1;
        continue;
      }
      const last = text.lastIndexOf(close);
      out += text.charAt(at) + maskDots + (last > at ? close : '');
      at = last > at ? last + 1 : text.length;
      continue;
    }
    const bracket = valueBracket(text, at);
    if (bracket >= 0) {
      const last = text.lastIndexOf(')');
      out += `${text.slice(at, bracket + 1)}${maskDots})`;
      at = last > bracket ? last + 1 : text.length;
      continue;
    }
    out += text.charAt(at);
    at += 1;
  }
  return out;
}

/** An apostrophe inside a word opens nothing. */
function opens(text: string, at: number): boolean {
  return !/['’`]/.test(text.charAt(at)) || !/[\p{L}\p{N}]/u.test(text.charAt(at - 1));
}

/** `(columns)=(`: what stands in the first bracket are names. */
const namedValues = /\([^()]*\)=\(/y;

/**
 * The index of the bracket that opens values, when they start to be named at `at`; -1 otherwise. No word is asked for: a server may
 * speak any language.
 */
function valueBracket(text: string, at: number): number {
  if (text.startsWith(')=(', at)) return at + 2;
  if (text.charAt(at) !== '(' || text.charAt(at - 1) !== ' ') return -1;
  namedValues.lastIndex = at;
  return namedValues.test(text) ? -1 : at;
}
