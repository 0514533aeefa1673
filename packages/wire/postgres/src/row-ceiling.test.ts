/** A row ceiling on real servers: a statement that changed more rows is taken back, and what the client sees of its transaction is true. */
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeExecute, encodeFlush, encodeParse, encodeQuery, encodeSync } from './messages/frontend.ts';
import { languageFacts } from './testing/language-facts.ts';
import { bindWith, executeRows, openRawClient, outline, type RawClient, reportIn } from './testing/raw-client.ts';
import { connectDirectly, type RealTarget, startRealTarget } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';
import { ceilingProblem } from './touched-rows.ts';

const ceiling = 3;
const setUp = `
CREATE TABLE rows (id int PRIMARY KEY, v int);
CREATE TABLE held (id int PRIMARY KEY, of int REFERENCES rows ON DELETE CASCADE);
CREATE TABLE later (id int PRIMARY KEY, of int REFERENCES rows DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE logged (id int PRIMARY KEY, v int);
CREATE TABLE logs (v int);
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO logs VALUES (NEW.v), (OLD.v), (0); RETURN NEW; END $$;
CREATE TRIGGER logging AFTER UPDATE ON logged FOR EACH ROW EXECUTE FUNCTION log();
GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
CREATE ROLE reads LOGIN PASSWORD 'reads-password';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reads;
`;

