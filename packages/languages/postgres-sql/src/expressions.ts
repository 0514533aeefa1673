/** Walks expressions: notes what they mention and call, and returns what flows into their value. */
import type { ColumnRef } from '@sluice/domain';
import { actionOf } from './acting-functions.ts';
import { type Analysis, maxTreeDepth, needCatalogue, ReadingLimit, resolveRangeVar, visit } from './analysis.ts';
import { callStored } from './calls.ts';
import { withoutRowNames } from './entries.ts';
import { callByName, functionCall } from './function-calls.ts';
import { derived, type Flow, merged, nothing, notProvable } from './lineage.ts';
import { readRelation } from './reach.ts';
import { entryNamed, meaningOf, type Scope } from './scope.ts';
import {
  childAt,
  isTree,
  itemsOf,
  listAt,
  payload,
  type Tree,
  textAt,
  treeAt,
  unwrap,
  wordsAt,
  wordsOf,
} from './tree.ts';

type ExpressionReader = (a: Analysis, node: Tree, scope: Scope) => Flow;

/** Operators whose result is a boolean: the value does not carry the columns it compares. Unary `~` is not among them. */
const comparisons: ReadonlySet<string> = new Set(
  '= <> != < > <= >= ~~ !~~ ~~* !~~* ~ !~ ~* !~* @> <@ && ^@ @? @@ ? ?| ?&'.split(' '),
);
/** Operators on JSON that take keys away and leave the others where they are. */
const rowKeepingOperators: ReadonlySet<string> = new Set(['-', '#-']);
const booleanKinds: ReadonlySet<string> = new Set([
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_SIMILAR',
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
]);

/** Readers of the nodes that are more than the sum of their children. Every other node: its children's flows together. */
const readers: Readonly<Record<string, ExpressionReader>> = {
  ColumnRef: columnReference,
  A_Const: constant,
  ParamRef: constant,
  A_Expr: operatorExpression,
  A_Indirection: indirection,
  SubLink: subLink,
  FuncCall: functionCall,
  CaseExpr: caseExpression,
  BoolExpr: testOfChildren,
  NullTest: testOfChildren,
  BooleanTest: testOfChildren,
  JsonIsPredicate: testOfChildren,
  JsonFuncExpr: (a, node, scope) => withoutRowNames(a, childrenOf(a, node, scope)),
  TypeCast: typeCast,
  GroupingFunc: testOfChildren,
  SelectStmt: (a, node, scope) =>
    merged((a.query(node, scope) ?? [{ flow: notProvable }]).map((column) => column.flow)),
  InsertStmt: (a, node, scope) => innerChange(a, 'InsertStmt', node, scope),
  UpdateStmt: (a, node, scope) => innerChange(a, 'UpdateStmt', node, scope),
  DeleteStmt: (a, node, scope) => innerChange(a, 'DeleteStmt', node, scope),
  MergeStmt: (a, node, scope) => innerChange(a, 'MergeStmt', node, scope),
  RangeVar: relationMention,
  SortBy: sortBy,
  TypeName: typeName,
};

/** Walks any node, payload or list in this scope. */
export function readExpression(a: Analysis, value: unknown, scope: Scope): Flow {
  if (Array.isArray(value)) return merged(value.map((item) => a.expression(item, scope)));
  if (!isTree(value)) return nothing;
  visit(a);
  a.budget.depth += 1;
  if (a.budget.depth > maxTreeDepth) throw new ReadingLimit('is nested deeper than Sluice reads');
  const { tag, node } = unwrap(value);
  const reader = readers[tag === '' ? bareTag(node) : tag];
  const flow = reader === undefined ? childrenOf(a, node, scope) : reader(a, node, scope);
  a.budget.depth -= 1;
  return flow;
}

/** Recognises the payloads that stand bare in typed fields. */
function bareTag(node: Tree): string {
  if (node.relname !== undefined) return 'RangeVar';
  if (node.funcname !== undefined && node.funcformat !== undefined) return 'FuncCall';
  if (node.limitOption !== undefined) return 'SelectStmt';
  return node.names !== undefined && node.typemod !== undefined ? 'TypeName' : '';
}

