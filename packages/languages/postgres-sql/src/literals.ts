/** Every literal of a text, decoded, with the column it stands against. */
import type { ColumnRef, LiteralSpan } from '@sluice/domain';
import { type Token, tokensOf } from './lexer.ts';
import type { SourceText } from './source-text.ts';

/** The literals of a message in order; the statement's reader cuts out its own. */
export function literalsOf(source: SourceText): readonly LiteralSpan[] {
  const { text } = source;
  const spans: LiteralSpan[] = [];
  const tokens = tokensOf(text);
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined || (token.kind !== 'string' && token.kind !== 'number')) continue;
    const custom = unicodeEscape(text, token, tokens[index + 1], tokens[index + 2]);
    if (custom === null)
      spans.push({
        start: token.start,
        end: token.end,
        value: decoded(text.slice(token.start, token.end), '\\'),
        column: null,
      });
    else {
      spans.push({
        start: token.start,
        end: custom.end,
        value: decoded(text.slice(token.start, token.end), custom.character),
        column: null,
      });
      index += 2;
    }
  }
  return spans;
}

/** The literals between two UTF-16 offsets, each with the column that was found for the constant at its place. */
export function literalsBetween(
  source: SourceText,
  literals: readonly LiteralSpan[],
  bounds: { readonly start: number; readonly end: number },
  columns: ReadonlyMap<number, ColumnRef>,
): readonly LiteralSpan[] {
  return literals
    .filter((literal) => literal.start >= bounds.start && literal.end <= bounds.end)
    .map((literal) => ({ ...literal, column: columnAt(source, literal, columns) }));
}

function columnAt(source: SourceText, literal: LiteralSpan, columns: ReadonlyMap<number, ColumnRef>): ColumnRef | null {
  const found = columns.get(source.toByte(literal.start));
  if (found !== undefined) return found;
  // The grammar folds `-1` into one constant whose place is that of the sign.
  const before = source.text.slice(0, literal.start).trimEnd();
  return before.endsWith('-') ? (columns.get(source.toByte(before.length - 1)) ?? null) : null;
}

/** `U&'…' UESCAPE 'x'` is one literal. */
function unicodeEscape(
  text: string,
  token: Token,
  word: Token | undefined,
  character: Token | undefined,
): { readonly end: number; readonly character: string } | null {
  if (!/^u&'/i.test(text.slice(token.start, token.start + 3)) || word === undefined || character?.kind !== 'string')
    return null;
  if (text.slice(word.start, word.end).toLowerCase() !== 'uescape') return null;
  return { end: character.end, character: text.charAt(character.start + 1) };
}

/** The value of a literal as written. */
function decoded(written: string, unicodeEscapeCharacter: string): string {
  const dollar = /^\$[^$]*\$/.exec(written);
  if (dollar !== null) return written.slice(dollar[0].length, -dollar[0].length);
  const quoted = /^(e|b|x|n|u&)?'/i.exec(written);
  if (quoted === null) return written;
  const joined = joinParts(written.slice(quoted[0].length, -1), (quoted[1] ?? '').toLowerCase() === 'e');
  switch ((quoted[1] ?? '').toLowerCase()) {
    case 'e':
      return unescaped(joined);
    case 'u&':
      return unicodeDecoded(joined, unicodeEscapeCharacter);
    default:
      return joined;
  }
}

/** Takes doubled quotes and the gaps of a literal written over several lines out of the text between the quotes. */
function joinParts(inside: string, escapes: boolean): string {
  let value = '';
  for (let offset = 0; offset < inside.length; offset += 1) {
    const character = inside.charAt(offset);
    if (escapes && character === '\\') {
      value += inside.slice(offset, offset + 2);
      offset += 1;
    } else if (character !== "'") value += character;
    else if (inside.charAt(offset + 1) === "'") {
      value += escapes ? "\\'" : "'";
      offset += 1;
    } else {
      const gap = inside.slice(offset + 1).search(/(?<=^(?:[ \t\n\r\f\v]|--[^\n\r]*)*)'/);
      if (gap < 0) return value;
      offset += 1 + gap;
    }
  }
  return value;
}

const simpleEscapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** `E'…'`: `\\x41` and `\\101` are bytes of the text's UTF-8 form, `\\u` and `\\U` are characters. */
function unescaped(text: string): string {
  return text.replace(
    /((?:\\x[0-9a-fA-F]{1,2}|\\[0-7]{1,3})+)|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([\s\S])/g,
    (all, bytes, four, eight, single) => {
      if (typeof bytes === 'string') return bytesDecoded(bytes);
      const code = typeof four === 'string' ? four : eight;
      if (typeof code === 'string') return character(code);
      return typeof single === 'string' ? (simpleEscapes[single] ?? single) : String(all);
    },
  );
}

function bytesDecoded(escapes: string): string {
  const values = [...escapes.matchAll(/\\x([0-9a-fA-F]{1,2})|\\([0-7]{1,3})/g)].map(([, hex, octal]) =>
    hex === undefined ? Number.parseInt(octal ?? '0', 8) & 0xff : Number.parseInt(hex, 16),
  );
  try {
    return decodeURIComponent(values.map((value) => `%${value.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return values.map((value) => String.fromCharCode(value)).join('');
  }
}

function unicodeDecoded(text: string, mark: string): string {
  const pattern = mark.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return text.replace(
    new RegExp(`${pattern}(?:${pattern}|\\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))`, 'g'),
    (_all, six, four) => {
      const code = typeof six === 'string' ? six : four;
      return typeof code === 'string' ? character(code) : mark;
    },
  );
}

/** A code unit of a pair stays a code unit: the other half follows. */
function character(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code > 0x10ffff ? '\ufffd' : code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
}
