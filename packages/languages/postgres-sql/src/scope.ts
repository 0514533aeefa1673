/** What a name inside a query can mean: the FROM items, the common table expressions and the queries around it. */
import type { ColumnRef, ObjectRef } from '@sluice/domain';
import type { CatalogueRelation } from './context.ts';
import { type Flow, fromColumn, fromWholeRow, merged, nothing, notProvable } from './lineage.ts';
import type { Names, ResolvedRelation } from './names.ts';
import type { Tree } from './tree.ts';

export interface OutColumn {
  readonly name: string;
  readonly flow: Flow;
}

/** One thing that FROM names. */
export interface Entry {
  readonly alias: string;
  /** Schema by which `schema.table.column` may name it; null when it has an alias or is no stored relation. */
  readonly schema: string | null;
  readonly relation: ObjectRef | null;
  /** In order; null: not known. */
  readonly columns: readonly OutColumn[] | null;
  /** False when the names in `columns` are known but not their order. */
  readonly ordered: boolean;
  /** What flows into a column that `columns` does not list. */
  readonly anyColumn: Flow;
  readonly wholeRow: Flow;
}

/** One item of the FROM list: a relation, or a join of several. `star` is what `*` expands to; null: not known. */
export interface FromItem {
  readonly entries: readonly Entry[];
  readonly star: readonly OutColumn[] | null;
}

/** Result columns of a common table expression; null: not known. */
export interface CommonTable {
  readonly columns: readonly OutColumn[] | null;
}

export interface Scope {
  readonly parent: Scope | null;
  readonly items: FromItem[];
  readonly commonTables: Map<string, CommonTable>;
  /** The query's own WHERE, for the few proofs that need a column pinned to a constant. */
  readonly where: Tree | null;
}

export type ColumnMeaning =
  | { readonly type: 'column'; readonly flow: Flow; readonly entry: Entry | null; readonly column: ColumnRef | null }
  | { readonly type: 'row'; readonly flow: Flow; readonly entry: Entry }
  /** `row.name` where the row has no such column: PostgreSQL then calls a function of that name. */
  | { readonly type: 'call'; readonly name: string; readonly flow: Flow; readonly certain: boolean }
  | { readonly type: 'unresolved' };

/** They carry no stored value. Only `ctid` tells rows apart. */
const systemColumns: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);
const rowAddress = 'ctid';

export function emptyScope(parent: Scope | null, where: Tree | null = null): Scope {
  return { parent, items: [], commonTables: new Map(), where };
}

/** The scope of a FROM item that cannot see its neighbours: the same, without this query's items. */
export function withoutItems(scope: Scope): Scope {
  return { parent: scope.parent, items: [], commonTables: scope.commonTables, where: null };
}