function childrenOf(a: Analysis, node: Tree, scope: Scope): Flow {
  const flows: Flow[] = [];
  for (const key in node) {
    const child = node[key];
    if (typeof child === 'object' && child !== null) flows.push(a.expression(child, scope));
  }
  return flows.length === 0 ? nothing : merged(flows);
}

function testOfChildren(a: Analysis, node: Tree, scope: Scope): Flow {
  childrenOf(a, node, scope);
  return nothing;
}

/** A text without a type becomes a value of whatever type stands beside it; so does a NULL, which a domain checks as well. */
function constant(a: Analysis, node: Tree): Flow {
  if (node.ival === undefined && node.fval === undefined && node.boolval === undefined && node.bsval === undefined)
    a.facts.makesValues = true;
  return nothing;
}

function columnReference(a: Analysis, node: Tree, scope: Scope): Flow {
  const fields = listAt(node, 'fields');
  const path = wordsOf(fields);
  if (path.length < fields.length) {
    // `row.*` as a value is the whole row; a bare `*` stands only where the query's own reader expands it.
    const entry = path.length === 0 ? null : entryNamed(path, scope);
    const flow = entry?.wholeRow ?? notProvable;
    noteFlow(a, flow);
    for (const column of entry?.columns ?? []) noteFlow(a, column.flow);
    return derived(flow);
  }
  const meaning = meaningOf(path, scope);
  switch (meaning.type) {
    case 'column':
      a.meanings.set(node, {
        entry: meaning.entry,
        column: meaning.column,
        neverNull: meaning.column === null && path.at(-1) === 'ctid',
      });
      noteFlow(a, meaning.flow);
      return meaning.flow;
    case 'row':
      a.meanings.set(node, { entry: meaning.entry, column: null, neverNull: true });
      noteFlow(a, meaning.flow);
      for (const column of meaning.entry.columns ?? []) noteFlow(a, column.flow);
      return meaning.flow;
    case 'call':
      noteFlow(a, meaning.flow);
      if (!meaning.certain && !a.names.mayBeFunction(meaning.name)) return derived(meaning.flow);
      return merged([meaning.flow, callByName(a, meaning.name)]);
    case 'unresolved':
      return notProvable;
  }
}

function noteFlow(a: Analysis, flow: Flow): void {
  a.facts.flow(flow);
}

function operatorExpression(a: Analysis, node: Tree, scope: Scope): Flow {
  const name = wordsAt(node, 'name');
  const kind = textAt(node, 'kind');
  const words = impliedOperators[kind]?.map((word) => [word]) ?? [name];
  const answered = merged(words.map((one) => judgeOperator(a, one)));
  const left = a.expression(node.lexpr, scope);
  const right = a.expression(node.rexpr, scope);
  const compares =
    booleanKinds.has(kind) || (kind === 'AEXPR_OP' && node.lexpr !== undefined && isComparison(a, name.at(-1) ?? ''));
  if (compares || kind === 'AEXPR_NULLIF') {
    attachLiterals(a, treeAt(node, 'lexpr'), treeAt(node, 'rexpr'));
    attachLiterals(a, treeAt(node, 'rexpr'), treeAt(node, 'lexpr'));
  }
  if (compares) return answered;
  if (kind === 'AEXPR_NULLIF') return merged([left, answered]);
  const both = merged([left, right, answered]);
  return rowKeepingOperators.has(name.at(-1) ?? '') ? both : withoutRowNames(a, both);
}

/** A row as text has no names any more, whatever is made of the text afterwards. */
function typeCast(a: Analysis, node: Tree, scope: Scope): Flow {
  const flow = childrenOf(a, node, scope);
  const type = wordsAt(treeAt(node, 'typeName') ?? {}, 'names').at(-1) ?? '';
  const made = merged([flow, callStored(a, a.names.castFunctions(type))]);
  return type === 'json' || type === 'jsonb' ? made : withoutRowNames(a, made);
}

