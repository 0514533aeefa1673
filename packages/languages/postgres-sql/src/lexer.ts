/**
 * PostgreSQL's tokens (scan.l), as far as literals need them. The grammar's own tree has no end offsets and leaves out literals that
 * are no expressions (passwords, comments' texts, bodies), and no literal may be missing from a record that is to be masked.
 */
export type TokenKind = 'string' | 'number' | 'word' | 'quoted-word' | 'parameter' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** UTF-16 offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
}

const wordStart = /[A-Za-z_\u0080-\uffff]/;
const wordRest = /[A-Za-z0-9_$\u0080-\uffff]*/y;
const numberForm =
  /0[xX](_?[0-9a-fA-F])+|0[oO](_?[0-7])+|0[bB](_?[01])+|(\d(_?\d)*(\.(?!\.)(\d(_?\d)*)?)?|\.\d(_?\d)*)([eE][+-]?\d(_?\d)*)?/y;
const parameterForm = /\$\d+/y;
const dollarQuote = /\$([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const blank = /[ \t\n\r\f\v]*/y;
/** Between two parts of one literal there is at least one line end, and perhaps `--` comments. */
const continuation = /[ \t\f\v]*(--[^\n\r]*)?[\n\r]([ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;

function matchAt(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : offset;
}

/** The tokens of a text without blanks and comments. Never throws; what is not closed reaches to the end. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < text.length) {
    offset = matchAt(blank, text, offset);
    if (offset >= text.length) break;
    const afterComment = commentEnd(text, offset);
    if (afterComment > offset) offset = afterComment;
    else {
      const token = tokenAt(text, offset);
      tokens.push(token);
      offset = token.end;
    }
  }
  return tokens;
}

/** The comments before the first token, each without its marks, one a line; null when there are none. */
export function leadingComment(text: string): string | null {
  const comments: string[] = [];
  for (let offset = matchAt(blank, text, 0); offset < text.length; offset = matchAt(blank, text, offset)) {
    const end = commentEnd(text, offset);
    if (end === offset) break;
    const isClosedBlock = text.startsWith('/*', offset) && text.endsWith('*/', end) && end - offset >= 4;
    comments.push(text.slice(offset + 2, isClosedBlock ? end - 2 : end).trim());
    offset = end;
  }
  return comments.length === 0 ? null : comments.join('\n');
}

function commentEnd(text: string, start: number): number {
  if (text.startsWith('--', start)) {
    const end = text.slice(start).search(/[\n\r]/);
    return end < 0 ? text.length : start + end;
  }
  if (!text.startsWith('/*', start)) return start;
  let depth = 0;
  for (let offset = start; offset < text.length; offset += 1) {
    if (text.startsWith('/*', offset)) {
      depth += 1;
      offset += 1;
    } else if (text.startsWith('*/', offset)) {
      depth -= 1;
      offset += 1;
      if (depth === 0) return offset + 1;
    }
  }
  return text.length;
}

function tokenAt(text: string, start: number): Token {
  const character = text.charAt(start);
  if (character === "'") return { kind: 'string', start, end: stringEnd(text, start + 1, false) };
  if (character === '"') return { kind: 'quoted-word', start, end: quotedWordEnd(text, start + 1) };
  const prefixed = prefixedToken(text, start);
  if (prefixed !== null) return prefixed;
  if (character === '$') return dollarToken(text, start);
  const afterNumber = /[0-9.]/.test(character) ? matchAt(numberForm, text, start) : start;
  if (afterNumber > start) return { kind: 'number', start, end: afterNumber };
  if (wordStart.test(character)) return { kind: 'word', start, end: matchAt(wordRest, text, start + 1) };
  return { kind: 'symbol', start, end: start + 1 };
}

/** `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'`, `U&"…"`. */
function prefixedToken(text: string, start: number): Token | null {
  const first = text.charAt(start).toLowerCase();
  if ('ebxn'.includes(first) && text.charAt(start + 1) === "'")
    return { kind: 'string', start, end: stringEnd(text, start + 2, first === 'e') };
  if (first !== 'u' || text.charAt(start + 1) !== '&') return null;
  if (text.charAt(start + 2) === "'") return { kind: 'string', start, end: stringEnd(text, start + 3, false) };
  return text.charAt(start + 2) === '"' ? { kind: 'quoted-word', start, end: quotedWordEnd(text, start + 3) } : null;
}

function stringEnd(text: string, inside: number, escapes: boolean): number {
  for (let offset = inside; offset < text.length; offset += 1) {
    const character = text.charAt(offset);
    if (escapes && character === '\\') offset += 1;
    else if (character === "'") {
      if (text.charAt(offset + 1) === "'") offset += 1;
      else {
        const next = matchAt(continuation, text, offset + 1);
        if (next === offset + 1) return offset + 1;
        offset = next - 1;
      }
    }
  }
  return text.length;
}

function quotedWordEnd(text: string, inside: number): number {
  for (let offset = inside; offset < text.length; offset += 1) {
    if (text.charAt(offset) !== '"') continue;
    if (text.charAt(offset + 1) !== '"') return offset + 1;
    offset += 1;
  }
  return text.length;
}

function dollarToken(text: string, start: number): Token {
  const afterParameter = matchAt(parameterForm, text, start);
  if (afterParameter > start) return { kind: 'parameter', start, end: afterParameter };
  const afterTag = matchAt(dollarQuote, text, start);
  if (afterTag === start) return { kind: 'symbol', start, end: start + 1 };
  const tag = text.slice(start, afterTag);
  const close = text.indexOf(tag, afterTag);
  return { kind: 'string', start, end: close < 0 ? text.length : close + tag.length };
}

/**
 * Where the inner statement of `PREPARE … AS statement` or `DECLARE … CURSOR … FOR statement` begins: after the first such word
 * outside parentheses; null when there is none. `start` and `end` bound the outer statement.
 */
export function afterWord(text: string, start: number, end: number, word: string): number | null {
  let depth = 0;
  for (const token of tokensOf(text.slice(start, end))) {
    const value = text.slice(start + token.start, start + token.end);
    if (token.kind === 'symbol') depth += value === '(' ? 1 : value === ')' ? -1 : 0;
    else if (token.kind === 'word' && depth === 0 && value.toLowerCase() === word) return start + token.end;
  }
  return null;
}
