/** Rehearsals on real servers: exact counts, rows before and after, and nothing that remains. */
import { type Rehearsal, rehearsalSchema } from '@sluice/domain';
import type { RehearseRequest } from '@sluice/wire-kit';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeExecute, encodeParse, encodeQuery, encodeSync } from './messages/frontend.ts';
import { languageFacts } from './testing/language-facts.ts';
import { bindWith, openRawClient, type RawClient } from './testing/raw-client.ts';
import { connectDirectly, type RealTarget, startRealTarget } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

const setUp = `
CREATE TABLE accounts (id int PRIMARY KEY, owner text, email text, cents int, doubled int GENERATED ALWAYS AS (cents * 2) STORED, seen timestamptz DEFAULT now());
INSERT INTO accounts (id, owner, email, cents, seen) SELECT n, 'o' || n, 'o' || n || '@example.com', n * 100, '2026-01-01' FROM generate_series(1, 50) AS n;
CREATE TABLE entries (id serial PRIMARY KEY, account int, cents int);
CREATE TABLE lines (id int PRIMARY KEY, account int REFERENCES accounts ON DELETE CASCADE);
INSERT INTO lines SELECT n, 1 FROM generate_series(1, 4) AS n;
CREATE TABLE keyless (v int);
INSERT INTO keyless VALUES (1), (2);
CREATE TABLE watched (id int PRIMARY KEY, v int);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER watching BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION watch();
CREATE ROLE reads LOGIN PASSWORD 'reads-password';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reads;
GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app;
`;

