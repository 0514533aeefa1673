import { expect, it } from 'vitest';
import { actionOf, isDecided } from './acting-functions.ts';
import { steadySystemFunctions, volatileSystemFunctions } from './system-functions.ts';

it('every volatile function of pg_catalog is decided about', () => {
  expect([...volatileSystemFunctions].filter((name) => !isDecided(name))).toEqual([]);
});

it('functions that name the functions they call as text, or other sessions, act', () => {
  for (const name of [
    'query_to_xml',
    'ts_stat',
    'pg_terminate_backend',
    'lo_import',
    'pg_read_file',
    'nextval',
    'table_to_xml',
  ]) {
    expect(actionOf(name)).not.toBeNull();
  }
  for (const name of ['now', 'lower', 'count', 'pg_get_viewdef', 'random', 'pg_advisory_lock'])
    expect(actionOf(name)).toBeNull();
});

it('the generated lists do not overlap', () => {
  expect([...volatileSystemFunctions].filter((name) => steadySystemFunctions.has(name))).toEqual([]);
});
