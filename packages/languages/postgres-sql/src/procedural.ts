/** Reads DO blocks: every statement and expression that PL/pgSQL would run, where its text is fixed. */
import type { Analysis } from './analysis.ts';
import { callStored } from './calls.ts';
import type { CatalogueBody, CatalogueFunction } from './context.ts';
import { GrammarError, parseProcedural } from './grammar.ts';
import { factsOfKnownText } from './known-texts.ts';
import { tokensOf } from './lexer.ts';
import { movesNames } from './session-after.ts';
import { isTree, listAt, payload, payloadsAt, type Tree, textAt, treeAt } from './tree.ts';

/** Nodes of PL/pgSQL's tree that run only the expressions inside them. Anything else makes the block incomplete. */
const knownNodes: ReadonlySet<string> = new Set(
  `PLpgSQL_function PLpgSQL_var PLpgSQL_rec PLpgSQL_row PLpgSQL_recfield PLpgSQL_type PLpgSQL_expr PLpgSQL_stmt_block PLpgSQL_exception_block
  PLpgSQL_exception PLpgSQL_condition PLpgSQL_stmt_assign PLpgSQL_stmt_if PLpgSQL_if_elsif PLpgSQL_stmt_case PLpgSQL_case_when PLpgSQL_stmt_loop
  PLpgSQL_stmt_while PLpgSQL_stmt_fori PLpgSQL_stmt_fors PLpgSQL_stmt_forc PLpgSQL_stmt_foreach_a PLpgSQL_stmt_exit PLpgSQL_stmt_return
  PLpgSQL_stmt_raise PLpgSQL_raise_option PLpgSQL_stmt_assert PLpgSQL_stmt_execsql PLpgSQL_stmt_getdiag PLpgSQL_diag_item PLpgSQL_stmt_open
  PLpgSQL_stmt_fetch PLpgSQL_stmt_close PLpgSQL_stmt_perform PLpgSQL_stmt_call PLpgSQL_stmt_commit PLpgSQL_stmt_rollback
  PLpgSQL_stmt_return_next PLpgSQL_stmt_return_query PLpgSQL_alias`
    .trim()
    .split(/\s+/),
);

/** `RawParseMode` of parser.h, as PL/pgSQL uses it. */
const statementMode = 0;
const expressionMode = 2;

/** `DO [LANGUAGE l] 'body'`. */
export function readDo(a: Analysis, node: Tree): void {
  a.facts.raise('procedure');
  a.facts.effect('call');
  const options = payloadsAt(node, 'args', 'DefElem');
  const option = (name: string): string | null => {
    const found = options.find((candidate) => textAt(candidate, 'defname') === name);
    return found === undefined ? null : textAt(payload(treeAt(found, 'arg') ?? {}, 'String') ?? {}, 'sval');
  };
  const body = option('as');
  if (body === null || (option('language') ?? 'plpgsql').toLowerCase() !== 'plpgsql') {
    a.facts.incomplete('runs a block in a language that Sluice does not read');
    return;
  }
  readParsed(a, `DO ${quoted(body)}`, body);
  if (movesNames(a.facts.sessionEffects) || a.facts.sessionEffects.some(({ type }) => type === 'temp'))
    a.facts.incomplete('runs a block that moves what the names in it mean');
}

/** The body of a function in PL/pgSQL, with its parameters declared as the catalogue has them. */
export function readProcedural(a: Analysis, called: CatalogueFunction, body: CatalogueBody): void {
  const isProcedure = called.kind === 'procedure';
  const parameters = body.parameters.map(({ name, mode, type }) => {
    // A result column is declared like an OUT parameter; that it makes rows is said by RETURNS.
    const word = mode === 'table' ? 'OUT' : mode.toUpperCase();
    return `${word} ${name === '' ? '' : `"${name.replaceAll('"', '""')}" `}${type}`;
  });
  const returns = isProcedure ? '' : ` RETURNS ${called.returnsSet ? 'SETOF ' : ''}${body.returns}`;
  readParsed(
    a,
    `CREATE ${isProcedure ? 'PROCEDURE' : 'FUNCTION'} body(${parameters.join(', ')})${returns} LANGUAGE plpgsql AS ${quoted(body.text ?? '')}`,
    body.text ?? '',
  );
}

function readParsed(a: Analysis, definition: string, body: string): void {
  for (const text of recordDefaults(body)) readTextOf(a, text === null ? null : `SELECT ${text}`);
  const tree = parseBlock(definition);
  if (tree === null) a.facts.incomplete('runs a block that Sluice could not read');
  else readNode(a, tree);
}

function parseBlock(definition: string): Tree | null {
  try {
    const functions = listAt(parseProcedural(definition), 'plpgsql_funcs');
    return functions.length === 1 ? (functions[0] ?? null) : null;
  } catch (error) {
    if (error instanceof GrammarError) return null;
    throw error;
  }
}

