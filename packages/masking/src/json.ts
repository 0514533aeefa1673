import type { RuleMask } from './rules.ts';

/** How the walk treats what it meets. */
export interface JsonMasking {
  /** The rule for the values under a key. */
  key(name: string): RuleMask | null;
  /** Looks at a string or at a number's digits; the same text when there was nothing to mask. */
  scan(text: string): string;
  /** A whole value under a masked key; null for JSON null. */
  whole(text: string, rule: RuleMask): string | null;
}

/** Deeper values are not looked at: the caller masks the whole. */
const maxDepth = 200;
/** JSON inside a JSON string inside … */
const maxNestedTexts = 3;

/** The text is no JSON, or too deep to walk. */
export class NotJson extends Error {}

interface Level {
  readonly object: boolean;
  /** Set when everything inside is masked. */
  readonly rule: RuleMask | null;
  /** Set between a key and its value. */
  pending: RuleMask | null;
  expectsKey: boolean;
}

const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;

/**
 * Masks inside a JSON text and leaves every other character as it was: order, spacing, repeated keys and the digits of large
 * numbers survive, which parsing and printing would not keep. Throws NotJson.
 */
export function maskJson(text: string, masking: JsonMasking, nested = 0): string {
  const parts: string[] = [];
  const levels: Level[] = [];
  let copied = 0;
  let at = 0;
  let ruleHere: RuleMask | null = null;

  const put = (start: number, end: number, masked: string): void => {
    parts.push(text.slice(copied, start), masked);
    copied = end;
  };
  const scalar = (start: number, end: number, value: string, masked: string | null): void => {
    if (masked === null) put(start, end, 'null');
    else if (masked !== value) put(start, end, JSON.stringify(masked));
  };

  while (at < text.length) {
    const level = levels.at(-1);
    const letter = text.charAt(at);
    ruleHere = level === undefined ? null : (level.rule ?? level.pending);
    if (letter === '"') {
      const end = stringEnd(text, at);
      const value = decodeString(text.slice(at, end));
      if (level?.object && level.expectsKey) {
        level.pending = masking.key(value);
        level.expectsKey = false;
        scalar(at, end, value, masking.scan(value));
      } else {
        scalar(at, end, value, ruleHere === null ? maskText(value, masking, nested) : masking.whole(value, ruleHere));
      }
      at = end;
    } else if (letter === '{' || letter === '[') {
      if (levels.length >= maxDepth) throw new NotJson('too deep');
      levels.push({ object: letter === '{', rule: ruleHere, pending: null, expectsKey: letter === '{' });
      at += 1;
    } else if (letter === '}' || letter === ']') {
      if (level === undefined || level.object !== (letter === '}')) throw new NotJson('unbalanced');
      levels.pop();
      at += 1;
    } else if (letter === ',') {
      if (level?.object) level.expectsKey = true;
      if (level !== undefined) level.pending = null;
      at += 1;
    } else if (letter === ':' || letter === ' ' || letter === '\n' || letter === '\t' || letter === '\r') {
      at += 1;
    } else {
      const end = bareEnd(text, at);
      const value = text.slice(at, end);
      if (ruleHere !== null) scalar(at, end, value, value === 'null' ? value : masking.whole(value, ruleHere));
      else if (value.length > 8) scalar(at, end, value, masking.scan(value));
      at = end;
    }
  }
  if (levels.length > 0) throw new NotJson('unbalanced');
  if (copied === 0) return text;
  parts.push(text.slice(copied));
  return parts.join('');
}

/** A string may itself hold JSON, with keys of its own. */
function maskText(value: string, masking: JsonMasking, nested: number): string {
  if (nested < maxNestedTexts && /^\s{0,8}[[{]/.test(value)) {
    try {
      return maskJson(value, masking, nested + 1);
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
    }
  }
  return masking.scan(value);
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (letter === '\\') at += 1;
    else if (letter === '"') return at + 1;
  }
  throw new NotJson('unterminated');
}

function decodeString(token: string): string {
  if (!token.includes('\\')) return token.slice(1, -1);
  try {
    return JSON.parse(token) as string;
  } catch {
    throw new NotJson('bad escape');
  }
}

function bareEnd(text: string, start: number): number {
  for (const pattern of [number, word]) {
    pattern.lastIndex = start;
    if (pattern.test(text)) return pattern.lastIndex;
  }
  throw new NotJson('unexpected character');
}
