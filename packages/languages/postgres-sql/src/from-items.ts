/** Reads the items of FROM, USING and MERGE's source, and puts them in scope. */
import { type Analysis, resolveRangeVar } from './analysis.ts';
import { callStored } from './calls.ts';
import { entryOf, withoutRowNames } from './entries.ts';
import { callByName, callName } from './function-calls.ts';
import { type Flow, merged, nothing, notProvable } from './lineage.ts';
import { readRelation } from './reach.ts';
import {
  derivedEntry,
  type Entry,
  emptyScope,
  type FromItem,
  findCommonTable,
  itemOf,
  type OutColumn,
  type Scope,
  withoutItems,
} from './scope.ts';
import { systemFunctionColumns } from './system-function-columns.ts';
import { flagAt, itemsOf, listAt, payload, payloadsOf, type Tree, textAt, treeAt, unwrap, wordsAt } from './tree.ts';

/** Functions whose row shape depends on their arguments: the names of their columns are not known here. */
const shapeless =
  /^(unnest|json_populate_record(set)?|jsonb_populate_record(set)?|json_to_record(set)?|jsonb_to_record(set)?)$/;
const sampleMethods: ReadonlySet<string> = new Set(['bernoulli', 'system']);

/** Reads one item and adds it to the scope's items. */
export function readFromItem(a: Analysis, item: Tree, scope: Scope): void {
  scope.items.push(fromItem(a, item, scope));
}

function fromItem(a: Analysis, item: Tree, scope: Scope): FromItem {
  const { tag, node } = unwrap(item);
  switch (tag) {
    case 'RangeVar':
      return itemOf(rangeVar(a, node, scope));
    case 'RangeSubselect':
      return itemOf(subselect(a, node, scope));
    case 'RangeFunction':
      return itemOf(rangeFunction(a, node, scope));
    case 'JoinExpr':
      return join(a, node, scope);
    case 'RangeTableSample': {
      const sampled = fromItem(a, treeAt(node, 'relation') ?? {}, scope);
      const method = wordsAt(node, 'method');
      if (method.length > 1 || !sampleMethods.has(method[0] ?? ''))
        callByName(a, method.at(-1) ?? '', method.length > 1 ? (method.at(-2) ?? null) : null);
      a.expression(node.args, scope);
      a.expression(node.repeatable, scope);
      return sampled;
    }
    case 'RangeTableFunc':
    case 'JsonTable': {
      const flow = withoutRowNames(
        a,
        merged(
          Object.keys(node)
            .filter((key) => key !== 'alias')
            .map((key) => a.expression(node[key], scope)),
        ),
      );
      const columns = tableFunctionColumns(listAt(node, 'columns')).map((name) => ({ name, flow }));
      return itemOf(
        derivedEntry(
          aliasOf(node).name ?? (tag === 'JsonTable' ? 'json_table' : 'xmltable'),
          columns,
          flow,
          aliasOf(node).columns,
        ),
      );
    }
    default:
      a.facts.incomplete(`has a FROM item of an unknown kind`);
      a.expression(item, scope);
      return itemOf(derivedEntry('', null, notProvable, []));
  }
}

/** `AS name(column, …)`. */
function aliasOf(node: Tree): { readonly name: string | null; readonly columns: readonly string[] } {
  const alias = treeAt(node, 'alias');
  return alias === null
    ? { name: null, columns: [] }
    : { name: textAt(alias, 'aliasname'), columns: wordsAt(alias, 'colnames') };
}

function rangeVar(a: Analysis, node: Tree, scope: Scope): Entry {
  const alias = aliasOf(node);
  const name = textAt(node, 'relname');
  const common = textAt(node, 'schemaname') === '' ? findCommonTable(scope, name) : null;
  if (common !== null) {
    a.understood.add(node);
    return derivedEntry(alias.name ?? name, common.columns, notProvable, alias.columns);
  }
  const resolved = resolveRangeVar(a, node);
  readRelation(a, resolved);
  return entryOf(a, resolved, alias.name, alias.columns);
}

function subselect(a: Analysis, node: Tree, scope: Scope): Entry {
  const select = payload(treeAt(node, 'subquery') ?? {}, 'SelectStmt');
  const columns = select === null ? null : a.query(select, flagAt(node, 'lateral') ? scope : withoutItems(scope));
  const alias = aliasOf(node);
  return derivedEntry(alias.name ?? '', columns, notProvable, alias.columns);
}

function rangeFunction(a: Analysis, node: Tree, scope: Scope): Entry {
  const alias = aliasOf(node);
  const functions = listAt(node, 'functions').map((item) => itemsOf(item));
  const parts = functions.map(([call, definitions]) =>
    functionColumns(a, call ?? {}, [...itemsOf(definitions ?? {}), ...listAt(node, 'coldeflist')], scope, alias.name),
  );
  const known = parts.every((part) => part.columns !== null);
  const columns = known ? parts.flatMap((part) => part.columns ?? []) : null;
  const ordinality = flagAt(node, 'ordinality') ? [{ name: 'ordinality', flow: nothing }] : [];
  const name = alias.name ?? callName(functions[0]?.[0] ?? {});
  const flow = merged(parts.map((part) => part.flow));
  // An alias list names every column, so it also tells the shape of a function that has none of its own.
  const listed = columns ?? (alias.columns.length > 0 ? alias.columns.map((column) => ({ name: column, flow })) : null);
  return derivedEntry(
    name,
    listed === null ? null : [...listed, ...(columns === null ? [] : ordinality)],
    flow,
    alias.columns,
  );
}

