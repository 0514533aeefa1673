/** The PostgreSQL classes of bypass by their names, and what must never be refused. */
import type { StatementFacts } from '@sluice/domain';
import { beforeAll, describe, expect, it } from 'vitest';
import { allFacts, demoCatalogue, factsOf, readText } from './fixtures/demo-target.ts';
import { postgresSql } from './language.ts';

beforeAll(() => postgresSql.load());

/** What the default policy lets an agent run at once: a complete read or session statement. */
function passes(facts: StatementFacts): boolean {
  return facts.complete && !facts.destructive && (facts.kind === 'read' || facts.kind === 'session');
}

const refused: readonly (readonly [name: string, text: string])[] = [
  ['PG01', '/* x */ DELETE FROM customers'],
  ['PG01', ';DELETE FROM customers'],
  ['PG01', '-- x\nDELETE FROM customers'],
  ['PG02', 'WITH d AS (DELETE FROM customers RETURNING *) SELECT count(*) FROM d'],
  ['PG02', 'WITH a AS (SELECT 1) DELETE FROM customers'],
  [
    'PG02',
    'SELECT 1 FROM (WITH d AS (SELECT 1) SELECT * FROM d) x, (VALUES (1)) y; WITH z AS (UPDATE customers SET notes = 1) SELECT 1',
  ],
  [
    'PG03',
    'WITH x AS (MERGE INTO orders o USING payments p ON o.id = p.order_id WHEN MATCHED THEN UPDATE SET total = 1 RETURNING o.total) SELECT total FROM x',
  ],
  ['PG04', 'SELECT * INTO t2 FROM customers'],
  ['PG04', 'SELECT 1 INTO t UNION SELECT 2'],
  ['PG04', 'CREATE TABLE t2 AS TABLE customers'],
  ['PG05', "UPDATE customers SET notes = E'O\\'B'; DELETE FROM customers"],
  ['PG06', 'WITH x AS (SELECT $$a)b$$) DELETE FROM customers'],
  ['PG07', '/* /* */ */ DROP TABLE customers'],
  ['PG08', "SET standard_conforming_strings = off; SELECT 'a\\'; DROP TABLE customers; --'"],
  ['PG09', "SET client_encoding = 'SJIS'"],
  ['PG09', "SET NAMES 'GBK'"],
  ['PG09', 'RESET client_encoding'],
  ['PG11', 'SET search_path = evil, public; SELECT id FROM customers'],
  ['PG11', 'CREATE TEMP TABLE customers (id int)'],
  ['PG11', 'SELECT pg_temp.f()'],
  ['PG11', "SELECT set_config('search_path', 'evil', false); SELECT id FROM customers"],
  ['PG12', 'COPY (DELETE FROM customers RETURNING *) TO STDOUT'],
  ['PG12', 'COPY customers FROM STDIN'],
  ['PG12', "COPY customers TO PROGRAM 'curl x'"],
  ['PG14', 'PREPARE p AS DELETE FROM customers; EXECUTE p'],
  ['PG14', 'EXECUTE unknown'],
  ['PG15', "DO $$BEGIN EXECUTE 'DR'||'OP TABLE customers'; END$$"],
  ['PG16', 'SELECT order_total(1)'],
  ['PG16', 'SELECT pg_terminate_backend(1)'],
  ['PG16', "SELECT lo_export(1, 'x'), lo_import('x'), lo_unlink(1)"],
  ['PG16', "SELECT pg_read_file('/etc/passwd')"],
  ['PG16', "SELECT ('/etc/passwd'::text).pg_read_file"],
  ['PG16', "SELECT dblink_exec('x', 'DELETE FROM customers')"],
  ['PG17', "SELECT * FROM pg_read_file('/etc/passwd')"],
  ['PG17', "SELECT * FROM ROWS FROM (pg_ls_dir('.'))"],
  ['PG17', 'SELECT id FROM customers TABLESAMPLE evil(1)'],
  ['PG17', 'SELECT id FROM customers TABLESAMPLE evil.bernoulli(1)'],
  ['PG17', 'SELECT id FROM customers ORDER BY order_total(id)'],
  ['PG17', 'SELECT 1 FROM LATERAL (SELECT order_total(1)) x'],
  ['PG18', 'EXPLAIN ANALYZE DELETE FROM customers'],
  ['PG18', 'EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE p'],
  ['PG18', "EXPLAIN (ANALYZE 'on') DELETE FROM customers"],
  ['PG19', 'COMMIT; DROP SCHEMA public CASCADE'],
  ['PG19', 'ROLLBACK; BEGIN READ WRITE'],
  ['PG19', 'SET TRANSACTION READ WRITE'],
  ['PG19', 'SET default_transaction_read_only = off'],
  ['PG19', 'START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE'],
  ['PG20', 'SET ROLE admin'],
  ['PG20', 'SET LOCAL ROLE admin'],
  ['PG20', 'SET SESSION AUTHORIZATION x'],
  ['PG20', "SET role = 'admin'"],
  ['PG21', 'TRUNCATE customers'],
  ['PG21', 'DROP OWNED BY app'],
  ['PG21', 'DELETE FROM customers WHERE true'],
  ['PG21', 'DELETE FROM customers WHERE 1=1 OR id=1'],
  ['PG21', 'DELETE FROM customers USING customers c2'],
  ['MK05', 'SELECT most_common_vals, histogram_bounds FROM pg_stats'],
  ['MK05', 'SELECT * FROM pg_catalog.pg_statistic'],
  ['MK05', 'SELECT stxdmcv FROM pg_statistic_ext_data'],
  ['MK07', "SELECT pg_advisory_lock(replace(ssn, '-', '')::bigint) FROM customers"],
  ['MK07', 'SELECT pg_try_advisory_xact_lock(1, ascii(ssn)) FROM customers'],
  ['MK07', 'SELECT setseed(ascii(ssn) / 1000.0) FROM customers'],
  ['PG27', 'EXPLAIN SELECT order_total(1)'],
  ['PG28', 'EXPLAIN SELECT id FROM customers WHERE id = order_total(1)'],
];

