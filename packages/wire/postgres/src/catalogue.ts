/** Reading a target's catalogue into the shape that the language reads, with the indexes that the relay needs. */
import { createHash } from 'node:crypto';
import type { CatalogueFunction, CatalogueRelation, PostgresCatalogue } from '@sluice/language-postgres-sql';
import { argumentBounds, type DefinitionRows, Definitions, noDefinitions } from './catalogue-definitions.ts';
import {
  columnsText,
  dependenciesText,
  functionsText,
  relationsText,
  versionText,
  viewTreesText,
} from './catalogue-queries.ts';
import {
  bodiesText,
  castsText,
  domainsText,
  eventTriggersText,
  expressionsText,
  inheritanceText,
  operatorsText,
  referencesText,
  rulesText,
  sequencesText,
  triggersText,
} from './definition-queries.ts';
import {
  maxCatalogueColumns,
  maxCatalogueDependencies,
  maxCatalogueFunctions,
  maxCatalogueRelations,
} from './limits.ts';
import type { PostgresTarget, TextRows } from './target-side.ts';
import { type ColumnOrigin, viewColumnOrigins } from './view-origins.ts';

type CatalogueColumn = CatalogueRelation['columns'][number];

export interface LoadedCatalogue {
  /** Changes with the content. */
  readonly id: string;
  readonly data: PostgresCatalogue;
  readonly byOid: ReadonlyMap<number, CatalogueRelation>;
  readonly byName: ReadonlyMap<string, CatalogueRelation>;
  readonly schemas: readonly string[];
  /** Version of each relation's and function's definition, by `nameKey`. */
  readonly versions: ReadonlyMap<string, string>;
}

const kinds: Readonly<Record<string, CatalogueRelation['kind']>> = {
  r: 'table',
  v: 'view',
  m: 'materialized-view',
  f: 'foreign-table',
  S: 'sequence',
  p: 'partitioned-table',
  c: 'composite',
};
const functionKinds: Readonly<Record<string, CatalogueFunction['kind']>> = {
  f: 'function',
  p: 'procedure',
  a: 'aggregate',
  w: 'window',
};
const volatilities: Readonly<Record<string, CatalogueFunction['volatility']>> = {
  i: 'immutable',
  s: 'stable',
  v: 'volatile',
};

/** Throws SluiceError with what the target said. Beyond a bound the catalogue is empty: unknown names make facts incomplete. */
export async function loadCatalogue(session: PostgresTarget): Promise<LoadedCatalogue> {
  const serverVersion = Number((await session.query(versionText))[0]?.[0] ?? 0);
  // One snapshot, so that columns and relations agree.
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  try {
    let last: Promise<unknown> = Promise.resolve();
    const rows = await readCatalogueRows((text) => {
      const answer = last.then(() => session.query(text));
      last = answer;
      return answer;
    });
    return assembleCatalogue(serverVersion, rows);
  } finally {
    await session.query('ROLLBACK');
  }
}

/** Asks every text, one behind the other and without waiting in between. */
export async function readCatalogueRows(ask: (text: string) => Promise<TextRows>): Promise<CatalogueRows> {
  const [relations, columns, dependencies, trees, functions, ...rest] = await Promise.all(
    [
      relationsText,
      columnsText,
      dependenciesText,
      viewTreesText,
      functionsText,
      triggersText,
      rulesText,
      expressionsText,
      referencesText,
      inheritanceText,
      sequencesText,
      bodiesText,
      operatorsText,
      castsText,
      domainsText,
      eventTriggersText,
    ].map(ask),
  );
  const [triggers, rules, expressions, references, inheritance, sequences, bodies, ...last] = rest;
  const [operators, casts, domains, eventTriggers] = last;
  return {
    relations: relations ?? [],
    columns: columns ?? [],
    dependencies: dependencies ?? [],
    trees: trees ?? [],
    functions: functions ?? [],
    definitions: {
      triggers: triggers ?? [],
      rules: rules ?? [],
      expressions: expressions ?? [],
      references: references ?? [],
      inheritance: inheritance ?? [],
      sequences: sequences ?? [],
      bodies: bodies ?? [],
      operators: operators ?? [],
      casts: casts ?? [],
      domains: domains ?? [],
      eventTriggers: eventTriggers ?? [],
    },
  };
}

function isBeyondBounds(rows: CatalogueRows): boolean {
  const { triggers, expressions, references, inheritance, sequences, ...few } = rows.definitions;
  const many = [rows.dependencies, triggers, expressions, references, inheritance, sequences];
  return (
    rows.relations.length > maxCatalogueRelations ||
    rows.columns.length > maxCatalogueColumns ||
    many.some((list) => list.length > maxCatalogueDependencies) ||
    [rows.functions, ...Object.values(few)].some((list) => list.length > maxCatalogueFunctions)
  );
}

const nothingKnown: CatalogueRows = {
  relations: [],
  columns: [],
  dependencies: [],
  trees: [],
  functions: [],
  definitions: noDefinitions,
};

export interface CatalogueRows {
  readonly relations: TextRows;
  readonly columns: TextRows;
  readonly dependencies: TextRows;
  readonly trees: TextRows;
  readonly functions: TextRows;
  readonly definitions: DefinitionRows;
}