interface FunctionPart {
  readonly columns: readonly OutColumn[] | null;
  readonly flow: Flow;
}

function functionColumns(
  a: Analysis,
  call: Tree,
  definitions: readonly Tree[],
  scope: Scope,
  alias: string | null,
): FunctionPart {
  const flow = merged([a.expression(call, scope)]);
  for (const definition of definitions) a.expression(definition, emptyScope(scope));
  const defined = payloadsOf(definitions, 'ColumnDef');
  if (defined.length > 0)
    return { columns: defined.map((column) => ({ name: textAt(column, 'colname'), flow })), flow };
  const name = callName(call);
  const own = a.callColumns.get(payload(call, 'FuncCall') ?? call);
  if (own !== undefined) {
    const columns = own?.map((column) => ({
      name: column.name === '' ? (alias ?? name) : column.name,
      flow: column.flow,
    }));
    return { columns: columns ?? null, flow };
  }
  const named = systemFunctionColumns.get(name);
  if (named !== undefined && named.length > 1)
    return { columns: named.map((column) => ({ name: column, flow })), flow };
  const simple =
    flow.known &&
    flow.wholeRows.length === 0 &&
    (name === 'unnest' ? flow.columns.length === 0 : !shapeless.test(name));
  if (!simple) return { columns: null, flow };
  // A single OUT parameter's name goes before the alias (chooseScalarFunctionAlias in parse_relation.c).
  return { columns: [{ name: named?.[0] ?? alias ?? name, flow }], flow };
}

function tableFunctionColumns(columns: readonly Tree[]): readonly string[] {
  return columns.flatMap((item) => {
    const { node } = unwrap(item);
    if (textAt(node, 'coltype') === 'JTC_NESTED') return tableFunctionColumns(listAt(node, 'columns'));
    return [textAt(node, 'colname') || textAt(node, 'name')];
  });
}

/** A join's `*`: the merged columns first, then the rest of the left side, then the rest of the right (SQL:2016 7.10). */
function join(a: Analysis, node: Tree, scope: Scope): FromItem {
  // USING and NATURAL compare by the operator of that name.
  if (flagAt(node, 'isNatural') || node.usingClause !== undefined)
    callStored(a, a.names.operatorFunctions(null, '=') ?? []);
  const left = fromItem(a, treeAt(node, 'larg') ?? {}, scope);
  // The right side may see the left one when it is LATERAL.
  const beside: Scope = { ...withoutItems(scope), items: [...scope.items, left] };
  const right = fromItem(a, treeAt(node, 'rarg') ?? {}, beside);
  a.expression(node.quals, { ...beside, items: [...beside.items, right] });
  const star = joinedColumns(
    left.star,
    right.star,
    flagAt(node, 'isNatural') ? 'natural' : wordsAt(node, 'usingClause'),
  );
  const alias = aliasOf(node);
  if (alias.name !== null) {
    const all = [...left.entries, ...right.entries].map((entry) => entry.wholeRow);
    return itemOf(derivedEntry(alias.name, star, star === null ? notProvable : merged(all), alias.columns));
  }
  return { entries: [...left.entries, ...right.entries, ...mergedAlias(node, star)], star };
}

/** `JOIN … USING (id) AS j`: `j` holds the merged columns only. */
function mergedAlias(node: Tree, star: readonly OutColumn[] | null): readonly Entry[] {
  const alias = treeAt(node, 'join_using_alias');
  if (alias === null) return [];
  const names = wordsAt(node, 'usingClause');
  const columns = star?.filter((column) => names.includes(column.name)).slice(0, names.length) ?? null;
  return [derivedEntry(textAt(alias, 'aliasname'), columns, notProvable, wordsAt(alias, 'colnames'))];
}

function joinedColumns(
  left: readonly OutColumn[] | null,
  right: readonly OutColumn[] | null,
  using: readonly string[] | 'natural',
): readonly OutColumn[] | null {
  if (left === null || right === null) return null;
  const rightNames = new Set(right.map((column) => column.name));
  const names = using === 'natural' ? left.map((column) => column.name).filter((name) => rightNames.has(name)) : using;
  const shared = names.map((name): OutColumn => {
    const both = [...left, ...right].filter((column) => column.name === name).map((column) => column.flow);
    return { name, flow: merged(both) };
  });
  const rest = (columns: readonly OutColumn[]): readonly OutColumn[] =>
    columns.filter((column) => !names.includes(column.name));
  return [...shared, ...rest(left), ...rest(right)];
}
