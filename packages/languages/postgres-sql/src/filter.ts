/**
 * Proves that a WHERE clause chooses nothing. `present` is not a proof of harm done to few rows: it says that none of the proofs below holds.
 * The meanings of column references must have been noted by a walk of the condition before.
 */
import type { ColumnRef, FilterShape } from '@sluice/domain';
import type { Analysis, ReferenceMeaning } from './analysis.ts';
import type { Entry } from './scope.ts';
import {
  canonicalJson,
  childAt,
  constantOf,
  isTree,
  itemsOf,
  listAt,
  payload,
  type Tree,
  textAt,
  treeAt,
  unwrap,
  wordsAt,
} from './tree.ts';

/**
 * What a condition can evaluate to, whatever the row: `all` true for every row (or every row where a column is not null), `none` true for
 * none, `some` depends on the target's row, `either` the same for every row but not known (it mentions no column of the target).
 */
type Reach = 'all' | 'none' | 'some' | 'either';

interface Proof {
  readonly a: Analysis;
  readonly target: Entry;
  /** Other entries that a conjunct of the whole condition narrows down by itself. */
  readonly narrowed: ReadonlySet<Entry>;
}

export interface FilterProof {
  readonly shape: FilterShape;
  /** By which argument a trivial filter is one; null for other shapes. */
  readonly because: string | null;
}

/** The shape of the filter that `where` puts on the rows of `target`. */
export function filterProof(a: Analysis, where: Tree | null, target: Entry): FilterProof {
  if (where === null) return { shape: 'absent', because: null };
  const narrowed = new Set<Entry>();
  for (const conjunct of conjunctsOf(where)) {
    const entries = entriesIn(a, conjunct);
    if (
      !entries.has(target) &&
      entries.size > 0 &&
      reachOf({ a, target: firstOf(entries), narrowed }, conjunct) === 'some'
    ) {
      for (const entry of entries) narrowed.add(entry);
    }
  }
  const proof = { a, target, narrowed };
  const reach = reachOf(proof, where);
  return reach === 'some'
    ? { shape: 'present', because: null }
    : { shape: 'trivial', because: argumentOf(proof, where, reach) };
}

/** Why a condition chooses nothing, from the part of it that decides. It quotes no value of the statement. */
function argumentOf(proof: Proof, condition: Tree, reach: Reach): string {
  if (constantOf(condition) !== undefined) return reach === 'all' ? 'it is constantly true' : 'it is never true';
  const { tag, node } = unwrap(condition);
  const parts = listAt(node, 'args');
  if (tag === 'BoolExpr') {
    const operator = textAt(node, 'boolop');
    if (operator === 'NOT_EXPR')
      return `what is negated ${reach === 'all' ? 'is never true' : 'does not depend on the row'}`;
    if (operator === 'OR_EXPR' && hasOpposites(parts)) return 'two arms of its OR are opposites';
    const deciding = parts.find((part) => reachOf(proof, part) === reach);
    const word = operator === 'OR_EXPR' ? 'an arm of its OR' : 'every part of its AND';
    return deciding === undefined
      ? `${word} decides for all rows alike`
      : `in ${word}, ${argumentOf(proof, deciding, reach)}`;
  }
  if (reach === 'either') return 'it mentions no column of the changed relation';
  if (tag === 'NullTest') return 'it tests for NULL what never is';
  if (tag === 'SubLink') return 'its subquery gives every row';
  if (tag === 'CaseExpr' || tag === 'CoalesceExpr') return 'each of its results is constantly true';
  if (tag !== 'A_Expr') return reach === 'all' ? 'it holds for every row' : 'it is never true';
  const [left, right] = [treeAt(node, 'lexpr') ?? {}, treeAt(node, 'rexpr') ?? {}];
  if (constantOf(left) !== undefined && constantOf(right) !== undefined) return 'it compares constants';
  if (sameValue(proof, left, right)) return 'it compares a value with itself';
  if (isSelfJoin(proof, left, right)) return 'it joins the relation with itself';
  return reach === 'all' ? 'it holds for every value' : 'it is never true';
}

function firstOf(entries: ReadonlySet<Entry>): Entry {
  for (const entry of entries) return entry;
  throw new Error('The set is not empty.');
}

function conjunctsOf(condition: Tree): readonly Tree[] {
  const bool = payload(condition, 'BoolExpr');
  if (bool === null || textAt(bool, 'boolop') !== 'AND_EXPR') return [condition];
  return listAt(bool, 'args').flatMap(conjunctsOf);
}

/** FROM entries whose columns a tree mentions, at any depth. */
function entriesIn(a: Analysis, value: unknown, found = new Set<Entry>()): Set<Entry> {
  if (Array.isArray(value)) for (const item of value) entriesIn(a, item, found);
  else if (isTree(value)) {
    const entry = a.meanings.get(value)?.entry;
    if (entry !== undefined && entry !== null) found.add(entry);
    for (const key in value) if (typeof value[key] === 'object') entriesIn(a, value[key], found);
  }
  return found;
}

