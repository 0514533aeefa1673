/** Reading a target's catalogue into the shape that the language reads, with the indexes that the relay needs. */
import { createHash } from 'node:crypto';
import type { CatalogueFunction, CatalogueRelation, PostgresCatalogue } from '@sluice/language-postgres-sql';
import {
  columnsText,
  dependenciesText,
  functionsText,
  relationsText,
  triggersText,
  versionText,
  viewTreesText,
} from './catalogue-queries.ts';
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
    const relations = await session.query(relationsText);
    const columns = await session.query(columnsText);
    const dependencies = await session.query(dependenciesText);
    const trees = await session.query(viewTreesText);
    const triggers = await session.query(triggersText);
    const functions = await session.query(functionsText);
    const over =
      relations.length > maxCatalogueRelations ||
      columns.length > maxCatalogueColumns ||
      Math.max(dependencies.length, triggers.length) > maxCatalogueDependencies ||
      functions.length > maxCatalogueFunctions;
    if (over) return assemble(serverVersion, nothingKnown);
    return assemble(serverVersion, { relations, columns, dependencies, trees, triggers, functions });
  } finally {
    await session.query('ROLLBACK');
  }
}

const nothingKnown: Rows = { relations: [], columns: [], dependencies: [], trees: [], triggers: [], functions: [] };

interface Rows {
  readonly relations: TextRows;
  readonly columns: TextRows;
  readonly dependencies: TextRows;
  readonly trees: TextRows;
  readonly triggers: TextRows;
  readonly functions: TextRows;
}

function assemble(serverVersion: number, rows: Rows): LoadedCatalogue {
  const origins = new Map<number, ReadonlyMap<number, ColumnOrigin>>();
  for (const row of rows.trees) origins.set(Number(row[0]), viewColumnOrigins(row[1] ?? ''));
  const { columns, columnVersions } = readColumns(rows.columns, origins);
  const dependsOn = grouped(rows.dependencies, (row) => ({ relation: Number(row[1]), attribute: Number(row[2]) }));
  const triggers = grouped(rows.triggers, (row) => ({ name: row[1] ?? '', version: row[2] ?? '' }));
  const relations: CatalogueRelation[] = [];
  const versions = new Map<string, string>();
  for (const row of rows.relations) {
    const oid = Number(row[0]);
    const schema = row[1] ?? '';
    const name = row[2] ?? '';
    const kind = kinds[row[3] ?? ''];
    if (kind === undefined) continue;
    const triggered = triggers.get(oid) ?? [];
    relations.push({
      oid,
      schema,
      name,
      kind,
      columns: columns.get(oid) ?? [],
      dependsOn: dependsOn.get(oid) ?? [],
      triggerFunctions: [...new Set(triggered.map((one) => one.name))],
      hasRules: row[4] === 't',
    });
    const parts = [
      row[0],
      row[5],
      columnVersions.get(oid) ?? '',
      ...triggered.map((one) => `${one.name}/${one.version}`),
    ];
    versions.set(nameKey(schema, name), parts.join(';'));
  }
  const functions = readFunctions(rows.functions, versions);
  const data: PostgresCatalogue = { serverVersion, relations, functions };
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
    };
    const list = columns.get(oid);
    if (list === undefined) columns.set(oid, [column]);
    else list.push(column);
    columnVersions.set(oid, `${columnVersions.get(oid) ?? ''}${attribute}:${row[3]}:${row[5]},`);
  }
  return { columns, columnVersions };
}

function readFunctions(rows: TextRows, versions: Map<string, string>): CatalogueFunction[] {
  return rows.map((row) => {
    const schema = row[0] ?? '';
    const name = row[1] ?? '';
    const key = nameKey(schema, name);
    versions.set(key, `${versions.get(key) ?? ''}${row[7]};`);
    return {
      schema,
      name,
      kind: functionKinds[row[2] ?? ''] ?? 'function',
      language: row[3] ?? '',
      volatility: volatilities[row[4] ?? ''] ?? 'volatile',
      returnsSet: row[5] === 't',
      securityDefiner: row[6] === 't',
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
