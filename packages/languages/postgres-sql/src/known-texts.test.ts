/** Texts that PL/pgSQL puts together: read where nothing but a quoted value is unknown, and not provable wherever more is. */
import { beforeAll, describe, expect, it } from 'vitest';
import { demoCatalogue, factsOf } from './fixtures/demo-target.ts';
import { postgresSql } from './language.ts';

beforeAll(() => postgresSql.load());

const block = (expression: string) => factsOf(`DO $do$ DECLARE v text; BEGIN EXECUTE ${expression}; END $do$`);

describe('what is known', () => {
  it.each([
    ["'DELETE FROM orders'", ['orders']],
    ["'DELETE FROM ' || 'orders'", ['orders']],
    ["'DELETE FROM '::text || quote_ident('orders')", ['orders']],
    ["format('DELETE FROM %I', 'orders')", ['orders']],
    ["format('DELETE FROM %1$I.%2$I', 'public', 'orders')", ['orders']],
    ["pg_catalog.format('DELETE FROM %s', 'orders')", ['orders']],
    ["format('DELETE FROM orders WHERE id = %L', 7)", ['orders']],
    ["'INSERT INTO orders (id) VALUES (' || 7 || ')'", ['orders', 'orders_id_seq']],
    ["format('INSERT INTO orders (note) VALUES (%L)', v)", ['orders', 'orders_id_seq']],
    ["'INSERT INTO orders (note) VALUES (' || quote_literal(v) || ')'", ['orders', 'orders_id_seq']],
  ])('EXECUTE %s', (expression, names) => {
    const facts = block(expression);
    expect([facts.incompleteBecause, facts.writes.map(({ name }) => name)]).toEqual([null, names]);
  });

  it('a destructive command in two pieces is the command that it makes', () => {
    expect(block("'DR' || 'OP TABLE customers'")).toMatchObject({
      complete: true,
      kind: 'procedure',
      destructive: true,
    });
  });

  it('the name of the database, and a value among the options of a definition', () => {
    expect(block("format('ALTER DATABASE %I OWNER TO app', current_catalog)").complete).toBe(true);
    expect(
      block("'CREATE COLLATION c (locale = ' || quote_literal(current_setting('lc_collate')) || ')'"),
    ).toMatchObject({
      complete: true,
      effects: expect.arrayContaining([expect.objectContaining({ verb: 'create' })]),
    });
  });

  it('what the values themselves run is read as well', () => {
    const facts = block("format('INSERT INTO orders (note) VALUES (%L)', pg_terminate_backend(1))");
    expect(facts.effects.map(({ verb }) => verb)).toContain('terminate');
  });
});

describe('what is not', () => {
  it.each([
    'v',
    "'DELETE FROM ' || v",
    "'DELETE FROM ' || quote_ident(v)",
    "format('DELETE FROM %I', v)",
    "format('SELECT %s', v)",
    "format('SELECT %-10s', 'x')",
    "format('SELECT 1 -- %L', v)",
    "format('SELECT /* %L */ 1', v)",
    "format('SELECT $$%L$$', v)",
    "format('SELECT ''%L''', v)",
    `format('SELECT 1 AS "%L"', v)`,
    "format('SELECT E%L', v)",
    "format('SELECT U&%L', v)",
    "format('SELECT %L''x''', v)",
    // Which rows it takes hangs on the value.
    "format('DELETE FROM orders WHERE %L = %L', v, 'x')",
    // So does what it sets, runs, names or prepares.
    "format('SET search_path = %L', v)",
    "format('SELECT set_config(%L, %L, false)', 'search_path', v)",
    "format('DO %L', v)",
    "format('SELECT nextval(%L)', v)",
    "format('SELECT query_to_xml(%L, true, true, %L)', v, '')",
    "format('PREPARE TRANSACTION %L', v)",
    // A word that some version takes for a keyword.
    "format('CREATE %I TABLE t (id int)', 'temporary')",
    "format('DROP %I customers', 'table')",
    "'DELETE FROM orders' LIMIT 0",
    '(SELECT note FROM orders)',
    "upper('delete from orders')",
    "format(VARIADIC ARRAY['DELETE FROM %I', v])",
    "nobody.format('DELETE FROM orders')",
  ])('EXECUTE %s', (expression) => {
    expect(block(expression).complete).toBe(false);
  });

  it('an operator or a function of people’s own may be what is meant', () => {
    const [one] = demoCatalogue.functions;
    const theirs = { ...one!, oid: 91_000, schema: 'public', name: 'format' };
    const functions = [...demoCatalogue.functions, theirs];
    const operators = [{ schema: 'public', name: '||', function: 91_000, comparison: false }];
    const read = (expression: string, catalogue: typeof demoCatalogue) =>
      factsOf(`DO $do$ BEGIN EXECUTE ${expression}; END $do$`, { catalogue });
    expect(read("format('SELECT 1')", demoCatalogue).complete).toBe(true);
    expect(read("format('SELECT 1')", { ...demoCatalogue, functions }).complete).toBe(false);
    expect(read("'SELECT ' || '1'", { ...demoCatalogue, functions, operators }).complete).toBe(false);
  });
});
