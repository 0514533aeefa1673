/** A small lexer for colour only: it judges nothing. Text in, spans out; the page draws each as a text node, so no markup can get in. */

export type TokenClass = 'keyword' | 'string' | 'number' | 'comment' | 'function';

export interface TokenSpan {
  readonly start: number;
  readonly end: number;
  readonly token: TokenClass;
}

/** Longer texts are drawn without colour: reading them is not helped by it, and lexing on each paint would be felt. */
const longestColouredCharacters = 100_000;

/** Spans in order, not overlapping. An unknown language has none. */
export function highlight(text: string, language: string): readonly TokenSpan[] {
  const lex = lexers[language];
  return lex === undefined || text.length > longestColouredCharacters ? [] : lex(text);
}

const lexers: Readonly<Record<string, (text: string) => readonly TokenSpan[]>> = { sql: lexSql };

const sqlKeywords: ReadonlySet<string> = new Set(
  `add all alter analyze and any as asc begin between by call case cast check close cluster collate column comment commit
  concurrently conflict constraint copy create cross current cursor database deallocate declare default deferrable delete desc
  discard distinct do domain drop each else end escape except exclude execute exists explain extension false fetch filter first
  following for foreign from full function global grant group grouping having if ilike in index inherit inner insert instead
  intersect into is isolation join key language last lateral left level like limit listen local lock locked materialized matched
  merge move natural next no not nothing notify nowait null nulls of offset on only or order outer over overriding owner partition
  policy preceding prepare primary privileges procedure public range read recursive references refresh reindex release rename
  replace reset restrict returning returns revoke right role rollback rollup row rows rule savepoint schema security select sequence
  serializable session set sets share show skip some start stdin stdout storage table tables tablesample temp temporary then ties to
  transaction trigger true truncate type unbounded union unique unlisten unlogged update user using vacuum values verbose view volatile
  when where window with without work write`.split(/\s+/),
);

/** One alternative per kind of token; sticky, so each character is looked at once. */
const sqlToken = new RegExp(
  [
    '(?<comment>--[^\\n]*)',
    '(?<block>/\\*)',
    "(?<escaped>[eE]'(?:[^'\\\\]|\\\\[^]|'')*'?)",
    "(?<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'?)",
    '(?<dollar>\\$(?:[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)?\\$)',
    '(?<parameter>\\$\\d+)',
    '(?<quoted>"(?:[^"]|"")*"?)',
    '(?<number>(?:\\d[\\d_]*\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)',
    '(?<word>[A-Za-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*)',
    '(?<rest>[^])',
  ].join('|'),
  'y',
);

function lexSql(text: string): TokenSpan[] {
  const spans: TokenSpan[] = [];
  let index = 0;
  while (index < text.length) {
    sqlToken.lastIndex = index;
    const groups = sqlToken.exec(text)?.groups ?? {};
    let end = sqlToken.lastIndex || index + 1;
    let token: TokenClass | null = null;
    if (groups.comment !== undefined) token = 'comment';
    else if (groups.block !== undefined) {
      token = 'comment';
      end = blockCommentEnd(text, index);
    } else if (groups.escaped !== undefined || groups.string !== undefined) token = 'string';
    else if (groups.dollar !== undefined) {
      token = 'string';
      const close = text.indexOf(groups.dollar, end);
      end = close === -1 ? text.length : close + groups.dollar.length;
    } else if (groups.number !== undefined || groups.parameter !== undefined) token = 'number';
    else if (groups.word !== undefined) token = wordToken(groups.word, text, end);
    if (token !== null) spans.push({ start: index, end, token });
    index = end;
  }
  return spans;
}

function wordToken(word: string, text: string, end: number): TokenClass | null {
  if (sqlKeywords.has(word.toLowerCase())) return 'keyword';
  return text[end] === '(' ? 'function' : null;
}

/** SQL's block comments nest (ISO 9075-2, 5.2). */
function blockCommentEnd(text: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let match = edge.exec(text); match !== null; match = edge.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return text.length;
}
