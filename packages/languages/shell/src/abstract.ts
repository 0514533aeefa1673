/**
 * What is known about a text that exists at run time only. `pattern` is a file name pattern (`*`, `?`, `[…]`; quoted characters carry a
 * backslash) that every possible text matches; `number` is an integer in decimal digits.
 */
export type Abstract =
  | { readonly type: 'known'; readonly text: string }
  | { readonly type: 'pattern'; readonly pattern: string }
  | { readonly type: 'number' }
  | { readonly type: 'unknown'; readonly prefix: string };

/** Stands in front of what only the target knows: the home folder (`\0~`, `\0~bob`). No text can hold a NUL. */
export const homeMark = '\u0000~';
/** The working folder where it is not known. */
export const folderMark = '\u0000.';

/** Longest text that is put together. Units: UTF-16 code units. */
export const maxKnownCharacters = 65_536;
/** Values that one variable may have before nothing is known of it. */
export const maxAlternatives = 8;

export const unknown: Abstract = { type: 'unknown', prefix: '' };
export const empty: Abstract = { type: 'known', text: '' };
export const digits: Abstract = { type: 'number' };

export function known(text: string): Abstract {
  return text.length > maxKnownCharacters ? unknown : { type: 'known', text };
}

export function knownText(value: Abstract): string | null {
  return value.type === 'known' && !value.text.includes('\u0000') ? value.text : null;
}

export function join(left: Abstract, right: Abstract): Abstract {
  if (left.type === 'unknown') return left;
  if (left.type === 'known') {
    if (left.text === '') return right;
    if (right.type === 'unknown') return { type: 'unknown', prefix: left.text + right.prefix };
    if (right.type === 'known') {
      // A mark is one only where a text begins.
      if (right.text.startsWith('\u0000')) return { type: 'unknown', prefix: left.text };
      return known(left.text + right.text);
    }
  }
  if (right.type === 'known' && right.text === '') return left;
  if (right.type === 'unknown') return { type: 'unknown', prefix: '' };
  if (left.type === 'number' && right.type === 'number') return left;
  const pattern = patternOf(left) + patternOf(right);
  return pattern.slice(1).includes('\u0000') || pattern.length > maxKnownCharacters
    ? unknown
    : { type: 'pattern', pattern };
}

/** The text as a pattern: what is special in one carries a backslash. */
export function patternOf(value: Exclude<Abstract, { readonly type: 'unknown' }>): string {
  switch (value.type) {
    case 'known':
      return value.text.replace(/[\\*?[\]]/g, '\\$&');
    case 'pattern':
      return value.pattern;
    case 'number':
      return '*';
  }
}

export function sameAbstract(left: Abstract, right: Abstract): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** All of both, each once; more than `maxAlternatives`, or one of which nothing is known, are one unknown. */
export function either(left: readonly Abstract[], right: readonly Abstract[]): readonly Abstract[] {
  const all = [...left];
  for (const value of right) if (!all.some((one) => sameAbstract(one, value))) all.push(value);
  const lost = all.some((value) => value.type === 'unknown' && value.prefix === '');
  return lost || all.length > maxAlternatives ? [unknown] : all;
}