/** A comparison answers yes or no, unless people made one of that name that answers with something else. */
function isComparison(a: Analysis, name: string): boolean {
  return comparisons.has(name) && a.names.isComparison(name);
}

/** Notes what an operator runs, and returns what its value may carry beside its operands. */
function judgeOperator(a: Analysis, name: readonly string[]): Flow {
  const schema = name.length > 1 ? (name.at(-2) ?? null) : null;
  if (name.length === 0) return nothing;
  if (schema !== 'pg_catalog') needCatalogue(a);
  const functions = a.names.operatorFunctions(schema, name.at(-1) ?? '');
  if (functions !== null) return callStored(a, functions);
  if (schema === 'pg_catalog') return nothing;
  a.facts.functions.add(name.join('.'));
  if (a.mode !== 'store') a.facts.incomplete('uses an operator outside pg_catalog');
  return nothing;
}

/** Forms that look an operator up which they do not name (transformAExprBetween and its neighbours in parse_expr.c). */
const impliedOperators: Readonly<Record<string, readonly string[]>> = {
  AEXPR_BETWEEN: ['>=', '<='],
  AEXPR_NOT_BETWEEN: ['<', '>'],
  AEXPR_BETWEEN_SYM: ['>=', '<='],
  AEXPR_NOT_BETWEEN_SYM: ['<', '>'],
};

/** Remembers for every constant on `constants` that it stands against the column on `column`. */
function attachLiterals(a: Analysis, column: Tree | null, constants: Tree | null): void {
  if (column === null || constants === null) return;
  const columnRow = payload(column, 'RowExpr');
  const constantRow = payload(constants, 'RowExpr');
  if (columnRow !== null && constantRow !== null) {
    const values = listAt(constantRow, 'args');
    listAt(columnRow, 'args').forEach((item, index) => {
      attachLiterals(a, item, values[index] ?? null);
    });
    return;
  }
  const ref = columnUnder(a, column);
  if (ref !== null) attachColumn(a, constants, ref);
}

/** The stored column that an expression is, through casts, collations and the usual case and trim functions. */
function columnUnder(a: Analysis, value: Tree): ColumnRef | null {
  const { tag, node } = unwrap(value);
  if (tag === 'ColumnRef') return a.meanings.get(node)?.column ?? null;
  const inner =
    tag === 'TypeCast' || tag === 'CollateClause'
      ? treeAt(node, 'arg')
      : tag === 'FuncCall'
        ? (listAt(node, 'args')[0] ?? null)
        : null;
  return inner === null ? null : columnUnder(a, inner);
}

/** Remembers the column for every constant in a value: alone, cast, in a list, an array or a function's argument. */
export function attachColumn(a: Analysis, value: Tree, column: ColumnRef): void {
  const { tag, node } = unwrap(value);
  if (tag === 'A_Const') a.literalColumns.set(typeof node.location === 'number' ? node.location : 0, column);
  else if (tag === 'TypeCast' || tag === 'CollateClause') {
    const inner = treeAt(node, 'arg');
    if (inner !== null) attachColumn(a, inner, column);
  } else if (tag === 'A_ArrayExpr') for (const item of listAt(node, 'elements')) attachColumn(a, item, column);
  else if (tag === 'FuncCall') for (const item of listAt(node, 'args')) attachColumn(a, item, column);
  else for (const item of itemsOf(value)) attachColumn(a, item, column);
}