export function findCommonTable(scope: Scope | null, name: string): CommonTable | null {
  for (let level = scope; level !== null; level = level.parent) {
    const found = level.commonTables.get(name);
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * The FROM entry of a stored relation. `aliasColumns` rename its first columns; `answered` is what functions of a view's query may put
 * into those of its columns that are no bare ones.
 */
export function relationEntry(
  names: Names,
  resolved: ResolvedRelation,
  alias: string | null,
  aliasColumns: readonly string[],
  answered: Flow = nothing,
): Entry {
  const { ref, relation, system } = resolved;
  const columnOf = (column: string): ColumnRef => ({ schema: ref.schema, relation: ref.name, column });
  const behind = relation !== null && relation.dependsOn.length > 0 ? names.behind(relation) : null;
  const flowOf = (column: {
    readonly name: string;
    readonly origin?: { relation: number; attribute: number } | null;
  }): Flow => {
    if (behind === null) return withAnswers(storedFlow(names, relation, columnOf(column.name)), answered);
    const origin = column.origin === undefined || column.origin === null ? null : column.origin;
    const source = origin === null ? null : names.byOid(origin.relation);
    const sourceColumn = source?.columns.find((candidate) => candidate.attribute === origin?.attribute) ?? null;
    // Only a stored table ends the search: a view under a view falls back to everything that is behind it.
    const exact = source !== null && sourceColumn !== null && source.dependsOn.length === 0;
    const under = exact ? familyOf(names, source, sourceColumn.name) : behind.columns;
    const flow: Flow = { known: true, direct: exact, columns: [columnOf(column.name), ...under], wholeRows: [] };
    return exact ? flow : withAnswers(flow, answered);
  };
  const known = relation?.columns ?? (system === null ? null : system.columns.map((name) => ({ name })));
  const columns = resolved.problem === null || known !== null ? known : null;
  return {
    alias: alias ?? ref.name,
    schema: alias === null ? ref.schema : null,
    relation: ref,
    columns:
      resolved.problem !== null
        ? null
        : (columns?.map((column, index) => ({ name: aliasColumns[index] ?? column.name, flow: flowOf(column) })) ??
          null),
    ordered: relation !== null || system?.samePositions === true,
    anyColumn: notProvable,
    wholeRow:
      resolved.problem !== null
        ? notProvable
        : withAnswers(rowFlow(names, relation, ref, behind?.columns ?? []), answered),
  };
}

/** A whole row of a relation; a parent's rows are its children's. */
function rowFlow(
  names: Names,
  relation: CatalogueRelation | null,
  ref: ObjectRef,
  underneath: readonly ColumnRef[],
): Flow {
  const behind = relation === null ? underneath : [...underneath, ...sourcesOf(relation, () => true)];
  if (relation === null || (relation.parents.length === 0 && relation.children.length === 0))
    return fromWholeRow(ref, behind);
  const family = names
    .family(relation)
    .map((one) => ({ type: 'relation', schema: one.schema, name: one.name }) as const);
  return { known: true, direct: false, columns: behind, wholeRows: [ref, ...family] };
}

function withAnswers(flow: Flow, answered: Flow): Flow {
  return answered.known && answered.columns.length === 0 && answered.wholeRows.length === 0
    ? flow
    : merged([flow, answered]);
}

/**
 * A stored column: itself, last, and before it the columns of its name in what it inherits from or is a partition of, and in what
 * inherits from it. The same values stand in all of them, so a rule about one is a rule about all.
 */
function storedFlow(names: Names, relation: CatalogueRelation | null, column: ColumnRef): Flow {
  if (relation === null) return fromColumn(column);
  return { known: true, direct: true, columns: [...familyOf(names, relation, column.column)], wholeRows: [] };
}

function familyOf(names: Names, relation: CatalogueRelation, column: string): readonly ColumnRef[] {
  const own: ColumnRef = { schema: relation.schema, relation: relation.name, column };
  const sources = sourcesOf(relation, (name) => name === column);
  if (relation.parents.length === 0 && relation.children.length === 0) return [...sources, own];
  const family = names
    .family(relation)
    .filter((one) => one.columns.some(({ name }) => name === column))
    .map((one) => ({ schema: one.schema, relation: one.name, column }));
  return [...sources, ...family, own];
}

/** The columns that its generated columns are made of. */
function sourcesOf(relation: CatalogueRelation, isMeant: (column: string) => boolean): readonly ColumnRef[] {
  const attributes = new Set(relation.columns.filter(({ name }) => isMeant(name)).flatMap(({ madeOf = [] }) => madeOf));
  return relation.columns
    .filter(({ attribute }) => attributes.has(attribute))
    .map(({ name }) => ({ schema: relation.schema, relation: relation.name, column: name }));
}

/** The FROM entry of a subquery, common table expression, function or VALUES list. */
export function derivedEntry(
  alias: string,
  columns: readonly OutColumn[] | null,
  anyColumn: Flow,
  aliasColumns: readonly string[],
): Entry {
  const renamed =
    columns?.map((column, index) => ({ name: aliasColumns[index] ?? column.name, flow: column.flow })) ?? null;
  return {
    alias,
    schema: null,
    relation: null,
    columns: renamed,
    ordered: true,
    anyColumn,
    wholeRow: renamed === null ? anyColumn : merged(renamed.map((column) => column.flow)),
  };
}

export function itemOf(entry: Entry): FromItem {
  return { entries: [entry], star: entry.ordered ? entry.columns : null };
}

/** The meaning of `name`, `relation.name`, `schema.relation.name` or `database.schema.relation.name`, from the innermost query outwards. */
export function meaningOf(path: readonly string[], scope: Scope): ColumnMeaning {
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const meaning = path.length === 1 ? bareMeaning(path[0] ?? '', level) : qualifiedMeaning(path, level);
    if (meaning.type !== 'unresolved') return meaning;
  }
  if (path.length === 1) return rowMeaning(path[0] ?? '', scope);
  return { type: 'unresolved' };
}

function bareMeaning(name: string, level: Scope): ColumnMeaning {
  const flows: Flow[] = [];
  let entry: Entry | null = null;
  let open = false;
  for (const item of level.items) {
    if (item.star !== null && item.entries.length > 1)
      flows.push(...item.star.filter((column) => column.name === name).map((column) => column.flow));
    for (const candidate of item.entries) {
      const found = candidate.columns?.filter((column) => column.name === name) ?? [];
      if (found.length > 0) {
        entry ??= candidate;
        flows.push(...found.map((column) => column.flow));
      } else if (candidate.columns === null) {
        open = true;
        flows.push(candidate.anyColumn);
      }
    }
  }
  if (flows.length > 0)
    return { type: 'column', flow: soleOrMerged(flows), entry, column: open ? null : storedColumn(entry, name) };
  const stored = systemColumns.has(name)
    ? level.items.flatMap((item) => item.entries).find((candidate) => candidate.relation !== null)
    : undefined;
  return stored === undefined ? { type: 'unresolved' } : systemColumn(stored, name);
}

function systemColumn(entry: Entry, name: string): ColumnMeaning {
  return { type: 'column', flow: nothing, entry: name === rowAddress ? entry : null, column: null };
}

function qualifiedMeaning(path: readonly string[], level: Scope): ColumnMeaning {
  const name = path.at(-1) ?? '';
  const entry = findEntry(path.slice(0, -1), level);
  if (entry === null) return { type: 'unresolved' };
  const found = entry.columns?.filter((column) => column.name === name) ?? [];
  if (found.length > 0)
    return {
      type: 'column',
      flow: soleOrMerged(found.map((column) => column.flow)),
      entry,
      column: storedColumn(entry, name),
    };
  if (entry.relation !== null && systemColumns.has(name)) return systemColumn(entry, name);
  return {
    type: 'call',
    name,
    flow: entry.columns === null ? entry.anyColumn : entry.wholeRow,
    certain: entry.columns !== null,
  };
}

/** The innermost entry that `alias`, `schema.relation` or `database.schema.relation` names. */
function findEntry(path: readonly string[], level: Scope): Entry | null {
  const alias = path.at(-1);
  const schema = path.length > 1 ? path.at(-2) : null;
  for (const item of level.items) {
    for (const entry of item.entries) {
      if (entry.alias === alias && (schema === null || entry.schema === schema)) return entry;
    }
  }
  return null;
}

/** Finds the entry for `relation.*`, from the innermost query outwards. */
export function entryNamed(path: readonly string[], scope: Scope): Entry | null {
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const entry = findEntry(path, level);
    if (entry !== null) return entry;
  }
  return null;
}

function rowMeaning(name: string, scope: Scope): ColumnMeaning {
  const entry = entryNamed([name], scope);
  return entry === null ? { type: 'unresolved' } : { type: 'row', flow: entry.wholeRow, entry };
}

function storedColumn(entry: Entry | null, name: string): ColumnRef | null {
  const flow = entry?.columns?.find((column) => column.name === name)?.flow;
  return flow?.known === true && flow.direct ? (flow.columns.at(-1) ?? null) : null;
}

/** A bare column stays bare; the same column found twice (a join's merged column) is still that one. */
function soleOrMerged(flows: readonly Flow[]): Flow {
  const [first] = flows;
  return flows.length === 1 && first !== undefined ? first : merged(flows);
}
