/** What calling a function does: resolved, judged, and its value's lineage. */
import type { ObjectRef } from '@sluice/domain';

import { revealedBy } from './acting-functions.ts';
import { type Analysis, needCatalogue, visit } from './analysis.ts';
import { callStored, callSystem, callUser } from './calls.ts';
import { withoutRowNames } from './entries.ts';
import { type Flow, merged, nothing, sameFlow } from './lineage.ts';
import type { Scope } from './scope.ts';
import { noteSetting } from './setting-effects.ts';
import { canonicalJson, constantOf, listAt, payload, type Tree, textAt, treeAt, wordsAt } from './tree.ts';

/** Functions whose value tells how many, not what. */
const countingFunctions: ReadonlySet<string> = new Set([
  'count',
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
  'ntile',
]);

/** Functions that leave what they are given where another statement reads it: `pg_locks` shows a lock's key, `random()` its seed. */
const leavesArgument = /^pg_(try_)?advisory_|^setseed$/;

/** Functions that give a row on with its columns' names, so that whoever reads the JSON still finds each value under its name. */
const rowKeepingFunctions: ReadonlySet<string> = new Set(
  `to_json to_jsonb row_to_json json_agg jsonb_agg json_agg_strict jsonb_agg_strict json_strip_nulls jsonb_strip_nulls
  array_agg array_to_json first_value last_value nth_value lag lead unnest`.split(/\s+/),
);

/** Reads a FuncCall payload. */
export function functionCall(a: Analysis, node: Tree, scope: Scope): Flow {
  visit(a);
  a.understood.add(node);
  const argumentFlows = listAt(node, 'args').map((argument) => a.expression(argument, scope));
  const ordered = a.expression(node.agg_order, scope);
  // `mode() WITHIN GROUP (ORDER BY x)` and its like answer with values of x; any other ORDER BY only arranges.
  if (node.agg_within_group === true) argumentFlows.push(ordered);
  a.expression(node.agg_filter, scope);
  a.expression(node.over, scope);
  const { schema, name } = nameOfCall(wordsAt(node, 'funcname'));
  const resolved = a.names.function(schema, name);
  const args = listAt(node, 'args');
  if (schema !== 'pg_catalog' && args.length > 0) needCatalogue(a);
  // `type(value)` may be a cast, before any function of that name.
  if (args.length === 1) callStored(a, a.names.typeFunctions(name));
  if (resolved.origin === 'user') {
    const spread =
      node.func_variadic === true ||
      node.agg_within_group === true ||
      args.some((argument) => payload(argument, 'NamedArgExpr') !== null);
    const { returned, columns } = callUser(a, resolved, node.agg_star === true ? 0 : spread ? null : args.length);
    const given = withoutRowNames(a, merged(argumentFlows));
    a.callColumns.set(
      node,
      columns?.map((column) => ({ name: column.name, flow: merged([column.flow, given]) })) ?? null,
    );
    return merged([returned, given]);
  }
  a.facts.functions.add(`${schema ?? 'pg_catalog'}.${name}`);
  if (countsUp.has(name)) noteSequence(a, args);
  if (makesValues.test(name)) noteMadeValues(a, name, args);
  if (name === 'set_config') settingCall(a, node, scope);
  else callSystem(a, name, args.length);
  const shown = revealedBy(name);
  for (const column of shown) a.facts.column(column);
  if (countingFunctions.has(name)) return nothing;
  const given = merged(argumentFlows);
  if (a.mode === 'run' && leavesArgument.test(name) && !sameFlow(given, nothing))
    a.facts.incomplete('leaves stored values where another statement reads them');
  return merged([
    rowKeepingFunctions.has(name) ? given : withoutRowNames(a, given),
    ...shown.map((column): Flow => ({ known: true, direct: false, columns: [column], wholeRows: [] })),
  ]);
}

export function nameOfCall(words: readonly string[]): { readonly schema: string | null; readonly name: string } {
  return { schema: words.length > 1 ? (words.at(-2) ?? null) : null, name: words.at(-1) ?? '' };
}

/** A call in functional notation (`row.name`), a table sample method: anything that names a function without a FuncCall node. Returns what it adds to its argument's flow. */
export function callByName(a: Analysis, name: string, schema: string | null = null): Flow {
  const resolved = a.names.function(schema, name);
  if (resolved.origin === 'user') return callUser(a, resolved, null).returned;
  a.facts.functions.add(`pg_catalog.${name}`);
  callSystem(a, name, 1);
  return nothing;
}

/** Functions that make values of a type that an argument has or names. */
const makesValues = /^pg_input_|^jsonb?_populate_record/;

