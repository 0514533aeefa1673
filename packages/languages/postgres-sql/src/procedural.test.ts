/** Every place of PL/pgSQL where an expression or a statement can stand is read: each holds a call that deletes. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueFunction } from './context.ts';
import { demoCatalogue, factsOf } from './fixtures/demo-target.ts';
import { postgresSql } from './language.ts';

beforeAll(() => postgresSql.load());

const sql: Omit<CatalogueFunction, 'oid' | 'name' | 'language' | 'body'> = {
  schema: 'public',
  kind: 'function',
  volatility: 'volatile',
  returnsSet: false,
  securityDefiner: false,
  least: 0,
  most: null,
};

function functionNamed(
  name: string,
  oid: number,
  language: string,
  text: string,
  returns = 'integer',
): CatalogueFunction {
  const body = { stored: null, extension: null, parameters: [], returnsRelation: 0, owner: 'app', settings: [] };
  return {
    ...sql,
    name,
    oid,
    language,
    returnsSet: /RETURN (NEXT|QUERY)/.test(text),
    body: { ...body, text, returns },
  };
}

const purge = functionNamed('purge', 90_001, 'sql', 'DELETE FROM customers; SELECT 1');

function factsOfBody(text: string): ReturnType<typeof factsOf> {
  const called = functionNamed('body', 90_002, 'plpgsql', text);
  return factsOf('SELECT body()', {
    catalogue: { ...demoCatalogue, functions: [...demoCatalogue.functions, purge, called] },
  });
}

const places = [
  'DECLARE x int := purge(); BEGIN RETURN x; END',
  'DECLARE x CONSTANT int NOT NULL DEFAULT purge(); BEGIN RETURN x; END',
  'DECLARE k CURSOR FOR SELECT purge(); BEGIN OPEN k; RETURN 1; END',
  'DECLARE k CURSOR (p int) FOR SELECT p; BEGIN OPEN k (purge()); RETURN 1; END',
  'DECLARE k CURSOR (p int) FOR SELECT p; BEGIN OPEN k (p := purge()); RETURN 1; END',
  'DECLARE k refcursor; BEGIN OPEN k FOR SELECT purge(); RETURN 1; END',
  'DECLARE x int; BEGIN x := purge(); RETURN x; END',
  'DECLARE x int[]; BEGIN x[purge()] := 1; RETURN 1; END',
  'DECLARE x int[]; BEGIN x[1:purge()] = x; RETURN 1; END',
  'BEGIN PERFORM purge(); RETURN 1; END',
  'BEGIN PERFORM 1 FROM orders WHERE id = purge(); RETURN 1; END',
  'BEGIN RETURN purge(); END',
  'BEGIN IF purge() = 1 THEN NULL; END IF; RETURN 1; END',
  'BEGIN IF true THEN NULL; ELSIF purge() = 1 THEN NULL; END IF; RETURN 1; END',
  'BEGIN IF true THEN NULL; ELSE PERFORM purge(); END IF; RETURN 1; END',
  'BEGIN CASE purge() WHEN 1 THEN NULL; END CASE; RETURN 1; END',
  'BEGIN CASE 1 WHEN purge() THEN NULL; END CASE; RETURN 1; END',
  'BEGIN CASE WHEN purge() = 1 THEN NULL; ELSE NULL; END CASE; RETURN 1; END',
  'BEGIN CASE WHEN true THEN NULL; ELSE PERFORM purge(); END CASE; RETURN 1; END',
  'BEGIN LOOP PERFORM purge(); EXIT; END LOOP; RETURN 1; END',
  'BEGIN LOOP EXIT WHEN purge() = 1; END LOOP; RETURN 1; END',
  'BEGIN LOOP CONTINUE WHEN purge() = 1; END LOOP; RETURN 1; END',
  'BEGIN WHILE purge() = 1 LOOP NULL; END LOOP; RETURN 1; END',
  'BEGIN FOR i IN purge() .. 3 LOOP NULL; END LOOP; RETURN 1; END',
  'BEGIN FOR i IN 1 .. purge() LOOP NULL; END LOOP; RETURN 1; END',
  'BEGIN FOR i IN REVERSE 3 .. 1 BY purge() LOOP NULL; END LOOP; RETURN 1; END',
  'BEGIN FOR i IN 1 .. 2 LOOP PERFORM purge(); END LOOP; RETURN 1; END',
  'DECLARE r record; BEGIN FOR r IN SELECT purge() LOOP NULL; END LOOP; RETURN 1; END',
  'DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP PERFORM purge(); END LOOP; RETURN 1; END',
  'DECLARE k CURSOR FOR SELECT 1; BEGIN FOR r IN k LOOP PERFORM purge(); END LOOP; RETURN 1; END',
  'DECLARE k CURSOR (p int) FOR SELECT p; BEGIN FOR r IN k (purge()) LOOP NULL; END LOOP; RETURN 1; END',
  'DECLARE x int; BEGIN FOREACH x IN ARRAY ARRAY[purge()] LOOP NULL; END LOOP; RETURN 1; END',
  'DECLARE x int; BEGIN FOREACH x IN ARRAY ARRAY[1] LOOP PERFORM purge(); END LOOP; RETURN 1; END',
  "BEGIN RAISE NOTICE '%', purge(); RETURN 1; END",
  "BEGIN RAISE NOTICE 'x' USING DETAIL = purge(); RETURN 1; END",
  'BEGIN ASSERT purge() = 1; RETURN 1; END',
  'BEGIN ASSERT true, purge()::text; RETURN 1; END',
  'BEGIN RETURN 1; EXCEPTION WHEN OTHERS THEN PERFORM purge(); RETURN 2; END',
  'DECLARE x int; BEGIN SELECT purge() INTO x; RETURN x; END',
  'BEGIN INSERT INTO orders (id) VALUES (purge()); RETURN 1; END',
  'BEGIN BEGIN PERFORM purge(); END; RETURN 1; END',
  "BEGIN EXECUTE 'SELECT purge()'; RETURN 1; END",
  "BEGIN EXECUTE 'SELECT $1' USING purge(); RETURN 1; END",
  "DECLARE x int; BEGIN EXECUTE 'SELECT purge()' INTO x; RETURN x; END",
  "DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT purge()' LOOP NULL; END LOOP; RETURN 1; END",
  "DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT $1' USING purge() LOOP NULL; END LOOP; RETURN 1; END",
  "DECLARE k refcursor; BEGIN OPEN k FOR EXECUTE 'SELECT purge()'; RETURN 1; END",
  "DECLARE k refcursor; BEGIN OPEN k FOR EXECUTE 'SELECT $1' USING purge(); RETURN 1; END",
  'BEGIN RETURN NEXT purge(); END',
  'BEGIN RETURN QUERY SELECT purge(); END',
  "BEGIN RETURN QUERY EXECUTE 'SELECT purge()'; END",
  "BEGIN RETURN QUERY EXECUTE 'SELECT $1' USING purge(); END",
  'DECLARE k refcursor; x int; BEGIN FETCH ABSOLUTE purge() FROM k INTO x; RETURN x; END',
  'DECLARE k refcursor; BEGIN MOVE RELATIVE purge() IN k; RETURN 1; END',
];

describe('a body in PL/pgSQL', () => {
  it.each(places)('%s', (text) => {
    const facts = factsOfBody(text);
    const seen = facts.writes.some((ref) => ref.name === 'customers');
    expect(seen || !facts.complete).toBe(true);
    // What PostgreSQL's own parser of bodies drops without a trace would be the worst of all.
    if (!seen) expect(facts.incompleteBecause).toMatch(/could not read|run time|does not read/);
  });

  it.each([
    ["DECLARE t text; BEGIN EXECUTE 'DROP TABLE ' || t; RETURN 1; END", /run time/],
    ["DECLARE t text := 'DROP TABLE orders'; BEGIN EXECUTE t; RETURN 1; END", /run time/],
    ['BEGIN this is not PL/pgSQL; END', /could not read/],
  ])('%s is not provable', (text, because) => {
    expect(factsOfBody(text).incompleteBecause).toMatch(because);
  });

  it('that opens or closes cursors moves those that the session knows', () => {
    const effects = factsOfBody(
      "DECLARE k refcursor := 'known'; BEGIN CLOSE k; OPEN k FOR SELECT 1; RETURN 1; END",
    ).sessionEffects;
    expect(effects).toContainEqual({ type: 'close', name: '' });
  });

  it('that prepares or declares under a name leaves the session unknown', () => {
    expect(factsOfBody("BEGIN EXECUTE 'PREPARE p AS SELECT 1'; RETURN 1; END").sessionEffects).toContainEqual({
      type: 'unknown',
    });
  });
});