describe.each(['15', '18'] as const)('rehearsal at PostgreSQL %s', (version) => {
  let target: RealTarget;
  let gateway: TestGateway;
  let direct: pg.Client;
  const clients: RawClient[] = [];
  const recorded: string[] = [];
  const request: RehearseRequest = {
    signal: new AbortController().signal,
    records: (text) => {
      recorded.push(text);
      return true;
    },
    masks: (fields) => {
      const plan = fields.map(({ origin }) =>
        origin !== null && origin !== 'unresolved' && origin.column === 'email'
          ? ('whole' as const)
          : ('pass' as const),
      );
      return { plan, passAll: false, mask: () => '•••' };
    },
  };

  beforeAll(async () => {
    target = await startRealTarget(version);
    direct = await connectDirectly(target, setUp);
    gateway = await startTestGateway(
      { ...target, username: 'app', password: 'app-password' },
      {
        facts: await languageFacts(),
        withKnowledge: true,
        reader: { username: 'reads', password: 'reads-password' },
        holds: ({ phase, text }) =>
          (phase === 'run' || phase === 'bind') && /^(UPDATE|DELETE|INSERT|WITH|TRUNCATE)/.test(text),
      },
    );
  });
  afterAll(async () => {
    await direct?.end();
    await gateway?.close();
    await target?.stop();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.party.stream.destroy();
  });

  /** Everything that a rehearsal could leave behind. */
  const digest = async (): Promise<string> => {
    const tables = ['accounts', 'entries', 'lines', 'keyless', 'watched', 'customers'];
    const parts = [];
    for (const table of tables)
      parts.push(
        (await direct.query(`SELECT md5(string_agg(t::text || ctid::text, '|' ORDER BY ctid)) AS d FROM ${table} AS t`))
          .rows[0].d,
      );
    parts.push((await direct.query('SELECT sequencename, last_value FROM pg_sequences ORDER BY 1')).rows);
    parts.push((await direct.query('SELECT 1 FROM pg_prepared_xacts')).rowCount);
    parts.push(
      (await direct.query("SELECT 1 FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'")).rowCount,
    );
    return JSON.stringify(parts);
  };
  const open = async (): Promise<RawClient> => {
    const client = await openRawClient(gateway.port, target);
    clients.push(client);
    return client;
  };
  const tryOut = async (client: RawClient, ...messages: Buffer[]): Promise<Rehearsal> => {
    const before = await digest();
    client.send(...messages);
    const inspector = gateway.inspectors.at(-1)!;
    await inspector.somethingWaits();
    const rehearsal = rehearsalSchema.parse(await inspector.waiting[0]!.request.hold.rehearse!(request));
    expect(await digest()).toBe(before);
    return rehearsal;
  };
  const tried = async (text: string) => tryOut(await open(), encodeQuery(text));

  it('an update: exact counts, what changes before and after, masked, and generated columns with it', async () => {
    expect(await tried("UPDATE accounts SET cents = 7, email = 'new@example.com' WHERE id IN (3, 4)")).toMatchObject({
      ran: true,
      rows: 2,
      touched: 2,
      columns: [
        { name: 'id', masked: false },
        { name: 'email', masked: true },
        { name: 'cents', masked: false },
        { name: 'doubled', masked: false },
      ],
      changes: [
        { before: ['3', '•••', '300', '600'], after: ['3', '•••', '7', '14'] },
        { before: ['4', '•••', '400', '800'], after: ['4', '•••', '7', '14'] },
      ],
      moreChanges: 0,
      unshown: null,
    });
    expect(recorded.at(-1)).toMatch(/RETURNING \*$/);
  });

  it('bound values; more rows than are shown', async () => {
    const client = await open();
    const rehearsal = await tryOut(
      client,
      encodeParse('', 'UPDATE accounts SET cents = $1 WHERE id > $2 -- a comment'),
      bindWith('', ['1', '10']),
      encodeExecute(''),
      encodeSync(),
    );
    expect(rehearsal).toMatchObject({ ran: true, rows: 40, moreChanges: 20 });
    expect(rehearsal.ran && rehearsal.changes).toHaveLength(20);
  });

  it('a delete with its cascades counted, and an insert', async () => {
    expect(await tried('DELETE FROM keyless WHERE v = 1')).toMatchObject({
      ran: true,
      rows: 1,
      columns: [],
      unshown: 'its table has no primary key',
    });
    const cascaded = await tried('DELETE FROM accounts WHERE id = 1');
    expect(cascaded, JSON.stringify(cascaded)).toMatchObject({
      ran: true,
      rows: 1,
      touched: 5,
      unshown: 'it changes more than one table',
    });
    expect(await tried('DELETE FROM customers WHERE id = 2')).toMatchObject({
      ran: true,
      rows: 1,
      changes: [{ after: null }],
    });
    expect(await tried("INSERT INTO accounts (id, owner) VALUES (99, 'x')")).toMatchObject({
      ran: true,
      rows: 1,
      changes: [{ before: null }],
    });
  });

  it('a statement with a result of its own is counted and not shown', async () => {
    expect(await tried('UPDATE accounts SET cents = 1 WHERE id < 3 RETURNING id')).toMatchObject({
      ran: true,
      rows: 2,
      unshown: 'it returns a result of its own',
    });
  });

  it.each([
    ['INSERT INTO entries (account, cents) VALUES (2, 1)', /sequence/],
    ['INSERT INTO watched VALUES (1, 1)', /watch|triggers/],
    ['TRUNCATE keyless', /no plain change/],
    ["UPDATE accounts SET cents = nextval('entries_id_seq') WHERE id = 1", /nextval|sequence|proved/],
    ['WITH x AS (SELECT pg_advisory_lock(7)) UPDATE accounts SET cents = 1 FROM x WHERE id = 1', /advisory/],
    ["UPDATE accounts SET owner = current_setting('app.who', true) WHERE id = 1", /setting/],
    ['UPDATE nowhere SET a = 1', /proved/],
    ['DELETE FROM notes WHERE id = 1; DELETE FROM notes WHERE id = 2', /several/],
  ])('%s is not tried', async (text, because) => {
    const before = recorded.length;
    const rehearsal = await tried(text);
    expect(rehearsal).toMatchObject({ ran: false, because: expect.stringMatching(because) });
    expect(recorded.length).toBe(before);
  });

  it('inside a transaction nothing is tried', async () => {
    const client = await open();
    client.send(encodeQuery('BEGIN'));
    await client.untilReady();
    expect(await tryOut(client, encodeQuery('DELETE FROM keyless'))).toMatchObject({
      ran: false,
      because: expect.stringContaining('transaction'),
    });
  });

  it('another session’s lock, and a statement that takes long, end it', async () => {
    await direct.query('BEGIN; UPDATE accounts SET cents = cents WHERE id = 5');
    try {
      const client = await open();
      client.send(encodeQuery('UPDATE accounts SET cents = 1 WHERE id = 5'));
      const inspector = gateway.inspectors.at(-1)!;
      await inspector.somethingWaits();
      expect(await inspector.waiting[0]!.request.hold.rehearse!(request)).toMatchObject({ ran: false });
    } finally {
      await direct.query('ROLLBACK');
    }
    expect(await tried('UPDATE accounts SET cents = 1 WHERE id = 5')).toMatchObject({ ran: true, rows: 1 });
  });

  it('what could not be recorded is not tried; settings that differ end it', async () => {
    const client = await open();
    client.send(encodeQuery('DELETE FROM keyless'));
    const inspector = gateway.inspectors.at(-1)!;
    await inspector.somethingWaits();
    const { hold } = inspector.waiting[0]!.request;
    expect(await hold.rehearse!({ ...request, records: () => false })).toEqual({
      ran: false,
      because: 'it could not be recorded',
    });
    const other = await open();
    other.send(encodeQuery("SET DateStyle = 'German'"));
    await other.untilReady();
    expect(await tryOut(other, encodeQuery('DELETE FROM keyless'))).toMatchObject({
      ran: false,
      because: expect.stringContaining('DateStyle'),
    });
  });

  it('afterwards the held statement runs as ever', async () => {
    const client = await open();
    await tryOut(
      client,
      encodeParse('', 'DELETE FROM keyless WHERE v = $1'),
      bindWith('', ['2']),
      encodeExecute(''),
      encodeSync(),
    );
    gateway.inspectors.at(-1)!.waiting[0]!.release();
    await client.untilReady();
    expect((await direct.query('SELECT v FROM keyless')).rows).toEqual([{ v: 1 }]);
    await direct.query('INSERT INTO keyless VALUES (2)');
  });
});
