/** One table as it is written row by row: its columns with their types and its primary key, by a constant text of the gateway's own. */
import type { TextRows } from './target-side.ts';

/**
 * `$1`: the table's oid. Attribute, name, type by name and number, place in the primary key (0: none), whether it is generated, always an
 * identity.
 */
export const tableShapeText = `SELECT a.attnum, a.attname, pg_catalog.format_type(a.atttypid, NULL), a.atttypid,
  COALESCE((SELECT k.place FROM pg_catalog.pg_index AS i CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, place)
    WHERE i.indrelid = a.attrelid AND i.indisprimary AND k.attnum = a.attnum), 0), a.attgenerated <> '', a.attidentity = 'a'
FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

export interface TableColumn {
  readonly attribute: number;
  readonly name: string;
  /** As it is written in a cast, qualified where it must be. */
  readonly type: string;
  readonly typeOid: number;
  readonly generated: boolean;
  readonly identityAlways: boolean;
}

export interface TableShape {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly TableColumn[];
  /** In the key's own order; empty: the table has none. */
  readonly key: readonly TableColumn[];
}

export function readTableShape(
  { oid, schema, name }: Pick<TableShape, 'oid' | 'schema' | 'name'>,
  rows: TextRows,
): TableShape {
  const places: (readonly [place: number, column: TableColumn])[] = rows.map((row) => [
    Number(row[4]),
    {
      attribute: Number(row[0]),
      name: row[1] ?? '',
      type: row[2] ?? '',
      typeOid: Number(row[3]),
      generated: row[5] === 't',
      identityAlways: row[6] === 't',
    },
  ]);
  const key = places
    .filter(([place]) => place > 0)
    .sort(([a], [b]) => a - b)
    .map(([, column]) => column);
  return { oid, schema, name, columns: places.map(([, column]) => column), key };
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function tableName({ schema, name }: Pick<TableShape, 'schema' | 'name'>): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

/** Joins rows `t` to keys that are given as one array per column of the key, from parameter `$first` on. */
export function joinKeys(shape: TableShape, first = 1): string {
  const arrays = shape.key.map(({ type }, i) => `pg_catalog.unnest($${first + i}::${type}[])`).join(', ');
  const names = shape.key.map((_, i) => `k${i}`).join(', ');
  const equal = shape.key.map(({ name }, i) => `t.${quoteName(name)} OPERATOR(pg_catalog.=) k.k${i}`).join(' AND ');
  return `ROWS FROM (${arrays}) AS k (${names}) JOIN ONLY ${tableName(shape)} AS t ON ${equal}`;
}

/** Texts as a literal of an array type. */
export function arrayLiteral(values: readonly (string | null)[]): string {
  const items = values.map((value) =>
    value === null ? 'NULL' : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  );
  return `{${items.join(',')}}`;
}
