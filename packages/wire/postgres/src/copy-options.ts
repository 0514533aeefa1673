/**
 * The form of a COPY TO STDOUT's data. The wire says only text or binary and the number of columns; delimiter, quoting and header
 * stand in the statement. Read strictly: what is not understood gives null, and rows that need masking are then sent as NULLs.
 */
export interface CopyForm {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  readonly nullText: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
}

interface Token {
  readonly kind: 'word' | 'string' | 'symbol';
  /** Words in upper case; strings decoded. */
  readonly text: string;
  readonly depth: number;
}

export function readCopyForm(statement: string): CopyForm | null {
  const tokens = tokenise(statement);
  if (tokens === null) return null;
  const stdout = tokens.findLastIndex(
    (token, i) => token.depth === 0 && isWord(token, 'STDOUT') && isWord(tokens[i - 1], 'TO'),
  );
  if (stdout < 0) return null;
  const rest = tokens.slice(stdout + 1).filter((token) => !(token.kind === 'symbol' && token.text === ';'));
  const wishes = new Map<string, string>();
  if (isWord(rest[0], 'WITH')) rest.shift();
  const read = rest[0]?.text === '(' && rest[0].kind === 'symbol' ? readList(rest, wishes) : readLegacy(rest, wishes);
  return read ? formOf(wishes) : null;
}

function formOf(wishes: ReadonlyMap<string, string>): CopyForm | null {
  const format = (wishes.get('FORMAT') ?? 'text').toLowerCase();
  if (format !== 'text' && format !== 'csv' && format !== 'binary') return null;
  const encoding = wishes.get('ENCODING');
  if (encoding !== undefined && !/^(utf-?8|unicode)$/i.test(encoding)) return null;
  const csv = format === 'csv';
  const quote = wishes.get('QUOTE') ?? '"';
  const form: CopyForm = {
    format,
    delimiter: wishes.get('DELIMITER') ?? (csv ? ',' : '\t'),
    nullText: wishes.get('NULL') ?? (csv ? '' : '\\N'),
    quote,
    escape: wishes.get('ESCAPE') ?? quote,
    header: ['true', 'on', '1', ''].includes((wishes.get('HEADER') ?? 'off').toLowerCase()),
  };
  // The server allows one-byte characters only.
  const single = [form.delimiter, form.quote, form.escape].every(
    (char) => char.length === 1 && char.charCodeAt(0) < 128,
  );
  return single ? form : null;
}

/** `( name [value] [, …] )` and nothing behind it. */
function readList(tokens: readonly Token[], wishes: Map<string, string>): boolean {
  let i = 1;
  for (;;) {
    const name = tokens[i++];
    if (name?.kind !== 'word' || !knownOptions.has(name.text)) return false;
    const value = tokens[i];
    if (name.text === 'FORCE_QUOTE') {
      i = skipValue(tokens, i);
    } else if (value?.kind === 'word' || value?.kind === 'string') {
      wishes.set(name.text, value.text);
      i++;
    } else if (name.text === 'HEADER') {
      wishes.set('HEADER', 'on');
    } else {
      return false;
    }
    const after = tokens[i++];
    if (after?.text === ')' && after.kind === 'symbol') return i === tokens.length;
    if (after?.text !== ',' || after.kind !== 'symbol') return false;
  }
}

/** The form before PostgreSQL 9.0: `[BINARY] [DELIMITER [AS] 'c'] [NULL [AS] 's'] [CSV [HEADER] [QUOTE [AS] 'c'] [ESCAPE [AS] 'c'] [FORCE QUOTE …]]`. */
function readLegacy(tokens: readonly Token[], wishes: Map<string, string>): boolean {
  for (let i = 0; i < tokens.length; ) {
    const token = tokens[i++]!;
    if (token.kind !== 'word') return false;
    if (token.text === 'BINARY' || token.text === 'CSV') {
      wishes.set('FORMAT', token.text);
    } else if (token.text === 'HEADER') {
      wishes.set('HEADER', 'on');
    } else if (token.text === 'FORCE' && isWord(tokens[i], 'QUOTE')) {
      // Column names or a star, to the end: they change quoting only, and quotes are read as they come.
      return tokens.slice(i + 1).every((one) => one.kind === 'word' || one.text === ',' || one.text === '*');
    } else if (knownOptions.has(token.text) && token.text !== 'FORMAT') {
      if (isWord(tokens[i], 'AS')) i++;
      const value = tokens[i++];
      if (value?.kind !== 'string') return false;
      wishes.set(token.text, value.text);
    } else {
      return false;
    }
  }
  return true;
}