describe('bypass classes are refused or held', () => {
  it.each(refused)('%s %s', (_name, text) => {
    const facts = allFacts(text);
    expect(facts.length).toBeGreaterThan(0);
    expect(facts.every(passes)).toBe(false);
  });

  it('PG01 a byte-order mark is part of the first word, as for the server', () => {
    expect(readText('\uFEFFDELETE FROM customers')).toMatchObject({ ok: false, reason: 'syntax' });
  });

  it('PG03 shows the lineage of what MERGE returns', () => {
    const text =
      'WITH x AS (MERGE INTO customers c USING orders o ON c.id = o.customer_id WHEN MATCHED THEN UPDATE SET notes = 1 RETURNING c.ssn) SELECT ssn FROM x';
    const facts = factsOf(text);
    expect(facts.kind).toBe('write');
    expect(facts.outputs).toEqual([
      {
        known: true,
        direct: true,
        columns: [{ schema: 'public', relation: 'customers', column: 'ssn' }],
        wholeRows: [],
      },
    ]);
  });

  it('PG10 sees through Unicode-escaped names', () => {
    for (const text of ['SELECT U&"s\\0073n" FROM customers', `SELECT U&"!0073sn" UESCAPE '!' FROM customers`]) {
      expect(factsOf(text).columns).toEqual([{ schema: 'public', relation: 'customers', column: 'ssn' }]);
    }
  });

  it('PG14 a prepared statement of another message decides about EXECUTE', () => {
    const session = { prepared: { p: 'DELETE FROM customers WHERE id = $1', q: 'SELECT ssn FROM customers' } };
    expect(factsOf('EXECUTE p(1)', { session })).toMatchObject({ kind: 'write', complete: true, filter: 'present' });
    expect(factsOf('EXPLAIN ANALYZE EXECUTE p(1)', { session })).toMatchObject({ kind: 'write', complete: true });
    expect(factsOf('EXECUTE q', { session }).outputs).toEqual([
      {
        known: true,
        direct: true,
        columns: [{ schema: 'public', relation: 'customers', column: 'ssn' }],
        wholeRows: [],
      },
    ]);
    expect(factsOf('EXECUTE toString', { session })).toMatchObject({ complete: false });
    expect(factsOf('EXECUTE r', { session: { prepared: { r: 'EXECUTE r' } } })).toMatchObject({ complete: false });
  });

  it('PG22 a cursor carries the lineage of its query', () => {
    const declared = factsOf('DECLARE k CURSOR WITH HOLD FOR SELECT ssn FROM customers');
    const text = declared.sessionEffects.find((effect) => effect.type === 'declare')?.text;
    expect(text).toBe('SELECT ssn FROM customers');
    const fetched = factsOf('FETCH ALL k', { session: { cursors: { k: String(text) } } });
    expect(fetched).toMatchObject({ kind: 'read', complete: true });
    expect(fetched.outputs).toEqual([
      {
        known: true,
        direct: true,
        columns: [{ schema: 'public', relation: 'customers', column: 'ssn' }],
        wholeRows: [],
      },
    ]);
  });
});