/** `(value).field`, `(value).*`, `value[1]`. A field that the value does not have is a function call in PostgreSQL's eyes. */
function indirection(a: Analysis, node: Tree, scope: Scope): Flow {
  const argument = childAt(node, 'arg', 'ColumnRef');
  const steps = listAt(node, 'indirection');
  const first = steps[0] === undefined ? null : payload(steps[0], 'String');
  if (argument !== null && first !== null) {
    const meaning = meaningOf(wordsAt(argument, 'fields'), scope);
    if (meaning.type === 'row') {
      const name = textAt(first, 'sval');
      const column = meaning.entry.columns?.find((candidate) => candidate.name === name);
      if (column !== undefined) {
        noteFlow(a, column.flow);
        return merged([column.flow, readSteps(a, steps.slice(1), scope)]);
      }
    }
  }
  return withoutRowNames(a, merged([a.expression(node.arg, scope), readSteps(a, steps, scope)]));
}

function readSteps(a: Analysis, steps: readonly Tree[], scope: Scope): Flow {
  return merged([
    ...wordsOf(steps).map((word) => callByField(a, word)),
    ...steps.map((step) => a.expression(step, scope)),
  ]);
}

/** A field of a value whose fields are not known here: it counts as a call where a function of that name could do something. */
function callByField(a: Analysis, name: string): Flow {
  const resolved = a.names.function(null, name);
  if (resolved.origin === 'user' ? a.names.mayBeFunction(name) : actionOf(name) !== null) return callByName(a, name);
  return nothing;
}

function subLink(a: Analysis, node: Tree, scope: Scope): Flow {
  const operator = wordsAt(node, 'operName');
  // `x IN (SELECT …)` names none and means equality.
  judgeOperator(a, operator.length > 0 || node.testexpr === undefined ? operator : ['=']);
  a.expression(node.testexpr, scope);
  const select = childAt(node, 'subselect', 'SelectStmt');
  if (select === null) return a.expression(node.subselect, scope);
  const columns = a.query(select, scope);
  const kind = textAt(node, 'subLinkType');
  if (kind === 'EXISTS_SUBLINK' || kind === 'ANY_SUBLINK' || kind === 'ALL_SUBLINK' || kind === 'ROWCOMPARE_SUBLINK')
    return nothing;
  return columns === null ? notProvable : merged(columns.map((column) => column.flow));
}

/** The value carries the results, not the conditions that chose among them. */
function caseExpression(a: Analysis, node: Tree, scope: Scope): Flow {
  a.expression(node.arg, scope);
  if (node.arg !== undefined) judgeOperator(a, ['=']);
  const results = listAt(node, 'args').map((item) => {
    const when = payload(item, 'CaseWhen');
    if (when === null) return a.expression(item, scope);
    a.expression(when.expr, scope);
    return a.expression(when.result, scope);
  });
  return merged([...results, a.expression(node.defresult, scope)]);
}

function innerChange(a: Analysis, tag: string, node: Tree, scope: Scope): Flow {
  const columns = a.change(tag, node, scope);
  return columns === null ? notProvable : merged(columns.map((column) => column.flow));
}

/** A relation outside any FROM clause that a module of its own reads: still a mention of it. */
function relationMention(a: Analysis, node: Tree): Flow {
  readRelation(a, resolveRangeVar(a, node));
  return nothing;
}

function sortBy(a: Analysis, node: Tree, scope: Scope): Flow {
  judgeOperator(a, wordsAt(node, 'useOp'));
  return a.expression(node.node, scope);
}

/** Types carry no value; their modifiers may hold expressions, and a domain's checks run when a value is made. */
function typeName(a: Analysis, node: Tree, scope: Scope): Flow {
  const words = wordsAt(node, 'names');
  const name = words.at(-1) ?? '';
  if (words[0] !== 'pg_catalog') needCatalogue(a);
  callStored(a, a.names.typeFunctions(name));
  if (a.mode !== 'store' && a.names.checksWhileParsed(name, listAt(node, 'arrayBounds').length > 0))
    a.facts.checksTexts = true;
  if (a.mode !== 'store' && words[0] !== 'pg_catalog' && a.names.isTouchedType(name))
    a.facts.incomplete('makes a value of a type whose definition this transaction changed');
  a.expression(node.typmods, scope);
  a.expression(node.arrayBounds, scope);
  return nothing;
}
