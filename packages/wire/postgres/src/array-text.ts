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
  // What must come next: an element or a deeper array, or the end of what stands here. Anything else was not printed by the server.
  let wantsElement = true;
  while (at < text.length) {
    const char = text[at]!;
    if (char === '{') {
      if (!wantsElement) return undefined;
      depth++;
    } else if (char === '}') {
      if (wantsElement && text[at - 1] !== '{') return undefined;
      depth--;
      wantsElement = false;
      if (depth < 0 || (depth === 0 && at !== text.length - 1)) return undefined;
    } else if (char === ',') {
      if (wantsElement) return undefined;
      wantsElement = true;
    } else {
      const element = !wantsElement ? undefined : char === '"' ? quoted(text, at) : bare(text, at);
      if (element === undefined) return undefined;
      at = element.end;
      wantsElement = false;
      const mapped = element.value === null ? null : map(element.value);
      out += mapped === null ? 'NULL' : quoteElement(mapped);
      continue;
    }
    out += char;
    at++;
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

function bare(text: string, start: number): { value: string | null; end: number } | undefined {
  let value = '';
  let at = start;
  for (; at < text.length && !',{}'.includes(text[at]!); at++) {
    if (text[at] === '"') return undefined;
    value += text[at] === '\\' ? (text[++at] ?? '') : text[at]!;
  }
  return { value: value.toUpperCase() === 'NULL' ? null : value, end: at };
}