/** Beyond a bound nothing is known. */
export function assembleCatalogue(serverVersion: number, read: CatalogueRows): LoadedCatalogue {
  const rows = isBeyondBounds(read) ? nothingKnown : read;
  const trees = new Map(rows.trees.map((row) => [Number(row[0]), row[1] ?? '']));
  const origins = new Map<number, ReadonlyMap<number, ColumnOrigin>>();
  for (const [oid, tree] of trees) origins.set(oid, viewColumnOrigins(tree));
  const { columns, columnVersions } = readColumns(rows.columns, origins);
  const dependsOn = grouped(rows.dependencies, (row) => ({ relation: Number(row[1]), attribute: Number(row[2]) }));
  const definitions = new Definitions(rows.definitions, serverVersion, computingFunctions(rows.functions));
  const triggerVersions = grouped(rows.definitions.triggers, (row) => row[3] ?? '');
  const relations: CatalogueRelation[] = [];
  const versions = new Map<string, string>();
  for (const row of rows.relations) {
    const oid = Number(row[0]);
    const schema = row[1] ?? '';
    const name = row[2] ?? '';
    const kind = kinds[row[3] ?? ''];
    if (kind === undefined) continue;
    const own = columns.get(oid) ?? [];
    const isOwnView = (kind === 'view' || kind === 'materialized-view') && oid >= firstUserOid;
    const defined = definitions.relation(oid, isOwnView ? trees.get(oid) : null);
    relations.push({ oid, schema, name, kind, columns: own, dependsOn: dependsOn.get(oid) ?? [], ...defined });
    const parts = [row[0], row[4], columnVersions.get(oid) ?? '', ...(triggerVersions.get(oid) ?? [])];
    versions.set(nameKey(schema, name), `${parts.join(';')}${JSON.stringify(defined)}`);
  }
  const functions = readFunctions(rows.functions, versions, definitions);
  const { operators, casts, domains, eventTriggerFunctions } = definitions;
  const data: PostgresCatalogue = {
    serverVersion,
    relations,
    functions,
    operators,
    casts,
    domains,
    eventTriggerFunctions,
  };
  return {
    id: createHash('sha256')
      .update(JSON.stringify(data))
      .update([...versions.values()].join('\n'))
      .digest('base64url')
      .slice(0, 22),
    data,
    byOid: new Map(relations.map((relation) => [relation.oid, relation])),
    byName: new Map(relations.map((relation) => [nameKey(relation.schema, relation.name), relation])),
    schemas: [...new Set(relations.map((relation) => relation.schema))],
    versions,
  };
}

/** FirstNormalObjectId of transam.h. */
const firstUserOid = 16_384;

/** The server's own immutable functions: truthfully declared, they cannot act. */
function computingFunctions(rows: TextRows): ReadonlySet<number> {
  return new Set(rows.filter((row) => Number(row[0]) < firstUserOid && row[5] === 'i').map((row) => Number(row[0])));
}

function readColumns(
  rows: TextRows,
  origins: ReadonlyMap<number, ReadonlyMap<number, ColumnOrigin>>,
): { columns: Map<number, CatalogueColumn[]>; columnVersions: Map<number, string> } {
  const columns = new Map<number, CatalogueColumn[]>();
  const columnVersions = new Map<number, string>();
  for (const row of rows) {
    const oid = Number(row[0]);
    const attribute = Number(row[1]);
    const origin = origins.get(oid)?.get(attribute);
    const column: CatalogueColumn = {
      attribute,
      name: row[2] ?? '',
      type: row[3] ?? '',
      notNull: row[4] === 't',
      ...(origin === undefined ? {} : { origin }),
      ...(row[6] === null || row[6] === undefined ? {} : { madeOf: row[6].split(' ').map(Number) }),
    };
    const list = columns.get(oid);
    if (list === undefined) columns.set(oid, [column]);
    else list.push(column);
    columnVersions.set(oid, `${columnVersions.get(oid) ?? ''}${attribute}:${row[3]}:${row[5]},`);
  }
  return { columns, columnVersions };
}

function readFunctions(rows: TextRows, versions: Map<string, string>, definitions: Definitions): CatalogueFunction[] {
  return rows.map((row) => {
    const oid = Number(row[0]);
    const schema = row[1] ?? '';
    const name = row[2] ?? '';
    const key = nameKey(schema, name);
    versions.set(key, `${versions.get(key) ?? ''}${row[8]};`);
    return {
      oid,
      schema,
      name,
      kind: functionKinds[row[3] ?? ''] ?? 'function',
      language: row[4] ?? '',
      volatility: volatilities[row[5] ?? ''] ?? 'volatile',
      returnsSet: row[6] === 't',
      securityDefiner: row[7] === 't',
      ...argumentBounds(row),
      body: definitions.body(oid),
    };
  });
}

function grouped<T>(rows: TextRows, read: (row: readonly (string | null)[]) => T): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const key = Number(row[0]);
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [read(row)]);
    else list.push(read(row));
  }
  return groups;
}

export function nameKey(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}