function mentionsTarget(proof: Proof, value: unknown): boolean {
  return (
    entriesIn(proof.a, value).has(proof.target) || (proof.target.columns === null && hasUnresolved(proof.a, value))
  );
}

/** Where the target's columns are not known, a reference that nothing else explains may be to it. */
function hasUnresolved(a: Analysis, value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => hasUnresolved(a, item));
  if (!isTree(value)) return false;
  const reference = payload(value, 'ColumnRef');
  if (reference !== null)
    return a.meanings.get(reference)?.entry === undefined || a.meanings.get(reference)?.entry === null;
  return Object.values(value).some((child) => hasUnresolved(a, child));
}

function reachOf(proof: Proof, condition: Tree): Reach {
  const constant = constantOf(condition);
  if (constant !== undefined) return constant === true || constant === 't' || constant === 'true' ? 'all' : 'none';
  const { tag, node } = unwrap(condition);
  const reach = structuralReach(proof, tag, node);
  if (reach !== null) return reach;
  if (tag === 'CurrentOfExpr') return 'some';
  return mentionsTarget(proof, condition) ? 'some' : 'either';
}

/** The proofs by form; null when the form proves nothing. */
function structuralReach(proof: Proof, tag: string, node: Tree): Reach | null {
  switch (tag) {
    case 'BoolExpr':
      return booleanReach(proof, node);
    case 'TypeCast': {
      const inner = treeAt(node, 'arg');
      return inner === null ? null : reachOf(proof, inner);
    }
    case 'BooleanTest': {
      const inner = reachOf(proof, treeAt(node, 'arg') ?? {});
      const kind = textAt(node, 'booltesttype');
      if (kind === 'IS_TRUE' || kind === 'IS_NOT_FALSE') return inner;
      return kind === 'IS_FALSE' || kind === 'IS_NOT_TRUE' ? negated(inner) : null;
    }
    case 'NullTest':
      return nullReach(proof, node);
    case 'A_Expr':
      return comparisonReach(proof, node);
    case 'CoalesceExpr': {
      const reaches = listAt(node, 'args').map((item) => reachOf(proof, item));
      return reaches.every((reach) => reach === 'all') ? 'all' : null;
    }
    case 'CaseExpr':
      return caseReach(proof, node);
    case 'SubLink':
      return subLinkReach(proof, node);
    default:
      return null;
  }
}

function negated(reach: Reach): Reach {
  if (reach === 'all') return 'none';
  return reach === 'none' ? 'all' : reach;
}

function booleanReach(proof: Proof, node: Tree): Reach {
  const args = listAt(node, 'args');
  const reaches = args.map((item) => reachOf(proof, item));
  switch (textAt(node, 'boolop')) {
    case 'NOT_EXPR':
      return negated(reaches[0] ?? 'some');
    case 'AND_EXPR':
      if (reaches.includes('none')) return 'none';
      if (reaches.includes('some')) return 'some';
      return reaches.includes('either') ? 'either' : 'all';
    default:
      if (reaches.includes('all') || hasOpposites(args)) return 'all';
      // One arm that holds for all rows or none opens the whole condition when it holds.
      if (reaches.includes('either')) return 'either';
      return reaches.includes('some') ? 'some' : 'none';
  }
}

/** `x IS NULL OR x IS NOT NULL`, `a = 1 OR NOT a = 1`, `a < 1 OR a >= 1`. */
function hasOpposites(args: readonly Tree[]): boolean {
  const seen = new Set(args.map(canonicalJson));
  return args.some((item) => oppositesOf(item).some((opposite) => seen.has(opposite)));
}

const oppositeOperators: Readonly<Record<string, string>> = {
  '=': '<>',
  '<>': '=',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
};

function oppositesOf(condition: Tree): readonly string[] {
  const { tag, node } = unwrap(condition);
  if (tag === 'BoolExpr' && textAt(node, 'boolop') === 'NOT_EXPR') return listAt(node, 'args').map(canonicalJson);
  if (tag === 'NullTest') {
    const nulltesttype = textAt(node, 'nulltesttype') === 'IS_NULL' ? 'IS_NOT_NULL' : 'IS_NULL';
    return [canonicalJson({ NullTest: { ...node, nulltesttype } })];
  }
  if (tag === 'BooleanTest') {
    const kind = textAt(node, 'booltesttype');
    const booltesttype = kind.startsWith('IS_NOT_') ? kind.replace('IS_NOT_', 'IS_') : kind.replace('IS_', 'IS_NOT_');
    return [canonicalJson({ BooleanTest: { ...node, booltesttype } })];
  }
  const opposite = tag === 'A_Expr' ? oppositeOperators[wordsAt(node, 'name').at(-1) ?? ''] : undefined;
  return opposite === undefined ? [] : [canonicalJson({ A_Expr: { ...node, name: [{ String: { sval: opposite } }] } })];
}

