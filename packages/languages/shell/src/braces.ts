/** Brace expansion, which comes before every other expansion and looks at the unquoted text alone. */
import type { Part, Word } from './syntax-tree.ts';

/** One unquoted character, or a part that braces do not look into. */
export type Item = string | Exclude<Part, { readonly type: 'literal' }>;

/** Words that one word may become; more are not followed. */
export const maxBraceWords = 64;

/** The characters of a word: an escaped one stays together with its backslash. */
export function itemsOf(word: Word): readonly Item[] {
  const items: Item[] = [];
  for (const part of word.parts) {
    if (part.type !== 'literal') items.push(part);
    else items.push(...(part.value.match(/\\[\s\S]|[\s\S]/gu) ?? []));
  }
  return items;
}

/** The words in order; null: more than `maxBraceWords`. */
export function expandBraces(items: readonly Item[]): readonly (readonly Item[])[] | null {
  for (let open = 0; open < items.length; open += 1) {
    if (items[open] !== '{') continue;
    const close = closing(items, open);
    if (close < 0) continue;
    const inner = items.slice(open + 1, close);
    const choices = alternatives(inner) ?? sequence(inner);
    if (choices === null) continue;
    const before = items.slice(0, open);
    const after = expandBraces(items.slice(close + 1));
    if (after === null) return null;
    const words: (readonly Item[])[] = [];
    for (const choice of choices) {
      const middle = expandBraces(choice);
      if (middle === null) return null;
      for (const one of middle) for (const rest of after) words.push([...before, ...one, ...rest]);
      if (words.length > maxBraceWords) return null;
    }
    return words;
  }
  return [items];
}

function closing(items: readonly Item[], open: number): number {
  let depth = 0;
  for (let at = open; at < items.length; at += 1) {
    if (items[at] === '{') depth += 1;
    else if (items[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

function alternatives(inner: readonly Item[]): readonly (readonly Item[])[] | null {
  const choices: Item[][] = [[]];
  let depth = 0;
  for (const item of inner) {
    if (item === '{') depth += 1;
    if (item === '}') depth -= 1;
    if (item === ',' && depth === 0) choices.push([]);
    else choices[choices.length - 1]?.push(item);
  }
  return choices.length > 1 ? choices : null;
}

/** `{1..5}`, `{a..e}`, `{1..9..2}`. */
function sequence(inner: readonly Item[]): readonly (readonly Item[])[] | null {
  if (inner.some((item) => typeof item !== 'string')) return null;
  const match = /^(-?\d{1,9}|[a-zA-Z])\.\.(-?\d{1,9}|[a-zA-Z])(?:\.\.(-?\d{1,9}))?$/.exec(inner.join(''));
  if (match === null) return null;
  const [, first = '', last = '', by = '1'] = match;
  const letters = /^[a-zA-Z]$/.test(first);
  if (letters !== /^[a-zA-Z]$/.test(last)) return null;
  const from = letters ? first.charCodeAt(0) : Number(first);
  const to = letters ? last.charCodeAt(0) : Number(last);
  const step = Math.max(Math.abs(Number(by)), 1);
  const count = Math.min(Math.floor(Math.abs(to - from) / step) + 1, maxBraceWords + 1);
  const width = /^-?0\d/.test(first) || /^-?0\d/.test(last) ? Math.max(first.length, last.length) : 0;
  return Array.from({ length: count }, (_, at) => {
    const value = from + at * step * (to < from ? -1 : 1);
    return [...(letters ? String.fromCharCode(value) : String(value).padStart(width, '0'))];
  });
}