/**
 * Defaults of declared variables, `name type := value;`: the parser's tree leaves those of records and row types out, so that all are
 * read from the text. Null: one whose end could not be found.
 */
function recordDefaults(body: string): readonly (string | null)[] {
  const tokens = tokensOf(body);
  const written = (at: number): string => body.slice(tokens[at]?.start ?? 0, tokens[at]?.end ?? 0).toLowerCase();
  const found: (string | null)[] = [];
  let declares = false;
  for (let at = 0; at < tokens.length; at += 1) {
    const word = written(at);
    if (word === 'declare') declares = true;
    else if (word === 'begin') declares = false;
    else if (declares && (word === 'default' || word === '=' || word === ':')) {
      const first = word === ':' ? at + 2 : at + 1;
      while (at < tokens.length && written(at) !== ';') at += 1;
      const [start, end] = [tokens[first]?.start, tokens[at]?.start];
      found.push(start === undefined || end === undefined ? null : body.slice(start, end));
    } else if (declares && (word === 'cursor' || word === 'for'))
      while (at + 1 < tokens.length && written(at) !== ';') at += 1;
  }
  return found;
}

/** A dollar quote whose tag the body does not contain. */
function quoted(body: string): string {
  let tag = '$block$';
  for (let number = 1; body.includes(tag); number += 1) tag = `$block${number}$`;
  return `${tag}${body}${tag}`;
}

const cursorStatements: ReadonlySet<string> = new Set(['PLpgSQL_stmt_open', 'PLpgSQL_stmt_close', 'PLpgSQL_stmt_forc']);

const dynamic = 'runs a text that is put together at run time';

function readNode(a: Analysis, value: unknown): void {
  if (Array.isArray(value)) for (const item of value) readNode(a, item);
  else if (isTree(value)) for (const key in value) readPart(a, key, value[key]);
}

function readPart(a: Analysis, key: string, value: unknown): void {
  if (key === 'PLpgSQL_expr') {
    readInnerText(a, value);
    return;
  }
  if (key === 'dynquery') readDynamic(a, value);
  else if (/^PLpgSQL_stmt_dyn/.test(key)) readDynamic(a, isTree(value) ? value.query : null);
  else if (key === 'PLpgSQL_type') readType(a, value);
  else if (/^PLpgSQL_/.test(key) && !knownNodes.has(key))
    a.facts.incomplete('runs a block with a statement that Sluice does not read');
  if (key === 'PLpgSQL_stmt_commit' || key === 'PLpgSQL_stmt_rollback') a.facts.session({ type: 'unknown' });
  // A cursor's name is a variable's value: any that the session knows may be another's now.
  if (cursorStatements.has(key)) a.facts.session({ type: 'close', name: '' });
  readNode(a, value);
}

/** Assigning to a variable of a domain checks it. */
function readType(a: Analysis, value: unknown): void {
  if (isTree(value)) callStored(a, a.names.typeFunctions(textAt(value, 'typname')));
}

/** EXECUTE of a text that is put together out of what is known is that text; any other is known only when it runs. */
function readDynamic(a: Analysis, value: unknown): void {
  const expression = isTree(value) ? payload(value, 'PLpgSQL_expr') : null;
  const known = expression === null ? [] : factsOfKnownText(a, textAt(expression, 'query'));
  if (known.length === 0) a.facts.incomplete(dynamic);
  for (const facts of known) {
    a.facts.nested.push(facts);
    a.facts.absorb(facts, { sessionEffects: true });
  }
}

function readInnerText(a: Analysis, expression: unknown): void {
  if (!isTree(expression)) return;
  const query = textAt(expression, 'query');
  const mode = typeof expression.parseMode === 'number' ? expression.parseMode : statementMode;
  for (const text of mode === statementMode
    ? [query]
    : mode === expressionMode
      ? [`SELECT ${query}`]
      : assignmentTexts(query)) {
    readTextOf(a, text);
  }
}

function readTextOf(a: Analysis, text: string | null): void {
  const facts = text === null ? null : a.foreign(text);
  if (facts === null) {
    a.facts.incomplete('runs a block that Sluice could not read');
    return;
  }
  a.facts.nested.push(facts);
  a.facts.absorb(facts, { sessionEffects: true });
}

/** `target := value`: both sides as expressions, since subscripts of the target are evaluated too. */
function assignmentTexts(text: string): readonly (string | null)[] {
  let depth = 0;
  for (const token of tokensOf(text)) {
    const symbol = text.slice(token.start, token.end);
    if (token.kind !== 'symbol') continue;
    if (symbol === '[' || symbol === '(') depth += 1;
    else if (symbol === ']' || symbol === ')') depth -= 1;
    else if (depth === 0 && (symbol === ':' || symbol === '=')) {
      const width = text.startsWith(':=', token.start) ? 2 : 1;
      return [`SELECT ${text.slice(0, token.start)}`, `SELECT ${text.slice(token.start + width)}`];
    }
  }
  return [null];
}
