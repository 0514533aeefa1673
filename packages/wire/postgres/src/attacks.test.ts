/** Ways to change something, or to see a masked value, by a statement that looks like a plain read: none may be judged as one. */
import type { StatementFacts } from '@sluice/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CatalogueBench, startCatalogueBench } from './testing/catalogue-bench.ts';

const schema = `
CREATE TABLE c (id serial PRIMARY KEY, ssn text, n int);
CREATE TABLE child (id int, c_id int REFERENCES c ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE plain (id int, note text);
CREATE TABLE log (what text);
CREATE TABLE ancestor (id int, ssn text);
CREATE TABLE heir () INHERITS (ancestor);
CREATE TABLE pk (id int PRIMARY KEY, n int);
CREATE TABLE fk (pid int REFERENCES pk ON UPDATE CASCADE);
CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.id := NEW.id + 100; RETURN NEW; END$$;
CREATE TRIGGER b BEFORE UPDATE ON pk FOR EACH ROW EXECUTE FUNCTION bump();

CREATE FUNCTION leak(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ssn FROM c WHERE id = $1';
CREATE FUNCTION whole() RETURNS SETOF c LANGUAGE sql AS 'SELECT c FROM c';
CREATE VIEW v_hide AS SELECT id, ssn AS x, upper(ssn) AS y FROM c;
CREATE FUNCTION atomic_view() RETURNS text BEGIN ATOMIC SELECT x FROM v_hide LIMIT 1; END;
CREATE VIEW v_leak AS SELECT id, leak(id) AS x FROM plain;
CREATE VIEW v_under AS SELECT * FROM v_leak;
CREATE VIEW v_renamed AS SELECT id AS key, n FROM c;
CREATE FUNCTION swap(n int) RETURNS TABLE (a text, b text) LANGUAGE plpgsql AS $$BEGIN RETURN; END$$;
CREATE OR REPLACE FUNCTION swap(n int) RETURNS TABLE (a text, b text) LANGUAGE sql
  AS 'SELECT s.b, s.a FROM swap(n - 1) AS s WHERE n > 0 UNION ALL SELECT ssn, n::text FROM c WHERE n <= 0';
CREATE FUNCTION op_leak(int, text) RETURNS text LANGUAGE sql AS 'SELECT ssn FROM c LIMIT 1';
CREATE OPERATOR === (leftarg = int, rightarg = text, function = op_leak);
CREATE OPERATOR @> (leftarg = text, rightarg = int, function = left);
CREATE TYPE boxed AS (v text);
CREATE FUNCTION to_boxed(int) RETURNS boxed LANGUAGE sql AS 'SELECT ROW(ssn)::boxed FROM c LIMIT 1';
CREATE CAST (int AS boxed) WITH FUNCTION to_boxed(int);

CREATE FUNCTION checks(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.log VALUES ('c'); RETURN true; END$$;
CREATE DOMAIN checked AS text CHECK (checks(VALUE));
CREATE TYPE checked_pair AS (a int, b checked);
CREATE TABLE with_pair (id int, p checked_pair);
CREATE TABLE with_words (id int, words checked[], word checked);
CREATE TABLE with_word (id int, word checked);
CREATE DOMAIN _under AS text CHECK (checks(VALUE));
CREATE DOMAIN "a.b" AS text CHECK (checks(VALUE));
CREATE DOMAIN checked_list AS checked[];
CREATE DOMAIN checked_row AS checked_pair;
CREATE TYPE checked_range AS RANGE (subtype = checked);
CREATE FUNCTION by_column() RETURNS int LANGUAGE plpgsql AS $$DECLARE w with_words.word%TYPE := 'x'; BEGIN RETURN 1; END$$;
CREATE FUNCTION checked(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE DOMAIN boxed_too AS boxed;
CREATE TABLE made (id int, ssn text, copy text GENERATED ALWAYS AS (ssn || '') STORED);
CREATE VIEW v_made AS SELECT copy AS x FROM made;

CREATE SCHEMA other;
CREATE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION other.helper() RETURNS int LANGUAGE sql AS 'DELETE FROM public.plain; SELECT 1';
CREATE FUNCTION calls_helper() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN helper(); END$$;
CREATE FUNCTION moves() RETURNS int LANGUAGE plpgsql AS $$BEGIN PERFORM set_config('search_path', 'other', true); RETURN 1; END$$;
CREATE FUNCTION moves_and_calls() RETURNS int LANGUAGE plpgsql AS $$BEGIN PERFORM set_config('search_path', 'other', true); RETURN helper(); END$$;
CREATE FUNCTION secdef() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN RETURN helper(); END$$;
CREATE SCHEMA postgres;
CREATE FUNCTION postgres.helper() RETURNS int LANGUAGE sql AS 'DELETE FROM public.plain; SELECT 1';
CREATE FUNCTION pg_catalog.innocent(int, text) RETURNS int LANGUAGE plpgsql AS $$BEGIN DELETE FROM public.plain; RETURN 1; END$$;
CREATE OPERATOR pg_catalog.#### (leftarg = int, rightarg = text, function = pg_catalog.innocent);
CREATE FUNCTION public.set_path() RETURNS int LANGUAGE sql SET search_path = public AS $$SELECT innocent(1, 'x')$$;
CREATE FUNCTION public.set_path_operator() RETURNS int LANGUAGE sql SET search_path = public AS $$SELECT 1 #### 'x'$$;
CREATE TYPE public.pair AS (a int, b text);
CREATE FUNCTION public.wipe(int) RETURNS int LANGUAGE plpgsql AS $$BEGIN DELETE FROM public.plain; RETURN 1; END$$;
CREATE FUNCTION public.row_default() RETURNS int LANGUAGE plpgsql AS $$DECLARE r pair := ROW(wipe(1), NULL); BEGIN RETURN 1; END$$;

CREATE SCHEMA a; CREATE SCHEMA "a.b";
CREATE TABLE a."b.c" (id int, ssn text);
CREATE TABLE "a.b".c (ssn int, id text);
CREATE FUNCTION public.step(text, int) RETURNS text LANGUAGE plpgsql AS $$BEGIN DELETE FROM public.plain; RETURN ''; END$$;
CREATE AGGREGATE public.ordered(*) (sfunc = int8inc, stype = int8, initcond = '0');
CREATE AGGREGATE public.ordered(ORDER BY int) (sfunc = public.step, stype = text, initcond = '');
CREATE FUNCTION public.lower(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
`;

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  let bench: CatalogueBench;
  beforeAll(async () => {
    bench = await startCatalogueBench(version, schema);
  });
  afterAll(() => bench?.stop());

  const read = (text: string, touched: readonly string[] = []): StatementFacts => bench.read(text, { touched });

  it.each([
    'SELECT atomic_view()',
    'SELECT x FROM v_leak',
    'SELECT x FROM v_under',
    'SELECT v_leak FROM v_leak',
    'SELECT b FROM swap(1)',
    "SELECT 1 === 'x'",
    'SELECT ssn @> 20 FROM c',
    'SELECT (1::boxed).v',
    'SELECT (1::boxed_too).v',
    'SELECT n FROM whole()',
    'EXPLAIN VERBOSE SELECT leak(1)',
    'EXPLAIN (ANALYZE, VERBOSE) SELECT leak(1)',
  ])('%s may show c.ssn', (text) => {
    const [output] = read(text).outputs ?? [];
    const shown = output?.known === true ? output.columns.map((one) => `${one.relation}.${one.column}`) : ['c.ssn'];
    expect(shown).toContain('c.ssn');
  });

  it.each(['SELECT copy FROM made', 'SELECT x FROM v_made', 'SELECT made FROM made'])(
    '%s may show made.ssn',
    (text) => {
      const [output] = read(text).outputs ?? [];
      expect(output?.known === true ? output.columns.map(({ column }) => column) : []).toContain('ssn');
    },
  );

  it.each([
    "SELECT 'x'::_under",
    `SELECT 'x'::"a.b"`,
    "SELECT '{x}'::checked_list",
    "SELECT '(1,x)'::checked_row",
    "SELECT '[x,y]'::checked_range",
    "SELECT checked('x')",
    'SELECT by_column()',
    `SELECT json_populate_record(w, '{"p":{"a":1,"b":"x"}}') FROM with_pair AS w`,
    "SELECT coalesce(p, '(1,x)') FROM with_pair",
    "SELECT array_append(words, 'x') FROM with_words",
    'SELECT array_append(words, $1) FROM with_words',
    "SELECT lag(word, 1, 'x') OVER () FROM with_words",
    "SELECT * FROM with_words WHERE words = '{x}'",
    ...(version === '18' ? ["SELECT pg_input_is_valid('x', 'checked')"] : []),
  ])('%s runs the check of a domain', (text) => {
    const facts = read(text);
    // Either it is said what the check writes, or nothing is promised.
    if (facts.complete) expect(facts.writes.map((ref) => ref.name)).toEqual(['log']);
  });

  it('reading a column of a domain runs no check', () => {
    expect(read('SELECT word FROM with_word WHERE id = 1')).toMatchObject({ complete: true, kind: 'read' });
    expect(read("SELECT 'x'::text, id FROM plain WHERE note = 'x'")).toMatchObject({ complete: true, kind: 'read' });
  });

  it.each([
    ['SELECT moves_and_calls()', ['plain']],
    ['SELECT secdef()', ['plain']],
    ['SELECT set_path()', ['plain']],
    ['SELECT set_path_operator()', ['plain']],
    ["SELECT 1 OPERATOR(pg_catalog.####) 'x'", ['plain']],
    ['SELECT row_default()', ['plain']],
    ['SELECT ordered() WITHIN GROUP (ORDER BY id) FROM c', ['plain']],
    ['UPDATE v_renamed SET key = 7 WHERE key = 1', ['c', 'child', 'v_renamed']],
    ['UPDATE v_renamed SET n = 7 WHERE key = 1', ['c', 'v_renamed']],
    ['UPDATE pk SET n = 2 WHERE id = 1', ['fk', 'pk']],
    ['WITH x AS (DELETE FROM ONLY ancestor WHERE id = 1) DELETE FROM ancestor WHERE id = 2', ['ancestor', 'heir']],
    ['WITH x AS (UPDATE c SET n = 1 WHERE id = 1) UPDATE c SET id = 9 WHERE id = 2', ['c', 'child']],
  ] as const)('%s writes %j', (text, names) => {
    const facts = read(text);
    expect([facts.complete, facts.incompleteBecause]).toEqual([true, null]);
    expect(facts.writes.map((ref) => ref.name).sort()).toEqual(names);
    expect(facts.kind).toBe('write');
  });

  it.each([
    ["SELECT set_config('search_path', 'other', true), calls_helper()", /after names/],
    ['SELECT moves(), calls_helper()', /after names/],
  ])('%s is not provable', (text, because) => {
    expect(read(text)).toMatchObject({ complete: false, incompleteBecause: expect.stringMatching(because) });
  });

  it.each([
    ['SELECT x FROM v_leak', 'public.leak'],
    ['SELECT * FROM v_under', 'public.v_leak'],
    ["SELECT 1 === 'x'", '*'],
  ])('%s is not provable while the transaction has changed %s', (text, touched) => {
    expect(read(text).complete).toBe(true);
    expect(read(text, [touched]).complete).toBe(false);
  });

  it('names with dots are not taken for others, and plain ones stay plain', () => {
    const outputs = read('SELECT * FROM a."b.c"').outputs ?? [];
    expect(outputs.map((one) => (one.known ? one.columns.map(({ column }) => column) : ['?']))).toEqual([
      ['id'],
      ['ssn'],
    ]);
    expect(read('SELECT moves()')).toMatchObject({ complete: true });
    expect(read("SELECT lower('X'), 1 = 1")).toMatchObject({ complete: true, kind: 'read' });
    expect(read("SELECT set_config('search_path', 'other', true)")).toMatchObject({ complete: true });
  });
});
