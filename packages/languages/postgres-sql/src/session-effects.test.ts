import { beforeAll, describe, expect, it } from 'vitest';
import { factsOf } from './fixtures/demo-target.ts';
import { postgresSql } from './language.ts';
import { judgeSetting } from './settings.ts';

beforeAll(() => postgresSql.load());

describe('what a statement changes in the session', () => {
  it.each([
    ['BEGIN', [{ type: 'transaction', op: 'begin', readOnly: null }]],
    ['START TRANSACTION READ ONLY', [{ type: 'transaction', op: 'begin', readOnly: true }]],
    ['BEGIN READ WRITE', [{ type: 'transaction', op: 'begin', readOnly: false }]],
    ['COMMIT', [{ type: 'transaction', op: 'commit', readOnly: null }]],
    ['END', [{ type: 'transaction', op: 'commit', readOnly: null }]],
    ['ABORT', [{ type: 'transaction', op: 'rollback', readOnly: null }]],
    ['ROLLBACK AND CHAIN', [{ type: 'transaction', op: 'chain', readOnly: null }]],
    ['SAVEPOINT a', [{ type: 'transaction', op: 'savepoint', readOnly: null }]],
    ['RELEASE a', [{ type: 'transaction', op: 'release', readOnly: null }]],
    ['ROLLBACK TO a', [{ type: 'transaction', op: 'rollback-to', readOnly: null }]],
    ["PREPARE TRANSACTION 'x'", [{ type: 'transaction', op: 'prepare', readOnly: null }]],
    ['SET search_path TO a, "B c"', [{ type: 'set', name: 'search_path', value: 'a, "B c"', local: false }]],
    ["SET LOCAL application_name = 'x'", [{ type: 'set', name: 'application_name', value: 'x', local: true }]],
    ['SET statement_timeout = DEFAULT', [{ type: 'set', name: 'statement_timeout', value: null, local: false }]],
    ["SELECT set_config('search_path', 'x', true)", [{ type: 'set', name: 'search_path', value: 'x', local: true }]],
    ['SET TRANSACTION READ ONLY', [{ type: 'set', name: 'transaction_read_only', value: 'on', local: true }]],
    ['RESET search_path', [{ type: 'reset', name: 'search_path' }]],
    ['RESET ALL', [{ type: 'reset', name: 'all' }]],
    ['DISCARD ALL', [{ type: 'discard', what: 'all' }]],
    ['DISCARD TEMP', [{ type: 'discard', what: 'temp' }]],
    ['SET ROLE admin', [{ type: 'role', role: 'admin' }]],
    ['SET ROLE NONE', [{ type: 'role', role: null }]],
    ['RESET ROLE', [{ type: 'role', role: null }]],
    ["SET SESSION AUTHORIZATION 'x'", [{ type: 'session-authorization', role: 'x' }]],
    ['SET SESSION AUTHORIZATION DEFAULT', [{ type: 'session-authorization', role: null }]],
    ['PREPARE p (int) AS /* AS */ SELECT 1 AS x', [{ type: 'prepare', name: 'p', text: '/* AS */ SELECT 1 AS x' }]],
    ['DEALLOCATE p', [{ type: 'deallocate', name: 'p' }]],
    ['DEALLOCATE ALL', [{ type: 'deallocate', name: '' }]],
    ['DECLARE "for" CURSOR FOR SELECT 1', [{ type: 'declare', name: 'for', text: 'SELECT 1' }]],
    ['CLOSE k', [{ type: 'close', name: 'k' }]],
    ['CLOSE ALL', [{ type: 'close', name: '' }]],
    ['CREATE TABLE t (id int)', [{ type: 'ddl', objects: ['public.t'] }]],
    ['CREATE TEMP TABLE t (id int)', [{ type: 'temp' }, { type: 'ddl', objects: ['pg_temp.t'] }]],
    [
      'DROP TABLE customers, orders',
      [
        { type: 'ddl', objects: ['public.customers'] },
        { type: 'ddl', objects: ['public.orders'] },
      ],
    ],
    ['ALTER TABLE customers ADD x int', [{ type: 'ddl', objects: ['public.customers'] }]],
    ['COPY customers FROM STDIN', [{ type: 'copy', direction: 'in' }]],
    ['COPY customers TO STDOUT', [{ type: 'copy', direction: 'out' }]],
    ['SELECT order_total(1)', [{ type: 'unknown' }]],
    ['SELECT 1', []],
    ["EXPLAIN SELECT set_config('search_path', 'x', false)", []],
  ] as const)('%s', (text, expected) => {
    expect(factsOf(text).sessionEffects).toEqual(expected);
  });
});

describe('settings', () => {
  it.each([
    ['application_name', 'x', 'harmless'],
    ['DateStyle', 'ISO', 'harmless'],
    ['search_path', 'x', 'names'],
    ['enable_hashjoin', 'off', 'harmless'],
    ['client_encoding', 'UTF8', 'harmless'],
    ['client_encoding', 'utf-8', 'harmless'],
    ['client_encoding', 'LATIN1', 'widen'],
    ['client_encoding', 'SQL_ASCII', 'widen'],
    ['client_encoding', null, 'widen'],
    ['standard_conforming_strings', 'on', 'harmless'],
    ['standard_conforming_strings', 'off', 'widen'],
    ['default_transaction_read_only', 'on', 'harmless'],
    ['default_transaction_read_only', 'off', 'widen'],
    ['session_replication_role', 'replica', 'widen'],
    ['session_preload_libraries', 'x', 'widen'],
    ['log_statement', 'none', 'widen'],
    ['myapp.user', '1', 'widen'],
    ['restrict_nonsystem_relation_kind', 'view', 'harmless'],
    ['restrict_nonsystem_relation_kind', '', 'widen'],
  ] as const)('%s = %s is %s', (name, value, judgement) => {
    expect(judgeSetting(name, value)).toBe(judgement);
  });
});
