/** Reads DO blocks: every statement and expression that PL/pgSQL would run, where its text is fixed. */
import type { Analysis } from './analysis.ts';
import { GrammarError, parseProcedural } from './grammar.ts';
import { tokensOf } from './lexer.ts';
import { isTree, listAt, payload, payloadsAt, type Tree, textAt, treeAt } from './tree.ts';

/** Nodes of PL/pgSQL's tree that run only the expressions inside them. Anything else makes the block incomplete. */
const knownNodes: ReadonlySet<string> = new Set(
  `PLpgSQL_function PLpgSQL_var PLpgSQL_rec PLpgSQL_row PLpgSQL_recfield PLpgSQL_type PLpgSQL_expr PLpgSQL_stmt_block PLpgSQL_exception_block
  PLpgSQL_exception PLpgSQL_condition PLpgSQL_stmt_assign PLpgSQL_stmt_if PLpgSQL_if_elsif PLpgSQL_stmt_case PLpgSQL_case_when PLpgSQL_stmt_loop
  PLpgSQL_stmt_while PLpgSQL_stmt_fori PLpgSQL_stmt_fors PLpgSQL_stmt_forc PLpgSQL_stmt_foreach_a PLpgSQL_stmt_exit PLpgSQL_stmt_return
  PLpgSQL_stmt_raise PLpgSQL_raise_option PLpgSQL_stmt_assert PLpgSQL_stmt_execsql PLpgSQL_stmt_getdiag PLpgSQL_diag_item PLpgSQL_stmt_open
  PLpgSQL_stmt_fetch PLpgSQL_stmt_close PLpgSQL_stmt_perform PLpgSQL_stmt_call PLpgSQL_stmt_commit PLpgSQL_stmt_rollback`
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
  const tree = parseBlock(body);
  if (tree === null) a.facts.incomplete('runs a block that Sluice could not read');
  else readNode(a, tree);
}

function parseBlock(body: string): Tree | null {
  try {
    const functions = listAt(parseProcedural(`DO ${quoted(body)}`), 'plpgsql_funcs');
    return functions.length === 1 ? (functions[0] ?? null) : null;
  } catch (error) {
    if (error instanceof GrammarError) return null;
    throw error;
  }
}

/** A dollar quote whose tag the body does not contain. */
function quoted(body: string): string {
  let tag = '$block$';
  for (let number = 1; body.includes(tag); number += 1) tag = `$block${number}$`;
  return `${tag}${body}${tag}`;
}

function readNode(a: Analysis, value: unknown): void {
  if (Array.isArray(value)) for (const item of value) readNode(a, item);
  else if (isTree(value)) {
    for (const key in value) {
      if (key === 'PLpgSQL_expr') readInnerText(a, value[key]);
      else {
        if (key === 'dynquery' || /^PLpgSQL_stmt_dyn/.test(key))
          a.facts.incomplete('runs a text that is put together at run time');
        else if (/^PLpgSQL_/.test(key) && !knownNodes.has(key))
          a.facts.incomplete('runs a block with a statement that Sluice does not read');
        if (key === 'PLpgSQL_stmt_commit' || key === 'PLpgSQL_stmt_rollback') a.facts.session({ type: 'unknown' });
        readNode(a, value[key]);
      }
    }
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
    const facts = text === null ? null : a.foreign(text);
    if (facts === null) a.facts.incomplete('runs a block that Sluice could not read');
    else {
      a.facts.nested.push(facts);
      a.facts.absorb(facts, { sessionEffects: true });
    }
  }
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
