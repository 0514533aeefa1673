/** Reads SELECT, VALUES, set operations and common table expressions: what they read, and where each result column comes from. */
import { type Analysis, maxTreeDepth, type QueryColumns, queryDepth, ReadingLimit, visit } from './analysis.ts';
import { columnName } from './column-names.ts';
import { derived, merged, nothing, notProvable, sameFlow } from './lineage.ts';
import { emptyScope, entryNamed, meaningOf, type OutColumn, type Scope } from './scope.ts';
import {
  childAt,
  flagAt,
  itemsOf,
  listAt,
  payload,
  payloadsAt,
  type Tree,
  textAt,
  treeAt,
  wordsAt,
  wordsOf,
} from './tree.ts';

/** A recursive query's lineage grows by at least one column per round; more rounds than this are not followed. Units: rounds. */
const maxRecursionRounds = 6;

/** Fields of a SELECT that are read by name; all others are walked as expressions in its scope. */
const readByName: ReadonlySet<string> = new Set([
  'withClause',
  'valuesLists',
  'op',
  'larg',
  'rarg',
  'fromClause',
  'targetList',
  'lockingClause',
  'intoClause',
  'limitOption',
  'sortClause',
  'groupClause',
  'distinctClause',
]);

export function readQuery(a: Analysis, select: Tree, outer: Scope): QueryColumns {
  visit(a);
  a.understood.add(select);
  a.budget.depth += queryDepth;
  if (a.budget.depth > maxTreeDepth) throw new ReadingLimit('is nested deeper than Sluice reads');
  const scope = emptyScope(outer, treeAt(select, 'whereClause'));
  readWith(a, treeAt(select, 'withClause'), scope);
  const columns = readBody(a, select, scope);
  for (const key in select) if (!readByName.has(key)) a.expression(select[key], scope);
  for (const field of ['sortClause', 'groupClause', 'distinctClause'])
    readOrdering(a, listAt(select, field), scope, columns);
  readLocking(a, select);
  a.budget.depth -= queryDepth;
  return columns;
}

function readBody(a: Analysis, select: Tree, scope: Scope): QueryColumns {
  const left = treeAt(select, 'larg');
  const right = treeAt(select, 'rarg');
  if (left !== null && right !== null) return united(a.query(left, scope), a.query(right, scope));
  const rows = listAt(select, 'valuesLists');
  if (rows.length > 0) return readValues(a, rows, scope);
  for (const item of listAt(select, 'fromClause')) a.fromItem(item, scope);
  return readTargets(a, listAt(select, 'targetList'), scope);
}

function readValues(a: Analysis, rows: readonly Tree[], scope: Scope): QueryColumns {
  let columns: QueryColumns = null;
  for (const row of rows) {
    const values = itemsOf(row).map(
      (value, index): OutColumn => ({ name: `column${index + 1}`, flow: derived(a.expression(value, scope)) }),
    );
    columns = columns === null ? values : united(columns, values);
  }
  return columns;
}

/** Position by position; names are the left side's. Different lengths are an error at the server. */
function united(left: QueryColumns, right: QueryColumns): QueryColumns {
  if (left === null || right === null || left.length !== right.length) return null;
  return left.map((column, index) => ({
    name: column.name,
    flow: merged([column.flow, right[index]?.flow ?? notProvable]),
  }));
}

/** The result columns of a target or RETURNING list, with `*` expanded where the catalogue knows it; null when it does not. */
export function readTargets(a: Analysis, targets: readonly Tree[], scope: Scope): QueryColumns {
  const columns: OutColumn[] = [];
  let provable = true;
  for (const item of targets) {
    const target = payload(item, 'ResTarget') ?? item;
    const value = treeAt(target, 'val');
    if (value === null) continue;
    const expanded = expandStar(a, value, scope);
    if (expanded === null) provable = false;
    else if (expanded !== 'no star') columns.push(...expanded);
    else {
      const name = textAt(target, 'name');
      columns.push({ name: name === '' ? columnName(value) : name, flow: a.expression(value, scope) });
    }
  }
  return provable ? columns : null;
}

function expandStar(a: Analysis, value: Tree, scope: Scope): QueryColumns | 'no star' {
  const reference = payload(value, 'ColumnRef');
  if (reference !== null) {
    const fields = listAt(reference, 'fields');
    const last = fields.at(-1);
    if (last === undefined || payload(last, 'A_Star') === null) return 'no star';
    const path = wordsOf(fields);
    const entries = path.length === 0 ? scope.items.flatMap((item) => item.entries) : [entryNamed(path, scope)];
    for (const entry of entries) noted(a, entry?.columns ?? null);
    return starOf(path, scope);
  }
  const step = payload(value, 'A_Indirection');
  const last = step === null ? undefined : listAt(step, 'indirection').at(-1);
  if (step === null || last === undefined || payload(last, 'A_Star') === null) return 'no star';
  const argument = childAt(step, 'arg', 'ColumnRef');
  const meaning = argument === null ? null : meaningOf(wordsAt(argument, 'fields'), scope);
  if (meaning?.type === 'row' && listAt(step, 'indirection').length === 1)
    return noted(a, meaning.entry.ordered ? meaning.entry.columns : null);
  a.expression(value, scope);
  return null;
}

function starOf(path: readonly string[], scope: Scope): QueryColumns {
  if (path.length > 0) {
    const entry = entryNamed(path, scope);
    return entry?.ordered === true ? entry.columns : null;
  }
  const columns: OutColumn[] = [];
  for (const item of scope.items) {
    if (item.star === null) return null;
    columns.push(...item.star);
  }
  return columns;
}

