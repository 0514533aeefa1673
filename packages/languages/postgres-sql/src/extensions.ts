/**
 * Extensions of PostgreSQL's own contrib whose functions in C only compute, with the functions that do more. Only a superuser, or the
 * extension itself, can define a function in C.
 */
const list: readonly (readonly [extension: string, except: string])[] = [
  ['btree_gin', ''],
  ['btree_gist', ''],
  ['citext', ''],
  ['cube', ''],
  ['dict_int', ''],
  ['dict_xsyn', ''],
  ['earthdistance', ''],
  ['fuzzystrmatch', ''],
  ['hstore', ''],
  ['intarray', ''],
  ['isn', 'isn_weak'],
  ['lo', 'lo_manage'],
  ['ltree', ''],
  ['pg_trgm', 'set_limit'],
  ['pgcrypto', ''],
  ['seg', ''],
  ['tsm_system_rows', ''],
  ['tsm_system_time', ''],
  ['unaccent', ''],
  ['uuid-ossp', ''],
];

export const computingExtensions: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  list.map(([extension, except]) => [extension, new Set(except.split(' ').filter((name) => name !== ''))]),
);