function noteMadeValues(a: Analysis, name: string, args: readonly Tree[]): void {
  a.facts.makesValues = true;
  if (!a.names.hasActingTypes || !name.startsWith('pg_input_')) return;
  const named = constantOf(withoutCast(args[1] ?? {}));
  if (typeof named === 'string') callStored(a, a.names.typeFunctions(named));
  else if (a.mode !== 'store') a.facts.incomplete('makes a value of a type that is not known');
}

/** Functions whose first argument names the sequence that they change. */
const countsUp: ReadonlySet<string> = new Set(['nextval', 'setval']);

/** `nextval('orders_id_seq')`: the sequence is written. Which one a computed name means is not provable. */
function noteSequence(a: Analysis, args: readonly Tree[]): void {
  if (a.mode !== 'run') return;
  const named = sequencesNamed(a, withoutCast(args[0] ?? {}));
  if (named === null) a.facts.incomplete('changes a sequence by a computed name');
  else for (const ref of named) a.facts.write(ref);
}

function sequencesNamed(a: Analysis, argument: Tree): readonly ObjectRef[] | null {
  const constant = constantOf(argument);
  if (typeof constant === 'string') {
    const words = namesIn(constant);
    if (words === null) return null;
    const resolved = a.names.relation(words.length > 1 ? (words.at(-2) ?? null) : null, words.at(-1) ?? '');
    return resolved.problem === null ? [resolved.ref] : null;
  }
  const call = payload(argument, 'FuncCall');
  if (call === null || wordsAt(call, 'funcname').at(-1) !== 'pg_get_serial_sequence') return null;
  const table = constantOf(withoutCast(listAt(call, 'args')[0] ?? {}));
  const words = typeof table === 'string' ? namesIn(table) : null;
  if (words === null) return null;
  const { relation } = a.names.relation(words.length > 1 ? (words.at(-2) ?? null) : null, words.at(-1) ?? '');
  const sequences = relation?.sequences.flatMap((oid) => {
    const found = a.names.byOid(oid);
    return found === null ? [] : [{ type: 'relation', schema: found.schema, name: found.name } as const];
  });
  return sequences === undefined || sequences.length === 0 ? null : sequences;
}

/** The parts of a name in a text, as regclass reads it; null when it is not one. */
function namesIn(text: string): readonly string[] | null {
  const form =
    /^\s*(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))*\s*$/;
  if (!form.test(text)) return null;
  const words = text.match(/"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/g) ?? [];
  return words.map((word) => (word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase()));
}

/** `set_config(name, value, is_local)` is SET; with anything but constants it is not provable which one, or what value leaves by it. */
function settingCall(a: Analysis, node: Tree, scope: Scope): void {
  if (a.mode !== 'run') return;
  const args = listAt(node, 'args');
  const [given, value, local] = args.map((argument) => constantOf(withoutCast(argument)));
  const name = given === undefined ? pinnedBy(scope.where, args[0] ?? {}) : given;
  if (typeof name !== 'string' || value === undefined || local === undefined) {
    a.facts.raise('privilege');
    a.facts.effect('widen', null);
    a.facts.incomplete('changes a setting by a computed name or value');
    return;
  }
  noteSetting(a.facts, {
    name,
    value: value === null ? null : String(value),
    local: local === true || /^(t|true|on|1|yes|y)$/i.test(String(local)),
  });
}

/** `set_config(name, …) FROM pg_settings WHERE name = 'x'`, as pg_dump writes it: the constant that WHERE holds the column to. */
function pinnedBy(where: Tree | null, column: Tree): ReturnType<typeof constantOf> {
  if (where === null || payload(column, 'ColumnRef') === null) return undefined;
  const comparison = payload(where, 'A_Expr');
  if (comparison === null || textAt(comparison, 'kind') !== 'AEXPR_OP' || wordsAt(comparison, 'name').join('.') !== '=')
    return undefined;
  const same = canonicalJson(treeAt(comparison, 'lexpr')) === canonicalJson(column);
  return same ? constantOf(treeAt(comparison, 'rexpr')) : undefined;
}

function withoutCast(value: Tree): Tree {
  const cast = payload(value, 'TypeCast');
  const inner = cast === null ? null : treeAt(cast, 'arg');
  return inner === null ? value : withoutCast(inner);
}

/** The name under which FROM shows a function that has no alias. */
export function callName(value: Tree): string {
  const call = payload(value, 'FuncCall');
  return call === null ? '' : (wordsAt(call, 'funcname').at(-1) ?? '');
}
