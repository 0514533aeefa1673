/** The shared catalogue: what it holds, how it follows the target, and that it survives the loss of its session. */
import { type ReadOutcome, unreadableFacts } from '@sluice/domain';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { assembleCatalogue, loadCatalogue, nameKey, readCatalogueRows } from './catalogue.ts';
import { changeText, halvesText } from './catalogue-queries.ts';
import type { PostgresKnowledge } from './knowledge.ts';
import { openKnowledge } from './knowledge.ts';
import { dialTarget, type TextRows } from './target-side.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { dialRequestFor } from './testing/test-gateway.ts';
import { viewColumnOrigins } from './view-origins.ts';

/** One question behind the other: a session reads its answers in order. */
function inTurn(query: (text: string) => Promise<TextRows>): (text: string) => Promise<TextRows> {
  let last: Promise<unknown> = Promise.resolve();
  return (text) => {
    const answer = last.then(() => query(text));
    last = answer;
    return answer;
  };
}

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  let target: RealTarget;
  let knowledge: PostgresKnowledge;
  let admin: pg.Client;
  beforeAll(async () => {
    target = await startRealTarget(version);
    knowledge = await openKnowledge(dialRequestFor(target));
    admin = new pg.Client({
      host: '127.0.0.1',
      port: target.port,
      user: 'postgres',
      password: target.password,
      database: 'app',
    });
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.end();
    await knowledge?.close();
    await target?.stop();
  });
  const relation = (name: string) =>
    knowledge.catalogue()?.data.relations.find((one) => one.name === name && one.schema === 'public');
  const reading = (name: string): ReadOutcome => ({
    ok: true,
    statements: [{ ...unreadableFacts('postgres-sql', '', ''), reads: [{ type: 'relation', schema: 'public', name }] }],
  });

  it('reads the server’s own half once, again when a superuser changed it, and holds the same as one that reads all', async () => {
    const session = await dialTarget(dialRequestFor(target));
    const asked = vi.spyOn(session, 'queryAll');
    const change = async (): Promise<string> => (await session.query(changeText))[0]?.[1] ?? '';
    const halves = async (): Promise<readonly boolean[]> => {
      const texts = asked.mock.calls.flatMap(([all]) => all);
      asked.mockClear();
      return [texts.includes(halvesText.server.functions), texts.includes(halvesText.people.functions)];
    };
    const first = await loadCatalogue(session, null, await change());
    expect(await halves()).toEqual([true, true]);
    await admin.query('CREATE TABLE fresh_half (id int)');
    const second = await loadCatalogue(session, first.server, await change());
    expect(await halves()).toEqual([false, true]);
    expect(second.catalogue.byName.has(nameKey('public', 'fresh_half'))).toBe(true);

    const rows = await readCatalogueRows(inTurn((text) => session.query(text)));
    const whole = assembleCatalogue(second.server.serverVersion, rows);
    const sorted = (list: readonly { readonly oid: number }[]) => [...list].sort((a, b) => a.oid - b.oid);
    expect(sorted(second.catalogue.data.functions)).toEqual(sorted(whole.data.functions));
    expect(sorted(second.catalogue.data.relations)).toEqual(sorted(whole.data.relations));
    expect({ ...second.catalogue.data, functions: [], relations: [] }).toEqual({
      ...whole.data,
      functions: [],
      relations: [],
    });
    expect(new Map(second.catalogue.versions)).toEqual(new Map(whole.versions));
    asked.mockClear();

    await admin.query('ALTER FUNCTION pg_catalog.xpath_exists(text, xml) VOLATILE; DROP TABLE fresh_half');
    try {
      const third = await loadCatalogue(session, second.server, await change());
      expect(await halves()).toEqual([true, true]);
      const changed = third.catalogue.data.functions.filter(({ name }) => name === 'xpath_exists');
      expect(changed.map(({ volatility }) => volatility)).toContain('volatile');
      expect(third.catalogue.id).not.toBe(first.catalogue.id);
    } finally {
      await admin.query('ALTER FUNCTION pg_catalog.xpath_exists(text, xml) IMMUTABLE');
      await knowledge.refreshAfterNow();
      await session.close();
    }
  });

  it('holds relations, columns, what views stand on, and functions', () => {
    expect(knowledge.catalogue()?.data.serverVersion).toBeGreaterThan(150_000);
    const customers = relation('customers');
    expect(customers?.kind).toBe('table');
    expect(customers?.columns.slice(0, 2)).toEqual([
      { attribute: 1, name: 'id', type: 'int4', notNull: true },
      { attribute: 2, name: 'full_name', type: 'text', notNull: true },
    ]);
    const view = relation('customer_view');
    expect(view?.dependsOn).toContainEqual({ relation: customers?.oid, attribute: 4 });
    expect(view?.columns.map((column) => column.origin)).toEqual([
      { relation: customers?.oid, attribute: 1 },
      { relation: customers?.oid, attribute: 3 },
      undefined,
    ]);
    const functions = knowledge.catalogue()?.data.functions ?? [];
    expect(functions.find((one) => one.name === 'add_note')).toEqual({
      oid: expect.any(Number),
      schema: 'public',
      name: 'add_note',
      kind: 'function',
      language: 'sql',
      volatility: 'volatile',
      returnsSet: false,
      securityDefiner: false,
      least: 1,
      most: 1,
      body: {
        text: ' INSERT INTO notes VALUES (1, $1) ',
        stored: null,
        extension: null,
        parameters: [{ name: '', mode: 'in', type: 'text' }],
        returns: 'void',
        returnsRelation: 0,
        owner: 'postgres',
        settings: [],
      },
    });
    expect(knowledge.columnType({ schema: 'public', relation: 'customers', column: 'ssn' })).toBe('varchar');
  });

  it('gives another version when a definition changes, and the same when only rows do', async () => {
    const before = knowledge.definitions(reading('customer_view'));
    const id = knowledge.catalogue()?.id;
    await admin.query('UPDATE customers SET email = email WHERE id = 1; ANALYZE customers');
    await knowledge.refreshAfterNow();
    expect(knowledge.definitions(reading('customer_view'))).toBe(before);
    expect(knowledge.catalogue()?.id).toBe(id);
    await admin.query('CREATE OR REPLACE VIEW customer_view AS SELECT id, email, lower(ssn) AS loud FROM customers');
    await knowledge.refreshAfterNow();
    expect(knowledge.definitions(reading('customer_view'))).not.toBe(before);
    expect(knowledge.definitions(reading('customers'))).not.toBe(knowledge.definitions(reading('notes')));
  });

  it('notes triggers', async () => {
    const before = knowledge.definitions(reading('notes'));
    await admin.query(`CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
      CREATE TRIGGER t AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION noted()`);
    await knowledge.refreshAfterNow();
    const noted = knowledge.catalogue()?.data.functions.find((one) => one.name === 'noted')?.oid;
    expect(relation('notes')?.triggers).toEqual([{ function: noted, verbs: ['insert'], instead: false }]);
    expect(knowledge.definitions(reading('notes'))).not.toBe(before);
  });

  it('is not stopped by another session’s locks, nor by losing its own', async () => {
    await admin.query(
      'BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE; ALTER TABLE customers ADD COLUMN later int',
    );
    await knowledge.refreshAfterNow();
    expect(relation('customers')).toBeDefined();
    await admin.query('ROLLBACK');
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%control session%'",
    );
    await admin.query('CREATE TABLE after_loss (id int)');
    await knowledge.refreshAfterNow();
    await knowledge.refreshAfterNow();
    expect(relation('after_loss')).toBeDefined();
  });
});

it('keeps no origin that it cannot be sure of', () => {
  expect(viewColumnOrigins('').size).toBe(0);
  expect(
    viewColumnOrigins(
      '({QUERY :targetList ({TARGETENTRY :expr {VAR :x 1} :resno 1 :resorigtbl 5 :resorigcol 2 :resjunk false}) :setOperations {SETOP}})',
    ).size,
  ).toBe(0);
});