describe('MK01 MK02 a value of a row that has lost its name', () => {
  const address = { schema: 'public', relation: 'customers', column: 'ssn' };
  it.each([
    "SELECT to_jsonb(c)->'ssn' FROM customers c",
    "SELECT jsonb_build_object('x', to_jsonb(c) #> '{ssn}') FROM customers c",
    'SELECT value FROM json_each((SELECT to_json(c) FROM customers c WHERE id = 1))',
    "SELECT jsonb_path_query(to_jsonb(c), '$.ssn') FROM customers c",
    "SELECT (to_jsonb(c))['ssn'] FROM customers c",
    'SELECT to_json(c::text) FROM customers c',
    "SELECT JSON_QUERY(to_jsonb(c), '$.ssn') FROM customers c",
    "SELECT j.v FROM customers c, JSON_TABLE(to_jsonb(c), '$' COLUMNS (v jsonb PATH '$.ssn')) j",
  ])('carries every column of the row: %s', (text) => {
    const [output] = factsOf(text).outputs ?? [];
    expect(output?.known === true ? output.columns : [address]).toContainEqual(address);
  });
  it.each([
    'SELECT to_jsonb(c) FROM customers c',
    'SELECT json_agg(c) FROM customers c',
    "SELECT to_jsonb(c) - 'id' FROM customers c",
    'SELECT to_json(c)::jsonb FROM customers c',
  ])('keeps to the row while the names stay: %s', (text) => {
    expect(factsOf(text).outputs).toEqual([
      expect.objectContaining({
        known: true,
        columns: [],
        wholeRows: [expect.objectContaining({ name: 'customers' })],
      }),
    ]);
  });
});

describe('a state change makes the names after it unknown', () => {
  it.each([
    'SET search_path = evil; SELECT id FROM customers',
    'SET LOCAL search_path = evil; SELECT id FROM customers',
    'RESET search_path; SELECT id FROM customers',
    'ROLLBACK; SELECT id FROM customers',
    'DISCARD ALL; SELECT id FROM customers',
    'CREATE TEMP TABLE x (id int); SELECT id FROM customers',
    'CREATE OR REPLACE VIEW customer_directory AS SELECT 1 AS id; SELECT id FROM customer_directory',
    'ALTER TABLE customers ADD x int; SELECT id FROM customers',
    'DROP VIEW customer_directory; SELECT id FROM customer_directory',
    'CREATE FUNCTION public.lower(int) RETURNS int LANGUAGE sql AS $$SELECT 1$$; SELECT lower(email) FROM orders, customers',
    'SELECT order_total(1); SELECT id FROM customers',
  ])('%s', (text) => {
    const facts = allFacts(text);
    expect(facts.at(-1)?.complete).toBe(false);
  });

  it('leaves what does not depend on it alone', () => {
    expect(allFacts('BEGIN; SELECT id FROM public.customers; COMMIT').every((facts) => facts.complete)).toBe(true);
    expect(allFacts('SET search_path = evil; SELECT id FROM public.customers')[1]).toMatchObject({
      complete: true,
      kind: 'read',
    });
  });

  it.each([
    [{ searchPath: null }, 'SELECT id FROM customers'],
    [{ temporaryObjectsKnown: false }, 'SELECT id FROM customers'],
    [{ touched: ['public.customers'] }, 'SELECT id FROM customers'],
    [{ touched: ['public.customers'] }, 'SELECT id FROM public.customers'],
    [{ touched: ['*'] }, 'SELECT id FROM customers'],
    [{ touched: ['public.lower'] }, "SELECT lower('x')"],
    [{ searchPath: ['evil', 'pg_catalog'], touched: ['evil.customers'] }, 'SELECT id FROM customers'],
  ] as const)('session %j: %s', (session, text) => {
    expect(factsOf(text, { session }).complete).toBe(false);
  });

  it('a function of the user that stands beside one of pg_catalog is never taken for it', () => {
    const lower = {
      schema: 'public',
      name: 'lower',
      kind: 'function',
      language: 'sql',
      volatility: 'immutable',
      returnsSet: false,
      securityDefiner: false,
      oid: 90_000,
      least: 1,
      most: 1,
      body: null,
    } as const;
    const catalogue = { ...demoCatalogue, functions: [...demoCatalogue.functions, lower] };
    expect(factsOf("SELECT lower('x')", { catalogue })).toMatchObject({ complete: false });
    expect(factsOf("SELECT pg_catalog.lower('x')", { catalogue })).toMatchObject({ complete: true });
    expect(factsOf("SELECT lower('x')", { catalogue, session: { searchPath: ['pg_catalog'] } })).toMatchObject({
      complete: true,
    });
  });
});

