/**
 * What only the client's session sees: its temporary objects, and what its open transaction made, changed or dropped. Read in that
 * session by constant texts, and laid over the catalogue that the control session reads.
 */
import type { OwnCatalogue } from '@sluice/language-postgres-sql';
import { assembleCatalogue, type LoadedCatalogue, readCatalogueRows } from './catalogue.ts';
import { columnsText, dependenciesText, functionsText, relationsText, viewTreesText } from './catalogue-queries.ts';
import { bodiesText, expressionsText, rulesText, triggersText } from './definition-queries.ts';
import type { TextRows } from './target-side.ts';

/** A transaction's own changes carry its number or a later one (its savepoints'); `age` counts from the transaction's own. */
const isOwn = (row: string): string => `pg_catalog.age(${row}.xmin) <= 0`;
const temporary = 'pg_catalog.pg_my_temp_schema()';

const ownRelations = `SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.relnamespace = ${temporary} OR ${isOwn('c')}
UNION SELECT a.attrelid FROM pg_catalog.pg_attribute AS a WHERE ${isOwn('a')}
UNION SELECT w.ev_class FROM pg_catalog.pg_rewrite AS w WHERE ${isOwn('w')}
UNION SELECT t.tgrelid FROM pg_catalog.pg_trigger AS t WHERE ${isOwn('t')}
UNION SELECT k.conrelid FROM pg_catalog.pg_constraint AS k WHERE ${isOwn('k')}
UNION SELECT d.adrelid FROM pg_catalog.pg_attrdef AS d WHERE ${isOwn('d')}
UNION SELECT y.polrelid FROM pg_catalog.pg_policy AS y WHERE ${isOwn('y')}
UNION SELECT i.indrelid FROM pg_catalog.pg_index AS i WHERE ${isOwn('i')}
UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE ${isOwn('h')}
UNION SELECT h.inhparent FROM pg_catalog.pg_inherits AS h WHERE ${isOwn('h')}`;
const ownFunctions = `SELECT p.oid FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = ${temporary} OR ${isOwn('p')}`;

/** The texts of the shared catalogue whose first column is an oid, narrowed to what is this session's own. The others are read whole. */
const narrowed: ReadonlyMap<string, string> = new Map([
  ...[relationsText, columnsText, dependenciesText, viewTreesText, triggersText, rulesText, expressionsText].map(
    (text) => [text, narrow(text, ownRelations)] as const,
  ),
  ...[functionsText, bodiesText].map((text) => [text, narrow(text, ownFunctions)] as const),
]);

function narrow(text: string, own: string): string {
  const all = text
    .replace(/\s+LIMIT \d+$/, '')
    .replace(
      "n.nspname !~ '^pg_(toast|temp_|toast_temp_)'",
      `(n.nspname !~ '^pg_(toast|temp_|toast_temp_)' OR n.oid = ${temporary})`,
    );
  const limit = / LIMIT (\d+)$/.exec(text)?.[1] ?? '20001';
  return `SELECT * FROM (${all}) AS q (k) WHERE q.k = ANY (ARRAY(${own})) LIMIT ${limit}`;
}

/** Every relation and function of people that this session sees, and how many enabled rules and triggers a relation has. */
const presentText = `SELECT 'c', c.oid, 0 FROM pg_catalog.pg_class AS c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'v', 'm', 'f', 'S', 'p', 'c')
UNION ALL SELECT 'p', p.oid, 0 FROM pg_catalog.pg_proc AS p WHERE p.oid >= 16384
UNION ALL SELECT 'w', w.ev_class, pg_catalog.count(*) FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
  WHERE c.oid >= 16384 AND w.ev_enabled <> 'D' AND NOT (c.relkind IN ('v', 'm') AND w.rulename = '_RETURN') GROUP BY w.ev_class
UNION ALL SELECT 't', t.tgrelid, pg_catalog.count(*) FROM pg_catalog.pg_trigger AS t WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' GROUP BY t.tgrelid
LIMIT 80001`;

/** Inside a transaction the reading stands in a savepoint: where a text fails (a timeout of the client's), the transaction lives on. */
export const ownSavepointTexts = {
  begin: 'SAVEPOINT sluice_own',
  undo: 'ROLLBACK TO SAVEPOINT sluice_own',
  end: 'RELEASE SAVEPOINT sluice_own',
} as const;

export interface OwnView {
  readonly catalogue: OwnCatalogue;
  /** The same, with the indexes that the relay needs. */
  readonly loaded: LoadedCatalogue;
  /** `schema.name` of relations that lost a rule or trigger in this transaction: what remains of them is not read again. */
  readonly unsure: readonly string[];
}

/** Null where a text was refused. `ask` may be called again before it answered. */
export async function readOwn(
  ask: (text: string) => Promise<TextRows | null>,
  shared: LoadedCatalogue,
): Promise<OwnView | null> {
  let refused = false;
  const must = async (text: string): Promise<TextRows> => {
    const rows = await ask(text);
    refused ||= rows === null;
    return rows ?? [];
  };
  const [present, rows] = await Promise.all([
    must(presentText),
    readCatalogueRows((text) => must(narrowed.get(text) ?? text)),
  ]);
  if (refused) return null;
  const loaded = assembleCatalogue(shared.data.serverVersion, {
    ...rows,
    relations: rows.relations.map(inOwnSchema),
    functions: rows.functions.map(inOwnSchema),
  });
  return { ...compared(shared, loaded, present), loaded };
}

/** Second column: the schema. */
function inOwnSchema(row: TextRows[number]): TextRows[number] {
  return /^pg_temp_\d+$/.test(row[1] ?? '') ? row.map((value, at) => (at === 1 ? 'pg_temp' : value)) : row;
}

const firstUserOid = 16_384;

function compared(
  shared: LoadedCatalogue,
  loaded: LoadedCatalogue,
  present: TextRows,
): Pick<OwnView, 'catalogue' | 'unsure'> {
  const counts = new Map(present.map(([kind, oid, count]) => [`${kind}${oid}`, Number(count)]));
  const gone = [
    ...shared.data.relations.filter(({ oid }) => oid >= firstUserOid && !counts.has(`c${oid}`)),
    ...shared.data.functions.filter(({ oid }) => oid >= firstUserOid && !counts.has(`p${oid}`)),
  ].map(({ oid }) => oid);
  const unsure = shared.data.relations
    .filter(({ oid }) => counts.has(`c${oid}`) && !loaded.byOid.has(oid))
    .filter(
      ({ oid, rules, triggers }) =>
        rules.length > (counts.get(`w${oid}`) ?? 0) || triggers.length > (counts.get(`t${oid}`) ?? 0),
    )
    .map(({ schema, name }) => `${schema}.${name}`);
  const { relations, functions, operators, casts, domains, eventTriggerFunctions } = loaded.data;
  const key = `${loaded.id}${gone.join(',')}`;
  return {
    catalogue: { key, relations, functions, gone, operators, casts, domains, eventTriggerFunctions },
    unsure,
  };
}