/** `x IS NOT NULL` holds for every row when the catalogue says so; `x IS NULL` then for none. */
function nullReach(proof: Proof, node: Tree): Reach | null {
  const constant = constantOf(treeAt(node, 'arg'));
  const isNull = textAt(node, 'nulltesttype') === 'IS_NULL';
  if (constant !== undefined) return (constant === null) === isNull ? 'all' : 'none';
  const meaning = meaningOfReference(proof, treeAt(node, 'arg') ?? {});
  if (meaning === null || meaning.entry === null) return null;
  return meaning.neverNull || isNotNull(proof, meaning.column) ? (isNull ? 'none' : 'all') : null;
}

function isNotNull(proof: Proof, column: ColumnRef | null): boolean {
  if (column === null || column.schema === null) return false;
  const relation = proof.a.names.relation(column.schema, column.relation).relation;
  return relation?.columns.find((candidate) => candidate.name === column.column)?.notNull === true;
}

function comparisonReach(proof: Proof, node: Tree): Reach | null {
  const kind = textAt(node, 'kind');
  const operator = wordsAt(node, 'name').at(-1) ?? '';
  const left = treeAt(node, 'lexpr');
  const right = treeAt(node, 'rexpr');
  if (left === null || right === null) return null;
  if (kind === 'AEXPR_IN') return inReach(proof, left, right, operator);
  if (/^AEXPR_BETWEEN/.test(kind)) return itemsOf(right).every((bound) => sameValue(proof, left, bound)) ? 'all' : null;
  const array = kind === 'AEXPR_OP_ANY' && operator === '=' ? payload(right, 'SubLink') : null;
  if (array !== null) return subLinkReach(proof, { ...array, subLinkType: 'ANY_SUBLINK', testexpr: left });
  if (neverNegative(left) && typeof constantOf(right) === 'number') {
    const bound = Number(constantOf(right));
    if ((operator === '>=' && bound <= 0) || (operator === '>' && bound < 0)) return 'all';
  }
  const folded = kind === 'AEXPR_OP' ? foldedReach(constantOf(left), operator, constantOf(right)) : null;
  if (folded !== null) return folded;
  if (sameValue(proof, left, right)) return reflexiveReach(kind, operator);
  if (kind === 'AEXPR_OP' && operator === '=' && isSelfJoin(proof, left, right)) return 'all';
  return matchesAnything(kind, operator, constantOf(right)) ? 'all' : null;
}

/** `1 = 1`, `'a' < 'b'`: constants against constants. Strings are compared for equality only, since order depends on collation. */
function foldedReach(
  left: ReturnType<typeof constantOf>,
  operator: string,
  right: ReturnType<typeof constantOf>,
): Reach | null {
  if (left === undefined || right === undefined) return null;
  if (left === null || right === null) return 'none';
  const equal = left === right || String(left) === String(right);
  if (operator === '=') return equal ? 'all' : 'none';
  if (operator === '<>') return equal ? 'none' : 'all';
  if (typeof left !== 'number' || typeof right !== 'number') return equal && /=/.test(operator) ? 'all' : 'either';
  const holds = { '<': left < right, '>': left > right, '<=': left <= right, '>=': left >= right }[operator];
  return holds === undefined ? 'either' : holds ? 'all' : 'none';
}

function reflexiveReach(kind: string, operator: string): Reach | null {
  if (kind === 'AEXPR_NOT_DISTINCT') return 'all';
  if (kind === 'AEXPR_DISTINCT') return 'none';
  if (kind === 'AEXPR_OP_ANY') return operator === '=' ? 'all' : null;
  if (['=', '>=', '<=', '~~', '~~*', '@>', '<@', '&&'].includes(operator)) return 'all';
  return ['<>', '<', '>'].includes(operator) ? 'none' : null;
}

/** The same column, or the same expression word for word. A volatile function is not the same twice, but chooses no rows either. */
function sameValue(proof: Proof, left: Tree, right: Tree): boolean {
  const leftColumn = meaningOfReference(proof, left);
  const rightColumn = meaningOfReference(proof, right);
  if (leftColumn !== null && rightColumn !== null) {
    return (
      leftColumn.entry === rightColumn.entry &&
      leftColumn.column?.column === rightColumn.column?.column &&
      leftColumn.column !== null
    );
  }
  return canonicalJson(left) === canonicalJson(right);
}

function meaningOfReference(proof: Proof, value: Tree): ReferenceMeaning | null {
  const reference = payload(value, 'ColumnRef');
  return reference === null ? null : (proof.a.meanings.get(reference) ?? null);
}