describe('without a catalogue', () => {
  it.each([
    'SELECT now()',
    'SELECT 1',
    'BEGIN',
    'SELECT relname FROM pg_catalog.pg_class',
    'SET statement_timeout = 0',
  ])('%s is known', (text) => {
    expect(factsOf(text, { catalogue: null }).complete).toBe(true);
  });

  it.each([
    ['SELECT id FROM customers', {}],
    ['SELECT f()', {}],
    ['SELECT now()', { searchPath: ['evil', 'pg_catalog'] }],
    ['SELECT now()', { searchPath: null }],
  ] as const)('%s with %j is not', (text, session) => {
    expect(factsOf(text, { catalogue: null, session }).complete).toBe(false);
  });
});

describe('must be allowed', () => {
  it.each([
    "SELECT 'DROP TABLE customers' AS msg",
    '/* /* DELETE FROM customers */ */ SELECT 1',
    '/* /* DROP */ */ SELECT 1',
    'EXPLAIN DELETE FROM customers',
    "SELECT has_table_privilege('app', 'customers', 'delete') AS delete",
    'SELECT id, total FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT 10',
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'",
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'customers'",
    'SELECT version(), current_database(), current_user, pg_backend_pid()',
    "SELECT to_char(placed_at, 'YYYY-MM'), count(*), sum(total) FROM orders GROUP BY 1 ORDER BY 1",
    "SELECT date_trunc('day', placed_at) AS day, count(*) FROM orders GROUP BY day HAVING count(*) > 1",
    'SELECT * FROM generate_series(1, 10) AS g(n)',
    'SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY placed_at) FROM orders',
    'WITH RECURSIVE chain AS (SELECT id, manager_id FROM employees WHERE id = 1 UNION ALL SELECT e.id, e.manager_id FROM employees e JOIN chain c ON e.manager_id = c.id) SELECT * FROM chain',
    'BEGIN; SELECT 1; COMMIT',
    "SELECT pg_catalog.set_config('search_path', '', false)",
    'SELECT e.key, e.value FROM customers c, jsonb_each_text(c.profile) e',
    'SELECT pg_advisory_lock(1)',
  ])('%s', (text) => {
    expect(allFacts(text).map((facts) => [facts.incompleteBecause, passes(facts)])).toEqual(
      allFacts(text).map(() => [null, true]),
    );
  });

  it('a function body is a create, not a delete', () => {
    const facts = factsOf('CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$BEGIN DELETE FROM customers; END$$');
    expect(facts).toMatchObject({ kind: 'schema', complete: true, destructive: false });
  });

  it('INSERT … SELECT reads one table and writes the other', () => {
    const facts = factsOf('INSERT INTO payments (order_id) SELECT id FROM orders');
    expect(facts.reads.map((object) => object.name)).toEqual(['orders']);
    expect(facts.writes.map((object) => object.name)).toEqual(['payments', 'payments_id_seq']);
  });

  it('a trigger is named, and does not make the write incomplete', () => {
    const facts = factsOf('UPDATE orders SET total = 1 WHERE id = 1');
    expect(facts).toMatchObject({ kind: 'write', complete: true });
    expect(facts.functions).toContain('public.touch');
  });
});
