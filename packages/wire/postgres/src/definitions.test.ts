/** What statements reach beside their text, read from the catalogue of a real server: bodies, triggers, rules, keys, partitions. */
import type { StatementFacts } from '@sluice/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CatalogueBench, startCatalogueBench } from './testing/catalogue-bench.ts';

const schema = `
CREATE TABLE c (id serial PRIMARY KEY, ssn text, email text, n int DEFAULT 0, at timestamptz DEFAULT now());
CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY, what text);
CREATE TABLE child (id int PRIMARY KEY, c_id int REFERENCES c ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE grandchild (id int, child_id int REFERENCES child ON DELETE SET NULL);
CREATE TABLE plain (id int, note text);
CREATE TABLE parts (id int, ssn text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE ancestor (id int, ssn text);
CREATE TABLE heir () INHERITS (ancestor);

CREATE SCHEMA other;
CREATE TABLE other.c (id int, secret text);
CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS 'DELETE FROM c';
CREATE FUNCTION sly() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM purge(); RETURN 1; END$$;
CREATE FUNCTION total(wanted int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT sum(n) FROM c WHERE id = wanted';
CREATE FUNCTION person(wanted int) RETURNS TABLE (person_id int, number text) LANGUAGE sql AS 'SELECT id, ssn FROM c WHERE id = $1';
CREATE FUNCTION person_row(wanted int) RETURNS SETOF c LANGUAGE plpgsql AS $$BEGIN RETURN QUERY SELECT * FROM c WHERE id = wanted; END$$;
CREATE FUNCTION leak(wanted int) RETURNS text LANGUAGE plpgsql AS $$DECLARE found_ssn text; BEGIN SELECT ssn INTO found_ssn FROM c WHERE id = wanted; RETURN found_ssn; END$$;
CREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION twice(a text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $1';
CREATE FUNCTION over_loaded(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION over_loaded(a int, b int) RETURNS void LANGUAGE sql AS 'DELETE FROM plain';
CREATE FUNCTION dynamic(a text) RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE a; END$$;
CREATE FUNCTION constant_text() RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE 'DROP TABLE plain'; END$$;
CREATE FUNCTION even(n int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN n = 0 OR odd(n - 1); END$$;
CREATE FUNCTION odd(n int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN DELETE FROM plain WHERE id = n; RETURN even(n - 1); END$$;
CREATE FUNCTION atomic(wanted int) RETURNS void BEGIN ATOMIC UPDATE plain SET note = 'x' WHERE id = wanted; END;
CREATE FUNCTION with_default(a int DEFAULT sly()) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION evil_path() RETURNS bigint LANGUAGE sql SET search_path = other AS 'SELECT count(*) FROM c';
CREATE AGGREGATE evil_sum (int) (sfunc = int4pl, stype = int, initcond = '0', finalfunc = twice);
CREATE FUNCTION evil_step(int, int) RETURNS int LANGUAGE plpgsql AS $$BEGIN DELETE FROM c; RETURN $1; END$$;
CREATE AGGREGATE really_evil (int) (sfunc = evil_step, stype = int, initcond = '0');
CREATE FUNCTION evil_eq(int, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN DELETE FROM c; RETURN true; END$$;
CREATE OPERATOR === (leftarg = int, rightarg = text, function = evil_eq);
CREATE FUNCTION evil_check(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN DELETE FROM plain; RETURN true; END$$;
CREATE DOMAIN checked AS text CHECK (evil_check(VALUE));
CREATE TABLE with_domain (id int, word checked);
CREATE TYPE pair AS (a int, b checked);
CREATE TABLE with_pair (id int, p pair);
CREATE FUNCTION takes_checked(checked) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION pg_catalog.innocent(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN DELETE FROM plain; RETURN 1; END$$;
CREATE TABLE with_check (id int, word text CHECK (evil_check(word)));
CREATE TABLE with_default (id int, word text DEFAULT sly()::text);
CREATE TABLE with_policy (id int, word text);
ALTER TABLE with_policy ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON with_policy USING (evil_check(word));
CREATE VIEW v AS SELECT id, email FROM c;
CREATE VIEW v_calls AS SELECT id, evil_check(email) FROM c;
CREATE VIEW v_over AS SELECT * FROM v_calls;
CREATE VIEW v_sleeps AS SELECT pg_terminate_backend(id) FROM plain;

CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO log (what) VALUES (TG_OP); RETURN NEW; END$$;
CREATE TRIGGER t AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION note_it();
CREATE FUNCTION sweep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE log SET what = 'x'; TRUNCATE child CASCADE; RETURN NULL; END$$;
CREATE TABLE swept (id int);
CREATE TRIGGER t AFTER DELETE ON swept FOR EACH STATEMENT EXECUTE FUNCTION sweep();
CREATE VIEW v_instead AS SELECT id, note FROM plain;
CREATE FUNCTION instead_of() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO log (what) VALUES (NEW.note); RETURN NEW; END$$;
CREATE TRIGGER t INSTEAD OF UPDATE ON v_instead FOR EACH ROW EXECUTE FUNCTION instead_of();
CREATE TABLE ruled (id int);
CREATE RULE r AS ON INSERT TO ruled DO ALSO DELETE FROM child;
CREATE TABLE ruled_nothing (id int);
CREATE RULE r AS ON DELETE TO ruled_nothing DO INSTEAD NOTHING;
`;

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  let bench: CatalogueBench;
  beforeAll(async () => {
    bench = await startCatalogueBench(version, schema);
  });
  afterAll(() => bench?.stop());

  const read = (text: string): StatementFacts => bench.read(text);
  const written = (text: string): readonly string[] =>
    read(text)
      .writes.map((ref) => ref.name)
      .sort();

  it.each([
    ['SELECT purge()', ['c', 'child', 'grandchild']],
    ['SELECT sly()', ['c', 'child', 'grandchild']],
    ['SELECT 1 WHERE sly() = 1', ['c', 'child', 'grandchild']],
    ['EXPLAIN SELECT sly()', ['c', 'child', 'grandchild']],
    ['SELECT even(2)', ['plain']],
    ['SELECT odd(3)', ['plain']],
    ['SELECT over_loaded(1, 2)', ['plain']],
    ['SELECT atomic(1)', ['plain']],
    ['SELECT with_default()', ['c', 'child', 'grandchild']],
    ['SELECT really_evil(id) FROM plain', ['c', 'child', 'grandchild']],
    ["SELECT 1 === 'x'", ['c', 'child', 'grandchild']],
    ["SELECT 'x'::checked", ['plain']],
    ["SELECT * FROM json_to_record('{}') AS r (b checked)", ['plain']],
    ["SELECT takes_checked('x')", ['plain']],
    ['SELECT innocent(1)', ['plain']],
    ['SELECT pg_catalog.innocent(1)', ['plain']],
    ['ALTER TABLE with_check ADD COLUMN more int', ['plain', 'with_check']],
    ["INSERT INTO with_domain VALUES (1, 'x')", ['plain', 'with_domain']],
    ["INSERT INTO with_check VALUES (1, 'x')", ['plain', 'with_check']],
    ['INSERT INTO with_default (id) VALUES (1)', ['c', 'child', 'grandchild', 'with_default']],
    ['SELECT * FROM with_policy', ['plain']],
    ['SELECT * FROM v_calls', ['plain']],
    ['SELECT * FROM v_over', ['plain']],
    ['INSERT INTO plain VALUES (1)', ['log', 'log_id_seq', 'plain']],
    ['UPDATE plain SET note = note WHERE id = 1', ['plain']],
    ['DELETE FROM swept WHERE id = 1', ['child', 'grandchild', 'log', 'swept']],
    ["UPDATE v_instead SET note = 'x' WHERE id = 1", ['log', 'log_id_seq', 'v_instead']],
    ["UPDATE v SET email = 'x' WHERE id = 1", ['c', 'v']],
    ['INSERT INTO ruled VALUES (1)', ['child', 'grandchild', 'ruled']],
    ['DELETE FROM ruled_nothing WHERE id = 1', ['ruled_nothing']],
    ['DELETE FROM c WHERE id = 1', ['c', 'child', 'grandchild']],
    ['UPDATE c SET n = 1 WHERE id = 1', ['c']],
    ['UPDATE c SET id = 2 WHERE id = 1', ['c', 'child']],
    ['INSERT INTO c (n) VALUES (1)', ['c', 'c_id_seq']],
    ['UPDATE c SET (id, n) = (DEFAULT, 1) WHERE id = 1', ['c', 'c_id_seq', 'child']],
    ['TRUNCATE child CASCADE', ['child', 'grandchild']],
    ['UPDATE parts SET ssn = 1 WHERE id = 1', ['parts', 'parts_1']],
    ['DELETE FROM ancestor WHERE id = 1', ['ancestor', 'heir']],
    ['DELETE FROM ONLY ancestor WHERE id = 1', ['ancestor']],
    ["SELECT nextval('c_id_seq')", ['c_id_seq']],
    ["SELECT setval(pg_get_serial_sequence('public.c', 'id'), 5)", ['c_id_seq']],
  ] as const)('%s writes %j', (text, names) => {
    const facts = read(text);
    expect([facts.complete, facts.incompleteBecause]).toEqual([true, null]);
    expect(written(text)).toEqual(names);
    expect(['write', 'schema', 'procedure']).toContain(facts.kind);
  });

  it.each([
    'SELECT total(1)',
    'SELECT twice(id), twice(email) FROM c',
    'SELECT over_loaded(1)',
    'SELECT * FROM person(1)',
    'SELECT evil_sum(id) FROM plain',
    'EXPLAIN DELETE FROM plain',
    'EXPLAIN INSERT INTO plain VALUES (1)',
    'SELECT evil_path()',
  ])('%s only reads', (text) => {
    const facts = read(text);
    expect([facts.complete, facts.incompleteBecause, facts.kind, facts.writes]).toEqual([true, null, 'read', []]);
  });

  it('a trigger’s own choice of rows makes nothing destructive, what it takes away as a whole does', () => {
    expect(read('DELETE FROM c WHERE id = 1').destructive).toBe(false);
    expect(read('DELETE FROM swept WHERE id = 1').destructiveBecause).toBe('what it calls drops or truncates');
    expect(read('SELECT purge()').destructiveBecause).toBe('a DELETE without a filter');
  });

  it.each([
    ["SELECT dynamic('x')", /run time/],
    ["SELECT '{x}'::checked[]", /while it is parsed/],
    ["SELECT '(1,x)'::pair", /while it is parsed/],
    ["INSERT INTO with_pair VALUES (1, '(1,x)')", /while it is parsed/],
    ['SELECT nobody_knows(1)', /not known/],
    ['SELECT nextval(note) FROM plain', /sequence/],
  ])('%s is not provable', (text, because) => {
    const facts = read(text);
    expect(facts.complete).toBe(false);
    expect(facts.incompleteBecause).toMatch(because);
  });

  it('a value that is bound later runs no check while the statement is parsed', () => {
    const acts = (text: string): boolean => read(text).sessionEffects.some(({ type }) => type === 'acts-while-parsed');
    for (const text of [
      'INSERT INTO with_pair VALUES ($1, $2)',
      'SELECT $1::checked[]',
      'SELECT id FROM with_pair WHERE id = 1',
    ]) {
      expect([text, read(text).incompleteBecause, acts(text)]).toEqual([text, null, false]);
    }
    expect(written('INSERT INTO with_pair VALUES ($1, $2)')).toEqual(['plain', 'with_pair']);
    expect(written('SELECT $1::checked[]')).toEqual(['plain']);
    for (const text of [
      "SELECT '{x}'::checked[]",
      'SELECT $$(1,x)$$::pair',
      "EXPLAIN SELECT E'{x}'::checked[]",
      "INSERT INTO with_pair VALUES (1, U&'(1,x)')",
      "SELECT takes_checked('x')",
      "SELECT nobody_knows('{x}')",
    ])
      expect([text, acts(text)]).toEqual([text, true]);
    expect(acts("SELECT 'x'::text, note FROM plain WHERE note = 'y'")).toBe(false);
  });

  it('a constant text of EXECUTE is read; a system function in a view is seen', () => {
    expect(read('SELECT constant_text()')).toMatchObject({ complete: true, kind: 'schema', destructive: true });
    expect(read('SELECT * FROM v_sleeps').kind).toBe('privilege');
  });

  it('follows values out of functions, to and from partitions and heirs', () => {
    const columns = (text: string, at = 0): readonly string[] => {
      const output = read(text).outputs?.[at];
      return output?.known === true ? output.columns.map((one) => `${one.relation}.${one.column}`).sort() : ['?'];
    };
    expect(columns('SELECT number FROM person(1)')).toEqual(['c.ssn']);
    expect(columns('SELECT person_id FROM person(1)')).toEqual(['c.id']);
    expect(columns('SELECT leak(1)')).toContain('c.ssn');
    expect(columns('SELECT ssn FROM person_row(1)')).toContain('c.ssn');
    expect(columns('SELECT total(1)')).toEqual(['c.n']);
    expect(columns('SELECT twice(ssn) FROM c')).toEqual(['c.ssn']);
    expect(columns('SELECT ssn FROM parts_1')).toEqual(['parts.ssn', 'parts_1.ssn']);
    expect(columns('SELECT ssn FROM parts')).toEqual(['parts.ssn', 'parts_1.ssn']);
    expect(columns('SELECT ssn FROM heir')).toEqual(['ancestor.ssn', 'heir.ssn']);
    expect(read('SELECT evil_path()').reads.map((one) => `${one.schema}.${one.name}`)).toEqual(['other.c']);
  });

  it('a function that runs another way after a change of its body has another version', async () => {
    const text = 'SELECT total(1)';
    const before = bench.knowledge.definitions(bench.outcome(text));
    await bench.define(
      `CREATE OR REPLACE FUNCTION total(wanted int) RETURNS bigint LANGUAGE sql AS 'DELETE FROM plain; SELECT 1'`,
    );
    await bench.knowledge.refreshAfterNow();
    expect(bench.knowledge.definitions(bench.outcome(text))).not.toBe(before);
    expect(read(text)).toMatchObject({ kind: 'write', destructive: true });
  });
});
