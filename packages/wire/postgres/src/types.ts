/** PostgreSQL's own types by OID (src/include/catalog/pg_type.dat): name, category for masking, and element of an array. */
import type { ResultField } from '@sluice/wire-kit';

export type Category = ResultField['category'];

export interface KnownType {
  readonly name: string;
  readonly category: Category;
  /** For arrays: the element's OID. */
  readonly element: number | null;
}

const scalars: readonly (readonly [oid: number, name: string, category: Category, arrayOid: number])[] = [
  [16, 'bool', 'boolean', 1000],
  [17, 'bytea', 'text', 1001],
  [18, 'char', 'text', 1002],
  [19, 'name', 'text', 1003],
  [20, 'int8', 'number', 1016],
  [21, 'int2', 'number', 1005],
  [23, 'int4', 'number', 1007],
  [25, 'text', 'text', 1009],
  [26, 'oid', 'number', 1028],
  [114, 'json', 'json', 199],
  [142, 'xml', 'text', 143],
  [700, 'float4', 'number', 1021],
  [701, 'float8', 'number', 1022],
  [705, 'unknown', 'text', 0],
  [790, 'money', 'text', 791],
  [869, 'inet', 'text', 1041],
  [1042, 'bpchar', 'text', 1014],
  [1043, 'varchar', 'text', 1015],
  [1082, 'date', 'temporal', 1182],
  [1083, 'time', 'temporal', 1183],
  [1114, 'timestamp', 'temporal', 1115],
  [1184, 'timestamptz', 'temporal', 1185],
  [1186, 'interval', 'temporal', 1187],
  [1266, 'timetz', 'temporal', 1270],
  [1700, 'numeric', 'number', 1231],
  [2950, 'uuid', 'uuid', 2951],
  [3802, 'jsonb', 'json', 3807],
];

const byOid = new Map<number, KnownType>();
const categoryByName = new Map<string, Category>();
for (const [oid, name, category, arrayOid] of scalars) {
  byOid.set(oid, { name, category, element: null });
  categoryByName.set(name, category);
  if (arrayOid !== 0) byOid.set(arrayOid, { name: `${name}[]`, category: 'array', element: oid });
}

export function knownType(oid: number): KnownType | null {
  return byOid.get(oid) ?? null;
}

/** For COPY, whose columns have no type on the wire: the category by the catalogue's type name, text where it is not known. */
export function categoryOfTypeName(name: string): Category {
  return categoryByName.get(name) ?? 'text';
}

export function oidOfTypeName(name: string): number {
  for (const [oid, typeName] of scalars) if (typeName === name) return oid;
  return 0;
}

export function typeName(oid: number): string {
  return byOid.get(oid)?.name ?? `oid:${oid}`;
}