describe.each(['15', '18'] as const)('a row ceiling at PostgreSQL %s', (version) => {
  let target: RealTarget;
  let gateways: { people: TestGateway; agents: TestGateway };
  let direct: pg.Client;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    target = await startRealTarget(version);
    direct = await connectDirectly(target, setUp);
    const facts = await languageFacts();
    const options = {
      facts,
      withKnowledge: true,
      ceiling: ({ text }: { readonly text: string }) =>
        /^(UPDATE|DELETE|INSERT|WITH|MERGE)/.test(text) ? ceiling : null,
    };
    gateways = {
      people: await startTestGateway(target, options),
      agents: await startTestGateway(
        { ...target, username: 'app', password: 'app-password' },
        { ...options, reader: { username: 'reads', password: 'reads-password' } },
      ),
    };
  });
  afterAll(async () => {
    await direct?.end();
    await gateways?.people.close();
    await gateways?.agents.close();
    await target?.stop();
  });
  beforeEach(async () => {
    await direct.query(`TRUNCATE rows, held, later, logged, logs;
      INSERT INTO rows SELECT n, 0 FROM generate_series(1, 10) AS n;
      INSERT INTO held SELECT n, 1 FROM generate_series(1, 5) AS n;
      INSERT INTO logged SELECT n, 0 FROM generate_series(1, 3) AS n`);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.party.stream.destroy();
  });

  const open = async (who: 'people' | 'agents' = 'people'): Promise<RawClient> => {
    const client = await openRawClient(gateways[who].port, target);
    clients.push(client);
    return client;
  };
  const run = async (client: RawClient, ...texts: readonly string[]): Promise<string> => {
    client.send(...texts.map(encodeQuery));
    return outline(await client.untilReady(texts.length));
  };
  const changed = async () => (await direct.query('SELECT 1 FROM rows WHERE v <> 0')).rowCount;
  const update = (most: number) => `UPDATE rows SET v = 1 WHERE id <= ${most}`;
  const extended = (text: string): Buffer[] => [encodeParse('', text), bindWith(''), encodeExecute('')];

  describe.each(['people', 'agents'] as const)('of %s', (who) => {
    it('a simple query outside a transaction', async () => {
      const client = await open(who);
      expect(await run(client, update(3))).toBe('C:UPDATE 3 Z:I');
      expect(await changed()).toBe(3);
      expect(await run(client, update(4), 'SELECT 1')).toBe('E:54000 Z:I T D C:SELECT 1 Z:I');
      expect(await changed()).toBe(3);
      expect(gateways[who].inspectors.at(-1)!.statements.flatMap(({ exceeded }) => exceeded)).toEqual([4]);
      expect(await run(client, 'UPDATE rows SET v = 2 WHERE id = 1 RETURNING id, v')).toBe('T D C:UPDATE 1 Z:I');
    });

    it('the extended protocol, alone and behind another statement', async () => {
      const client = await open(who);
      client.send(...extended(update(2)), encodeSync());
      expect(outline(await client.untilReady())).toBe('1 2 C:UPDATE 2 Z:I');
      client.send(...extended(update(5)), encodeSync());
      expect(outline(await client.untilReady())).toBe('1 2 E:54000 Z:I');
      expect(await changed()).toBe(2);
      client.send(...extended('UPDATE rows SET v = 7 WHERE id = 9'), ...extended(update(5)), encodeSync());
      expect(outline(await client.untilReady())).toBe('1 2 C:UPDATE 1 1 2 E:54000 Z:I');
      // The batch is one transaction: the first statement goes with the second, as after any error.
      expect(await changed()).toBe(2);
    });

    it('in a block the block fails, and its savepoints work', async () => {
      const client = await open(who);
      expect(await run(client, 'BEGIN', update(1), 'SAVEPOINT a', update(5))).toBe(
        'C:BEGIN Z:T C:UPDATE 1 Z:T C:SAVEPOINT Z:T E:54000 Z:E',
      );
      expect(await run(client, 'SELECT 1', 'ROLLBACK TO a', update(2), 'COMMIT')).toBe(
        'E:25P02 Z:E C:ROLLBACK Z:T C:UPDATE 2 Z:T C:COMMIT Z:I',
      );
      expect(await changed()).toBe(2);
    });

    it('by the extended protocol in a block', async () => {
      const client = await open(who);
      await run(client, 'BEGIN');
      client.send(...extended(update(5)), encodeSync());
      expect(outline(await client.untilReady())).toBe('1 2 E:54000 Z:E');
      expect(await run(client, 'COMMIT')).toBe('C:ROLLBACK Z:I');
      expect(await changed()).toBe(0);
    });
  });

  it('rows that foreign keys, triggers and changing CTEs change are counted', async () => {
    const client = await open();
    expect(await run(client, 'DELETE FROM rows WHERE id = 1')).toBe('E:54000 Z:I');
    expect((await direct.query('SELECT 1 FROM held')).rowCount).toBe(5);
    expect(await run(client, 'UPDATE logged SET v = 1 WHERE id = 1')).toBe('E:54000 Z:I');
    expect(
      await run(client, `WITH d AS (${update(3)} RETURNING 1) INSERT INTO logs SELECT 1 FROM rows WHERE id = 1`),
    ).toBe('E:54000 Z:I');
    expect(await changed()).toBe(0);
    expect((await direct.query('SELECT 1 FROM logs')).rowCount).toBe(0);
    expect(await run(client, 'DELETE FROM rows WHERE id = 2')).toBe('C:DELETE 1 Z:I');
  });

  it('a constraint that is checked at the end fails as it would have', async () => {
    const client = await open();
    const seen = async () => outline(await client.untilReady());
    client.send(encodeQuery('INSERT INTO later VALUES (1, 999)'));
    expect(await seen()).toBe('E:23503 Z:I');
    client.send(...extended('INSERT INTO later VALUES (1, 999)'), encodeSync());
    expect(await seen()).toBe('1 2 C:INSERT 0 1 E:23503 Z:I');
    expect((await direct.query('SELECT 1 FROM later')).rowCount).toBe(0);
  });

  it('the target’s own errors are the client’s, and the session goes on', async () => {
    const client = await open();
    expect(await run(client, 'INSERT INTO rows VALUES (1, 1)', update(1))).toBe('E:23505 Z:I C:UPDATE 1 Z:I');
    client.send(...extended('INSERT INTO rows VALUES (1, 1)'), encodeSync(), ...extended(update(1)), encodeSync());
    expect(outline(await client.untilReady(2))).toBe('1 2 E:23505 Z:I 1 2 C:UPDATE 1 Z:I');
  });

  it('a result that is asked for in parts is not carried: nobody could count it', async () => {
    const client = await open();
    client.send(encodeParse('', `${update(3)} RETURNING id`), bindWith(''), executeRows('', 1), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 2 D E:54000 Z:I');
    expect(await changed()).toBe(0);
  });

  it('a client that goes away in the middle leaves nothing behind', async () => {
    const client = await open();
    client.send(encodeQuery(update(5)));
    client.party.stream.destroy();
    await gateways.people.ends.at(-1);
    expect(await changed()).toBe(0);
  });

  it('where the server does not count, nothing runs', async () => {
    const client = await open();
    expect(await run(client, 'SET track_counts = off')).toBe('C:SET Z:I');
    expect(await run(client, update(1))).toBe('E:54000 Z:I');
    expect(await changed()).toBe(0);
  });

  it('what cannot be counted in time is taken back', async () => {
    const client = await open();
    await run(client, "SET lock_timeout = '1ms'", "SET statement_timeout = '1ms'");
    for (let tries = 0; tries < 20; tries++) {
      client.send(...extended(update(1)), encodeSync());
      expect(outline(await client.untilReady())).toMatch(/(E:\w{5}|C:UPDATE 1) Z:I$/);
      expect(await run(client, update(1))).toMatch(/^(E:\w{5}|C:UPDATE 1) Z:I$/);
    }
  });

  it('a timeout that strikes between two messages of a batch ends the batch', async () => {
    const client = await open();
    await run(client, "SET statement_timeout = '20ms'");
    client.send(encodeParse('', update(1)));
    // The server sees its own timeout when it reads the next message, here a Flush, which has no answer of its own.
    const asking = setInterval(() => client.send(encodeFlush()), 50);
    expect(outline(await client.until((seen) => seen.some(({ type }) => type === 'E')))).toBe('1 E:57014');
    clearInterval(asking);
    client.send(bindWith(''), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady())).toBe('Z:I');
    expect(await changed()).toBe(0);
  });

  it('the refusal says how many rows it was', async () => {
    const client = await open();
    client.send(encodeQuery(update(8)));
    const error = (await client.untilReady()).find(({ type }) => type === 'E')!;
    expect(reportIn(error.body).get('M')).toContain('8');
  });

  it('a cancel ends what runs, and the transaction of the gateway’s own with it', async () => {
    const client = await open();
    client.send(encodeQuery('UPDATE rows SET v = 1 FROM pg_sleep(600) WHERE id = 1'));
    const sleeping =
      "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()";
    while ((await direct.query(sleeping)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(outline(await client.untilReady())).toBe('E:57014 Z:I');
    expect(await run(client, update(1))).toBe('C:UPDATE 1 Z:I');
  });
});

it('what the target does not count row by row cannot run under a ceiling', async () => {
  const facts = await languageFacts();
  const problem = async (text: string) =>
    ceilingProblem(
      await facts.read({
        language: 'postgres-sql',
        text,
        session: {
          database: 'app',
          role: 'a',
          searchPath: ['public'],
          prepared: {},
          cursors: {},
          touched: [],
          temporaryObjectsKnown: true,
        },
        sessionKey: 'a',
        catalogue: null,
      }),
    );
  expect(await problem('TRUNCATE a')).toContain('TRUNCATE');
  expect(await problem('DROP TABLE a')).toContain('DROP TABLE');
  expect(await problem('COPY a FROM STDIN')).not.toBeNull();
  expect(await problem('BEGIN; DELETE FROM a; COMMIT')).toContain('several');
  expect(await problem('DO $$ BEGIN DELETE FROM a; END $$')).not.toBeNull();
  expect(await problem('no SQL')).toContain('read');
});
