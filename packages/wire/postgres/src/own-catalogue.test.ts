/** What only the client's session sees, against a real server: its open transaction's changes and its temporary objects (postgres.md, 4). */
import type { StatementFacts } from '@sluice/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeQuery } from './messages/frontend.ts';
import { languageFacts } from './testing/language-facts.ts';
import { openRawClient, outline, type RawClient } from './testing/raw-client.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

let target: RealTarget;
let gateway: TestGateway;
let client: RawClient;

beforeAll(async () => {
  target = await startRealTarget('15');
  gateway = await startTestGateway(target, { facts: await languageFacts(), withKnowledge: true });
});
afterAll(async () => {
  await gateway?.close();
  await target?.stop();
});
beforeEach(async () => {
  client = await openRawClient(gateway.port, { username: 'agent', password: 'any', database: target.database });
});

/** Runs one message, whose end is `Z:I` or `Z:T`, and returns the facts of its statements. */
async function all(text: string): Promise<readonly StatementFacts[]> {
  client.send(encodeQuery(text));
  expect(outline(await client.untilReady())).toMatch(/Z:[IT]$/);
  return gateway.inspectors.at(-1)!.statements.at(-1)!.facts;
}

async function facts(text: string): Promise<StatementFacts> {
  return (await all(text))[0]!;
}

async function columns(text: string): Promise<string[]> {
  const { complete, columns: read } = await facts(text);
  expect(complete).toBe(true);
  return read.map(({ schema, relation, column }) => `${schema}.${relation}.${column}`);
}

describe('what only this session sees', () => {
  it('its own DDL before and after the commit, and what a roll-back takes away', async () => {
    await facts('CREATE TABLE fresh (id int, email text)');
    expect(await columns('SELECT email FROM fresh')).toEqual(['public.fresh.email']);
    await facts('BEGIN');
    await facts(
      'CREATE OR REPLACE VIEW customer_view AS SELECT id, full_name AS email, upper(full_name) AS loud FROM customers',
    );
    expect(await columns('SELECT email FROM customer_view')).toContain('public.customers.full_name');
    await facts('SAVEPOINT one');
    await facts('ALTER TABLE customers RENAME COLUMN ssn TO harmless');
    expect(await columns('SELECT harmless FROM customers')).toEqual(['public.customers.harmless']);
    await facts('ROLLBACK TO one');
    expect(await columns('SELECT ssn FROM customers')).toEqual(['public.customers.ssn']);
    await facts('DROP TABLE fresh');
    expect((await facts('SELECT to_regclass($$fresh$$)')).complete).toBe(true);
    await facts('ROLLBACK');
    expect(await columns('SELECT email FROM customer_view')).toContain('public.customers.email');
    await facts('DROP TABLE fresh');
  });

  it('does not know inside a message what that message makes', async () => {
    const [made, read] = await all('CREATE VIEW late AS SELECT 1 AS one; SELECT * FROM late; DROP VIEW late');
    expect([made?.complete, read?.complete]).toEqual([true, false]);
  });

  it('its temporary objects, which stand before all others', async () => {
    await facts('CREATE TEMP TABLE notes (secret text)');
    expect(await columns('SELECT * FROM notes')).toEqual(['pg_temp.notes.secret']);
    expect(await columns('SELECT body FROM public.notes')).toEqual(['public.notes.body']);
    expect((await facts("INSERT INTO notes VALUES ('x')")).writes).toEqual([
      { type: 'relation', schema: 'pg_temp', name: 'notes' },
    ]);
    await facts('BEGIN');
    await facts('ALTER TABLE notes RENAME TO elsewhere');
    expect(await columns('SELECT body FROM notes')).toEqual(['public.notes.body']);
    await facts('ROLLBACK');
    expect(await columns('SELECT * FROM notes')).toEqual(['pg_temp.notes.secret']);
    await facts('DISCARD TEMP');
    expect(await columns('SELECT body FROM notes')).toEqual(['public.notes.body']);
  });

  it('temporary objects that a function made out of sight', async () => {
    await facts(
      "CREATE FUNCTION hide(shape text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE TEMP TABLE notes (' || shape || ')'; END $$",
    );
    expect((await facts("SELECT hide('other int')")).complete).toBe(false);
    expect(await columns('SELECT * FROM notes')).toEqual(['pg_temp.notes.other']);
    await facts('DROP FUNCTION hide(text)');
  });

  it('a rule that its transaction dropped is not counted on', async () => {
    await facts('CREATE TABLE kept (id int); CREATE RULE nothing AS ON INSERT TO kept DO INSTEAD NOTHING');
    await facts('BEGIN');
    await facts('DROP RULE nothing ON kept');
    const { complete, writes } = await facts('INSERT INTO kept VALUES (1)');
    expect(!complete || writes.some(({ name }) => name === 'kept')).toBe(true);
    await facts('ROLLBACK');
    await facts('DROP TABLE kept');
  });

  it('a transaction outlives a reading that is refused, and its names stay unknown', async () => {
    await facts('REVOKE SELECT ON pg_catalog.pg_attrdef FROM PUBLIC');
    await facts('BEGIN');
    await facts('CREATE TABLE short (id int)');
    await facts('GRANT SELECT ON short TO app');
    await facts('SET LOCAL ROLE app');
    expect((await facts('SELECT id FROM short')).complete).toBe(false);
    expect((await facts('SELECT 1')).complete).toBe(true);
    await facts('RESET ROLE');
    expect(await columns('SELECT id FROM short')).toEqual(['public.short.id']);
    await facts('ROLLBACK');
    await facts('GRANT SELECT ON pg_catalog.pg_attrdef TO PUBLIC');
  });

  it('the record holds what the gateway asked', async () => {
    await facts('CREATE TEMP TABLE mine (id int)');
    await facts('TABLE mine');
    const asked = gateway.inspectors.at(-1)!.ownStatements;
    expect(asked.length).toBeGreaterThan(2);
    for (const text of asked) expect(text).not.toMatch(/\bmine\b/);
  });
});