function noted(a: Analysis, columns: QueryColumns): QueryColumns {
  for (const column of columns ?? []) a.facts.flow(column.flow);
  return columns;
}

/** ORDER BY, GROUP BY and DISTINCT ON may name a result column; such a name is nothing new. */
function readOrdering(a: Analysis, items: readonly Tree[], scope: Scope, columns: QueryColumns): void {
  for (const item of items) {
    const value = childAt({ item }, 'item', 'SortBy');
    const reference = payload(value === null ? item : (treeAt(value, 'node') ?? {}), 'ColumnRef');
    const path = reference === null ? [] : wordsAt(reference, 'fields');
    const [name] = path;
    const isResult = path.length === 1 && columns?.some((column) => column.name === name) === true;
    if (!isResult || value?.useOp !== undefined) a.expression(item, scope);
  }
}

/** FOR UPDATE and its like take row locks; PostgreSQL itself refuses them in a read-only transaction. The names in OF are aliases. */
function readLocking(a: Analysis, select: Tree): void {
  for (const item of listAt(select, 'lockingClause')) {
    const clause = payload(item, 'LockingClause');
    for (const name of clause === null ? [] : listAt(clause, 'lockedRels'))
      a.understood.add(payload(name, 'RangeVar') ?? name);
    if (a.mode !== 'run') continue;
    a.facts.raise('write');
    a.facts.effect('lock');
  }
}

/** Defines the common table expressions of a WITH clause in `scope`, in order. */
export function readWith(a: Analysis, clause: Tree | null, scope: Scope): void {
  if (clause === null) return;
  const recursive = flagAt(clause, 'recursive');
  const tables = payloadsAt(clause, 'ctes', 'CommonTableExpr');
  // In WITH RECURSIVE any name may be used before it is defined.
  if (recursive) for (const table of tables) scope.commonTables.set(textAt(table, 'ctename'), { columns: null });
  for (const table of tables) {
    const name = textAt(table, 'ctename');
    const rename = (columns: QueryColumns): QueryColumns =>
      withExtras(table, renamed(columns, wordsAt(table, 'aliascolnames')));
    const query = treeAt(table, 'ctequery') ?? {};
    const select = payload(query, 'SelectStmt');
    const left = select === null ? null : treeAt(select, 'larg');
    const right = select === null ? null : treeAt(select, 'rarg');
    if (recursive && select !== null && left !== null && right !== null) {
      readRecursive(a, { name, select, left, right, rename }, scope);
    } else {
      scope.commonTables.set(name, { columns: rename(readStatement(a, query, scope)) });
    }
    for (const field of ['search_clause', 'cycle_clause']) a.expression(table[field], scope);
  }
}

function readStatement(a: Analysis, query: Tree, scope: Scope): QueryColumns {
  const [tag] = Object.keys(query);
  const node = tag === undefined ? null : payload(query, tag);
  if (tag === undefined || node === null) return null;
  return tag === 'SelectStmt' ? a.query(node, scope) : a.change(tag, node, scope);
}

interface RecursiveTable {
  readonly name: string;
  readonly select: Tree;
  readonly left: Tree;
  readonly right: Tree;
  rename(columns: QueryColumns): QueryColumns;
}

/** Rounds until the lineage no longer grows: the recursive part may move columns about. */
function readRecursive(a: Analysis, table: RecursiveTable, scope: Scope): void {
  a.understood.add(table.select);
  const inner = emptyScope(scope);
  readWith(a, treeAt(table.select, 'withClause'), inner);
  let columns = table.rename(a.query(table.left, inner));
  for (let round = 0; round < maxRecursionRounds; round += 1) {
    scope.commonTables.set(table.name, { columns });
    const next = united(columns, table.rename(a.query(table.right, inner)));
    const stable =
      next !== null &&
      columns !== null &&
      next.every((column, index) => sameFlow(column.flow, columns?.[index]?.flow ?? nothing));
    columns = next;
    if (stable || columns === null) break;
    if (round === maxRecursionRounds - 1) columns = columns.map((column) => ({ name: column.name, flow: notProvable }));
  }
  scope.commonTables.set(table.name, { columns });
  for (const key of ['sortClause', 'limitCount', 'limitOffset'])
    if (key !== 'sortClause') a.expression(table.select[key], inner);
  readOrdering(a, listAt(table.select, 'sortClause'), inner, columns);
}

function renamed(columns: QueryColumns, names: readonly string[]): QueryColumns {
  return columns?.map((column, index) => ({ name: names[index] ?? column.name, flow: column.flow })) ?? null;
}

/** SEARCH and CYCLE add columns that are made of the listed ones. */
function withExtras(table: Tree, columns: QueryColumns): QueryColumns {
  const search = treeAt(table, 'search_clause');
  const cycle = treeAt(table, 'cycle_clause');
  if (columns === null || (search === null && cycle === null)) return columns;
  const all = merged(columns.map((column) => column.flow));
  const added = [
    ...(search === null ? [] : [{ name: textAt(search, 'search_seq_column'), flow: all }]),
    ...(cycle === null
      ? []
      : [
          { name: textAt(cycle, 'cycle_mark_column'), flow: nothing },
          { name: textAt(cycle, 'cycle_path_column'), flow: all },
        ]),
  ];
  const present = new Set(columns.map((column) => column.name));
  return [...columns, ...added.filter((column) => !present.has(column.name))];
}
