/** What the differential proof once found missing, against a real server: each was complete and did not name what the server changed. */
import type { StatementFacts } from '@sluice/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeQuery } from './messages/frontend.ts';
import { languageFacts } from './testing/language-facts.ts';
import { openRawClient, outline, type RawClient } from './testing/raw-client.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

const definitions = `
CREATE TABLE parted (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
CREATE TABLE base (id int);
CREATE TABLE derived () INHERITS (base);
CREATE VIEW shown AS SELECT id FROM base;
CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY, note text);
CREATE SEQUENCE lone;
CREATE SEQUENCE ruled;
CREATE TABLE ruling (id int);
CREATE TABLE ruling_log (id int);
CREATE RULE logged AS ON INSERT TO ruling DO ALSO INSERT INTO ruling_log VALUES (nextval('ruled'));
CREATE TYPE span AS RANGE (subtype = float8);
CREATE FUNCTION also_eq(int8, int8) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int8eq';
CREATE FUNCTION also_put(oid, int8, bytea) RETURNS void LANGUAGE internal AS 'be_lo_put';
CREATE PROCEDURE answers(IN a int, OUT b int) LANGUAGE sql AS $$ SELECT a + 1 $$;
CREATE INDEX parted_index ON ONLY parted (id);
CREATE INDEX parted_a_index ON parted_a (id);
CREATE DOMAIN counting AS int DEFAULT nextval('lone');
CREATE TABLE with_domain (id counting);
CREATE TABLE noted (at timestamptz);
CREATE FUNCTION noting(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO noted VALUES (now()); RETURN true; END $$;
CREATE DOMAIN checked_later AS int;
CREATE TABLE holds_checked (id checked_later);
INSERT INTO holds_checked VALUES (1);
CREATE MATERIALIZED VIEW kept AS SELECT id FROM base;
CREATE TABLE watched (tag text);
CREATE FUNCTION watching() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO watched VALUES (tg_tag); END $$;
`;

let target: RealTarget;
let gateway: TestGateway;
let client: RawClient;

beforeAll(async () => {
  target = await startRealTarget('15');
  gateway = await startTestGateway(target, { facts: await languageFacts(), withKnowledge: true });
  client = await openRawClient(gateway.port, { username: 'agent', password: 'any', database: target.database });
  client.send(encodeQuery(definitions));
  expect(outline(await client.untilReady())).toMatch(/Z:I$/);
});
afterAll(async () => {
  await gateway?.close();
  await target?.stop();
});

async function facts(text: string): Promise<StatementFacts> {
  client.send(encodeQuery(text));
  expect(outline(await client.untilReady())).toMatch(/Z:[IT]$/);
  return gateway.inspectors.at(-1)!.statements.at(-1)!.facts[0]!;
}

async function writes(text: string): Promise<string[]> {
  const { complete, writes: written } = await facts(text);
  expect(complete).toBe(true);
  return written.map(({ schema, name }) => `${schema}.${name}`).sort();
}

async function count(table: string): Promise<number> {
  client.send(encodeQuery(`SELECT FROM ${table}`));
  return (await client.untilReady()).filter(({ type }) => type === 'D').length;
}

