/** PostgreSQL's array literals (manual, "Array Input and Output Syntax"), so that elements can be masked one by one. */
import { quoteElement } from './binary-values.ts';

/** Gives each element to `map` and prints the array again; undefined when the text is no array literal. */
export function mapArrayText(text: string, map: (element: string) => string | null): string | undefined {
  let at = 0;
  let out = '';
  // An explicit lower bound (`[0:1]={…}`) stays in front.
  if (text.startsWith('[')) {
    at = text.indexOf('=') + 1;
    if (at === 0) return undefined;
    out = text.slice(0, at);
  }
  if (text[at] !== '{') return undefined;
  let depth = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (char === '{' || char === '}') {
      depth += char === '{' ? 1 : -1;
      if (depth < 0) return undefined;
      out += char;
      at++;
    } else if (char === ',') {
      out += char;
      at++;
    } else {
      const element = char === '"' ? quoted(text, at) : bare(text, at);
      if (element === undefined) return undefined;
      at = element.end;
      if (element.value === null) {
        out += 'NULL';
      } else {
        const mapped = map(element.value);
        out += mapped === null ? 'NULL' : quoteElement(mapped);
      }
    }
  }
  return depth === 0 ? out : undefined;
}

function quoted(text: string, start: number): { value: string; end: number } | undefined {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') return { value, end: at + 1 };
    if (char === '\\') value += text[++at] ?? '';
    else value += char;
  }
  return undefined;
}

function bare(text: string, start: number): { value: string | null; end: number } {
  let value = '';
  let at = start;
  for (; at < text.length && !',{}'.includes(text[at]!); at++) {
    value += text[at] === '\\' ? (text[++at] ?? '') : text[at]!;
  }
  return { value: value.toUpperCase() === 'NULL' ? null : value, end: at };
}