/** `c.id = c2.id` where `c2` is the same table and nothing else narrows it. */
function isSelfJoin(proof: Proof, left: Tree, right: Tree): boolean {
  const first = meaningOfReference(proof, left);
  const second = meaningOfReference(proof, right);
  if (
    first === null ||
    second === null ||
    first.entry === null ||
    second.entry === null ||
    first.entry === second.entry
  )
    return false;
  if (first.column === null || second.column === null) return false;
  const same =
    first.column.schema === second.column.schema &&
    first.column.relation === second.column.relation &&
    first.column.column === second.column.column;
  const other = first.entry === proof.target ? second.entry : first.entry;
  return same && !proof.narrowed.has(other);
}

const lengths: ReadonlySet<string> = new Set([
  'length',
  'char_length',
  'character_length',
  'octet_length',
  'bit_length',
  'abs',
  'cardinality',
]);

function neverNegative(value: Tree): boolean {
  const call = payload(value, 'FuncCall');
  return call !== null && lengths.has(wordsAt(call, 'funcname').at(-1) ?? '');
}

/** `LIKE '%'`, `~ ''`, `~ '.*'`. */
function matchesAnything(kind: string, operator: string, right: ReturnType<typeof constantOf>): boolean {
  if (typeof right !== 'string') return false;
  if (
    (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE' || kind === 'AEXPR_OP') &&
    (operator === '~~' || operator === '~~*')
  )
    return /^%+$/.test(right);
  return kind === 'AEXPR_OP' && (operator === '~' || operator === '~*') && /^\^?(\(?\.\*\)?)?\$?$/.test(right);
}

function inReach(proof: Proof, left: Tree, right: Tree, operator: string): Reach | null {
  const items = itemsOf(right);
  const value = constantOf(left);
  const found = items.some(
    (item) => (value !== undefined && constantOf(item) === value && value !== null) || sameValue(proof, left, item),
  );
  if (found) return operator === '=' ? 'all' : 'none';
  return value !== undefined && items.every((item) => constantOf(item) !== undefined)
    ? operator === '='
      ? 'none'
      : 'all'
    : null;
}

function caseReach(proof: Proof, node: Tree): Reach | null {
  const results = listAt(node, 'args').map((item) => treeAt(payload(item, 'CaseWhen') ?? {}, 'result'));
  const values = [...results, treeAt(node, 'defresult')];
  return values.every((value) => value !== null && reachOf(proof, value) === 'all') ? 'all' : null;
}

/** `id IN (SELECT id FROM the_same_table)` and `EXISTS (…)` that does not depend on the row. */
function subLinkReach(proof: Proof, node: Tree): Reach | null {
  const select = childAt(node, 'subselect', 'SelectStmt');
  if (select === null) return null;
  const kind = textAt(node, 'subLinkType');
  if (kind === 'EXISTS_SUBLINK') {
    const where = treeAt(select, 'whereClause');
    const plain = !['havingClause', 'limitCount', 'limitOffset', 'larg'].some((field) => select[field] !== undefined);
    if (plain && (where === null || conjunctsOf(where).every((conjunct) => isTrivialInside(proof, conjunct))))
      return 'all';
    return null;
  }
  const test = kind === 'ANY_SUBLINK' ? meaningOfReference(proof, treeAt(node, 'testexpr') ?? {}) : null;
  const operators = wordsAt(node, 'operName');
  if (test === null || test.column === null || (operators.length > 0 && operators.at(-1) !== '=')) return null;
  const narrowing = [
    'havingClause',
    'limitCount',
    'limitOffset',
    'larg',
    'groupClause',
    'distinctClause',
    'withClause',
  ];
  const where = treeAt(select, 'whereClause');
  if (narrowing.some((field) => select[field] !== undefined) || (where !== null && reachOf(proof, where) === 'some'))
    return null;
  const from = listAt(select, 'fromClause');
  const [target] = listAt(select, 'targetList');
  const shown = meaningOfReference(proof, treeAt(payload(target ?? {}, 'ResTarget') ?? {}, 'val') ?? {});
  if (from.length !== 1 || shown === null || shown.column === null) return null;
  const { column } = shown;
  const same =
    column.schema === test.column.schema &&
    column.relation === test.column.relation &&
    column.column === test.column.column;
  const source = payload(from[0] ?? {}, 'RangeVar');
  return same && source !== null && (where === null || trivialFor(proof, where, shown.entry)) ? 'all' : null;
}

function trivialFor(proof: Proof, where: Tree, entry: Entry | null): boolean {
  return entry !== null && reachOf({ ...proof, target: entry }, where) === 'all';
}

/** A conjunct inside EXISTS that ties the same table's row to itself or is always true. */
function isTrivialInside(proof: Proof, conjunct: Tree): boolean {
  return reachOf(proof, conjunct) === 'all';
}