describe('definitions that a statement reaches', () => {
  it('event triggers run for REINDEX, from PostgreSQL 17 on', async () => {
    const newer = await startRealTarget('18');
    const newerGateway = await startTestGateway(newer, { facts: await languageFacts(), withKnowledge: true });
    const newerClient = await openRawClient(newerGateway.port, {
      username: 'agent',
      password: 'any',
      database: newer.database,
    });
    try {
      const watch = 'CREATE EVENT TRIGGER watches ON ddl_command_end EXECUTE FUNCTION watching()';
      newerClient.send(encodeQuery(definitions), encodeQuery(watch), encodeQuery('REINDEX TABLE base'));
      expect(outline(await newerClient.untilReady(3))).toMatch(/C:REINDEX Z:I$/);
      const [read] = newerGateway.inspectors.at(-1)!.statements.at(-1)!.facts;
      expect(read?.writes.map(({ name }) => name)).toContain('watched');
      newerClient.send(encodeQuery("SELECT FROM watched WHERE tag = 'REINDEX'"));
      expect(outline(await newerClient.untilReady())).toContain('C:SELECT 1');
    } finally {
      await newerGateway.close();
      await newer.stop();
    }
  });

  it.each([
    ['ALTER TABLE parted ALTER COLUMN id TYPE bigint', ['public.parted', 'public.parted_a']],
    ['ALTER TABLE ONLY base SET (fillfactor = 90)', ['public.base']],
    ['ALTER TABLE counted ALTER COLUMN id RESTART', ['public.counted', 'public.counted_id_seq']],
    ['ALTER SEQUENCE lone RESTART', ['public.lone']],
    ['TRUNCATE counted RESTART IDENTITY', ['public.counted', 'public.counted_id_seq']],
    ['VACUUM (FULL) parted', ['public.parted', 'public.parted_a']],
    ['UPDATE ONLY shown SET id = 1', ['public.base', 'public.derived', 'public.shown']],
    ['INSERT INTO with_domain DEFAULT VALUES', ['public.lone', 'public.with_domain']],
  ])('%s', async (text, expected) => {
    expect(await writes(text)).toEqual(expected);
  });

  it.each(['CLUSTER', 'VACUUM FULL', 'ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default'])(
    '%s names nothing, so it is not known what it rewrites',
    async (text) => {
      expect((await facts(text)).complete).toBe(false);
    },
  );

  it('a rule’s sequence is not known by name', async () => {
    expect((await facts('INSERT INTO ruling VALUES (1)')).complete).toBe(false);
  });

  it('writing the system’s own relations takes the strictest kind', async () => {
    expect((await facts("UPDATE pg_class SET reltuples = 5 WHERE relname = 'base'")).kind).toBe('privilege');
  });

  it('a function of the server under another name does what that one does', async () => {
    expect(await facts('SELECT also_eq(1, 1), span(1.5, 2)')).toMatchObject({ complete: true, kind: 'read' });
    const put = await facts("SELECT lo_create(77), also_put(77, 0, 'x')");
    expect(put.kind).not.toBe('read');
    await facts('SELECT lo_unlink(77)');
  });

  it('CALL names output parameters as well, and a type’s name may stand for a cast', async () => {
    expect((await facts('CALL answers(1, NULL)')).complete).toBe(true);
    expect(await facts("SELECT regtype('int4'), regclass('base')")).toMatchObject({ complete: true, kind: 'read' });
  });

  it('a new check of a domain runs for the values that are stored', async () => {
    await facts('ALTER DOMAIN checked_later ADD CONSTRAINT plain CHECK (VALUE > 0)');
    expect(await writes('ALTER DOMAIN checked_later ADD CONSTRAINT acts CHECK (noting(VALUE))')).toEqual([
      'public.noted',
    ]);
    expect(await writes('ALTER DOMAIN checked_later VALIDATE CONSTRAINT acts')).toEqual(['public.noted']);
    expect(await count('noted')).toBeGreaterThan(0);
  });

  it('a path that begins with the temporary schema takes what is made, and one that it stands before by itself does not', async () => {
    await facts('CREATE TEMP TABLE there_is_one (id int)');
    expect(await writes('CREATE TABLE ordinary (id int)')).toEqual(['public.ordinary']);
    await facts('SET search_path = pg_temp, public');
    expect(await writes('CREATE TABLE passing (id int)')).toEqual(['pg_temp.passing']);
    await facts('SET search_path = public, pg_temp');
    expect(await writes('CREATE TABLE lasting (id int)')).toEqual(['public.lasting']);
    await facts('RESET search_path');
    client.send(encodeQuery("SELECT 1 FROM pg_class WHERE relname = 'passing' AND relpersistence = 't'"));
    expect(outline(await client.untilReady())).toBe('T D C:SELECT 1 Z:I');
  });

  it('event triggers run for comments and refreshed views as well', async () => {
    await facts('CREATE EVENT TRIGGER watches ON ddl_command_end EXECUTE FUNCTION watching()');
    try {
      for (const text of ["COMMENT ON TABLE base IS 'x'", 'REFRESH MATERIALIZED VIEW kept']) {
        const before = await count('watched');
        expect(await writes(text)).toContain('public.watched');
        expect(await count('watched')).toBeGreaterThan(before);
      }
    } finally {
      await facts('DROP EVENT TRIGGER watches');
    }
  });

  it('attaches an index', async () => {
    expect((await facts('ALTER INDEX parted_index ATTACH PARTITION parted_a_index')).complete).toBe(true);
  });
});
