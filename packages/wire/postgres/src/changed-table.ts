/** The one table that a plain change of rows writes, for what is kept or shown row by row. */
import type { ReadOutcome, StatementFacts } from '@sluice/domain';
import type { CatalogueRelation } from '@sluice/language-postgres-sql';
import { type LoadedCatalogue, nameKey } from './catalogue.ts';

export type Change = 'insert' | 'update' | 'delete';

export interface ChangedTable {
  readonly statement: StatementFacts;
  readonly table: CatalogueRelation;
  readonly change: Change;
}

const commands: Readonly<Record<string, Change>> = { INSERT: 'insert', UPDATE: 'update', DELETE: 'delete' };

/** Why a message is no plain change whose whole effect is proved and can be taken back, in a clause; null: it is one. */
export function changeProblem(
  outcome: ReadOutcome,
  catalogue: LoadedCatalogue | null,
  /** Whether counting up a sequence is no problem: the change itself is to stand. */
  { sequences }: { readonly sequences: boolean } = { sequences: false },
): string | null {
  const [statement, ...others] = outcome.ok ? outcome.statements : [];
  if (statement === undefined) return 'the statement could not be read';
  if (others.length > 0) return 'there are several statements in one message';
  if (commands[statement.command] === undefined && statement.command !== 'MERGE')
    return `${statement.command} is no plain change of rows`;
  if (!statement.complete) return 'its effect could not be proved';
  if (catalogue === null) return 'the target’s catalogue could not be read';
  return relationProblem(statement, catalogue, sequences) ?? functionProblem(statement, catalogue, sequences);
}

/** The single table behind it; null: the change reaches others, or none is known. */
export function changedTable(outcome: ReadOutcome, catalogue: LoadedCatalogue | null): ChangedTable | null {
  const [statement] = outcome.ok ? outcome.statements : [];
  const change = statement === undefined ? undefined : commands[statement.command];
  const tables = (statement?.writes ?? []).filter(
    ({ schema, name }) => catalogue?.byName.get(nameKey(schema ?? '', name))?.kind !== 'sequence',
  );
  const [written, ...others] = tables;
  if (statement === undefined || change === undefined || written === undefined || others.length > 0) return null;
  const table = catalogue?.byName.get(nameKey(written.schema ?? '', written.name));
  return table?.kind === 'table' ? { statement, table, change } : null;
}

/** Volatile functions of the server's own that leave nothing behind. Every other one may, whatever a rollback takes back. */
const harmless: ReadonlySet<string> = new Set(
  'random clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 random_normal'.split(' '),
);

function functionProblem(statement: StatementFacts, catalogue: LoadedCatalogue, sequences: boolean): string | null {
  for (const full of statement.functions) {
    if (!full.startsWith('pg_catalog.')) return `it reaches the function ${full}`;
    const name = full.slice('pg_catalog.'.length);
    if (sequences && statement.command === 'INSERT' && name === 'nextval') continue;
    if (name === 'current_setting') return 'it reads a setting of its session';
    const overloads = volatilities(catalogue).get(name);
    if ((overloads === undefined || overloads.has('volatile')) && !harmless.has(name))
      return `it calls ${name}, which a rollback may not take back`;
  }
  const acting = statement.effects.find(
    ({ object }) => object?.type === 'function' && !(sequences && object.name === 'nextval'),
  );
  return acting === undefined ? null : `it calls ${acting.object?.name ?? 'a function'}`;
}

function relationProblem(statement: StatementFacts, catalogue: LoadedCatalogue, sequences: boolean): string | null {
  for (const { schema, name } of statement.writes) {
    const full = schema === null ? name : `${schema}.${name}`;
    const relation = catalogue.byName.get(nameKey(schema ?? '', name));
    if (relation === undefined) return `${full} is not known`;
    if (relation.kind === 'sequence' && sequences && statement.command === 'INSERT') continue;
    if (relation.kind === 'sequence') return `it counts up the sequence ${full}, which a rollback does not take back`;
    if (relation.kind !== 'table' && relation.kind !== 'partitioned-table') return `${full} is no table`;
    if (relation.triggers.length > 0) return `${full} has triggers`;
    if (relation.rules.length > 0) return `${full} has rules`;
  }
  return null;
}

const known = new WeakMap<LoadedCatalogue, ReadonlyMap<string, ReadonlySet<string>>>();

/** Volatilities of the server's own functions, by name: of several of one name the worst counts. */
function volatilities(catalogue: LoadedCatalogue): ReadonlyMap<string, ReadonlySet<string>> {
  const before = known.get(catalogue);
  if (before !== undefined) return before;
  const map = new Map<string, Set<string>>();
  for (const { schema, name, volatility } of catalogue.data.functions) {
    if (schema !== 'pg_catalog') continue;
    const set = map.get(name);
    if (set === undefined) map.set(name, new Set([volatility]));
    else set.add(volatility);
  }
  known.set(catalogue, map);
  return map;
}
