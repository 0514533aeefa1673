/** Reading a target's catalogue into the shape that the language reads, with the indexes that the relay needs. */
import { createHash } from 'node:crypto';
import type { CatalogueFunction, CatalogueRelation, PostgresCatalogue } from '@sluice/language-postgres-sql';
import { argumentBounds, type DefinitionRows, Definitions, noDefinitions } from './catalogue-definitions.ts';
import {
  columnsText,
  dependenciesText,
  firstUserOid,
  functionsText,
  halvesText,
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

/** What the server made itself, read once; every catalogue of it begins with this. */
export interface ServerHalf {
  /** The second column of `changeText` before it was read. */
  readonly key: string;
  readonly serverVersion: number;
  readonly relations: readonly CatalogueRelation[];
  readonly functions: readonly CatalogueFunction[];
  readonly columnCount: number;
  /** Its immutable functions: truthfully declared, they cannot act. */
  readonly computing: ReadonlySet<number>;
  readonly versions: ReadonlyMap<string, string>;
  readonly digest: string;
}

/**
 * Reads the catalogue; of the server's own half only where `known` is of another key. Throws SluiceError with what the target said.
 * Beyond a bound the catalogue is empty: unknown names make facts incomplete.
 */
export async function loadCatalogue(
  session: PostgresTarget,
  known: ServerHalf | null = null,
  key = '',
): Promise<{ readonly catalogue: LoadedCatalogue; readonly server: ServerHalf }> {
  const old = known === null || key === '' || known.key !== key;
  const half = old ? serverTexts : [];
  const people = catalogueTexts(halvesText.people);
  // One snapshot, so that columns and relations agree.
  const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY';
  const [, ...answers] = await session.queryAll([begin, ...half, ...people, 'ROLLBACK']);
  const server = old ? serverHalf(key, answers) : known;
  const rows = catalogueRows(answers.slice(half.length));
  return { catalogue: assembleCatalogue(server.serverVersion, rows, server), server };
}

const serverTexts = [
  versionText,
  halvesText.server.relations,
  halvesText.server.columns,
  halvesText.server.functions,
] as const;

function serverHalf(key: string, answers: readonly TextRows[]): ServerHalf {
  const [version, relations = [], columns = [], functions = []] = answers;
  const serverVersion = Number(version?.[0]?.[0] ?? 0);
  const { data, versions, id } = assembleCatalogue(serverVersion, { ...nothingKnown, relations, columns, functions });
  return {
    key,
    serverVersion,
    relations: data.relations,
    functions: data.functions,
    columnCount: columns.length,
    computing: computingFunctions(functions),
    versions,
    digest: id,
  };
}

interface HalfTexts {
  readonly relations: string;
  readonly columns: string;
  readonly functions: string;
}

const wholeTexts: HalfTexts = { relations: relationsText, columns: columnsText, functions: functionsText };

function catalogueTexts({ relations, columns, functions }: HalfTexts): readonly string[] {
  return [
    relations,
    columns,
    dependenciesText,
    viewTreesText,
    functions,
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
  ];
}

/** Asks every text about everything, without waiting in between. */
export async function readCatalogueRows(ask: (text: string) => Promise<TextRows>): Promise<CatalogueRows> {
  return catalogueRows(await Promise.all(catalogueTexts(wholeTexts).map(ask)));
}

function catalogueRows([
  relations,
  columns,
  dependencies,
  trees,
  functions,
  ...rest
]: readonly TextRows[]): CatalogueRows {
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

function isBeyondBounds(rows: CatalogueRows, server: ServerHalf | null): boolean {
  const { triggers, expressions, references, inheritance, sequences, ...few } = rows.definitions;
  const many = [rows.dependencies, triggers, expressions, references, inheritance, sequences];
  return (
    rows.relations.length + (server?.relations.length ?? 0) > maxCatalogueRelations ||
    rows.columns.length + (server?.columnCount ?? 0) > maxCatalogueColumns ||
    rows.functions.length + (server?.functions.length ?? 0) > maxCatalogueFunctions ||
    many.some((list) => list.length > maxCatalogueDependencies) ||
    Object.values(few).some((list) => list.length > maxCatalogueFunctions)
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

/** Beyond a bound nothing is known. `half`: what the rows leave out. */
export function assembleCatalogue(
  serverVersion: number,
  read: CatalogueRows,
  half: ServerHalf | null = null,
): LoadedCatalogue {
  const beyond = isBeyondBounds(read, half);
  const rows = beyond ? nothingKnown : read;
  const server = beyond ? null : half;
  const trees = new Map(rows.trees.map((row) => [Number(row[0]), row[1] ?? '']));
  const origins = new Map<number, ReadonlyMap<number, ColumnOrigin>>();
  for (const [oid, tree] of trees) origins.set(oid, viewColumnOrigins(tree));
  const { columns, columnVersions } = readColumns(rows.columns, origins);
  const dependsOn = grouped(rows.dependencies, (row) => ({ relation: Number(row[1]), attribute: Number(row[2]) }));
  const computing = server?.computing ?? computingFunctions(rows.functions);
  const definitions = new Definitions(rows.definitions, serverVersion, computing);
  const triggerVersions = grouped(rows.definitions.triggers, (row) => row[3] ?? '');
  const relations: CatalogueRelation[] = [];
  const versions = new Map<string, string>(server?.versions);
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
  const further = { operators, casts, domains, eventTriggerFunctions };
  // What stands in the server's half is in its digest.
  const id = createHash('sha256')
    .update(server?.digest ?? '')
    .update(JSON.stringify([serverVersion, relations, functions, further, [...versions]]))
    .digest('base64url')
    .slice(0, 22);
  const all = [...(server?.relations ?? []), ...relations];
  return {
    id,
    data: { serverVersion, relations: all, functions: [...(server?.functions ?? []), ...functions], ...further },
    byOid: new Map(all.map((relation) => [relation.oid, relation])),
    byName: new Map(all.map((relation) => [nameKey(relation.schema, relation.name), relation])),
    schemas: [...new Set(all.map((relation) => relation.schema))],
    versions,
  };
}

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