const knownOptions = new Set(['FORMAT', 'DELIMITER', 'NULL', 'HEADER', 'QUOTE', 'ESCAPE', 'ENCODING', 'FORCE_QUOTE']);

function skipValue(tokens: readonly Token[], from: number): number {
  if (tokens[from]?.text !== '(') return from + 1;
  const depth = tokens[from].depth;
  let i = from + 1;
  while (i < tokens.length && !(tokens[i]!.text === ')' && tokens[i]!.depth === depth)) i++;
  return i + 1;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text === word;
}

/** PostgreSQL's lexical rules (manual, "Lexical Structure") with standard_conforming_strings on; null: not understood. */
function tokenise(text: string): Token[] | null {
  const tokens: Token[] = [];
  let depth = 0;
  let at = 0;
  const pattern =
    /(?<space>\s+|--[^\n\r]*)|(?<comment>\/\*)|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<string>[eE]?'|[uU]&['"]|[bBxXnN]')|(?<name>")|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d[\w.]*)|(?<symbol>.)/suy;
  while (at < text.length) {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) return null;
    const matched = pattern.lastIndex;
    if (groups.space !== undefined) {
      at = matched;
    } else if (groups.comment !== undefined) {
      const end = commentEnd(text, at);
      if (end === null) return null;
      at = end;
    } else if (groups.dollar !== undefined) {
      const end = text.indexOf(groups.dollar, matched);
      if (end < 0) return null;
      tokens.push({ kind: 'string', text: text.slice(matched, end), depth });
      at = end + groups.dollar.length;
    } else if (groups.string !== undefined) {
      const read = readString(text, matched, groups.string);
      if (read === null) return null;
      tokens.push({ kind: 'string', text: read.value, depth });
      at = read.end;
    } else if (groups.name !== undefined) {
      const end = closing(text, matched, '"');
      if (end === null) return null;
      // A quoted name is never a keyword; its own text does not matter here.
      tokens.push({ kind: 'word', text: `"${text.slice(matched, end)}"`, depth });
      at = end + 1;
    } else if (groups.word !== undefined) {
      tokens.push({ kind: 'word', text: groups.word.toUpperCase(), depth });
      at = matched;
    } else {
      const symbol = groups.symbol!;
      if (symbol === ')') depth--;
      tokens.push({ kind: 'symbol', text: symbol, depth });
      if (symbol === '(') depth++;
      at = matched;
    }
  }
  return tokens;
}

/** Only plain strings and escape strings with simple escapes are understood. */
function readString(text: string, from: number, opening: string): { value: string; end: number } | null {
  if (opening === "'") {
    const end = closing(text, from, "'");
    return end === null ? null : { value: text.slice(from, end).replaceAll("''", "'"), end: end + 1 };
  }
  if (opening.toLowerCase() !== "e'") return null;
  let value = '';
  for (let at = from; at < text.length; at++) {
    const char = text[at]!;
    if (char === "'") {
      if (text[at + 1] !== "'") return { value, end: at + 1 };
      value += "'";
      at++;
    } else if (char === '\\') {
      const escaped = simpleEscapes[text[++at] ?? ''];
      if (escaped === undefined) return null;
      value += escaped;
    } else {
      value += char;
    }
  }
  return null;
}

const simpleEscapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  "'": "'",
};

/** Where a quote ends; a doubled one stands for itself. */
function closing(text: string, from: number, quote: string): number | null {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 2)) {
    if (text[at + 1] !== quote) return at;
  }
  return null;
}

/** Comments nest. */
function commentEnd(text: string, from: number): number | null {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const pair = text.slice(at, at + 2);
    if (pair === '/*') {
      depth++;
      at++;
    } else if (pair === '*/') {
      at++;
      if (--depth === 0) return at + 1;
    }
  }
  return null;
}
