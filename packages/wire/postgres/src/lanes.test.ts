/** Agents open as the reader; an admitted write runs as the writer (postgres.md item 10), on real servers. */
import type { FactsReader, JudgeRequest } from '@sluice/wire-kit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  encodeCloseStatement,
  encodeDescribePortal,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from './messages/frontend.ts';
import { type GatewayBench, startGatewayBench } from './testing/gateway-bench.ts';
import { languageFacts } from './testing/language-facts.ts';
import {
  bindWith,
  copyData,
  copyDone,
  describeStatement,
  outline,
  type RawClient,
  reportIn,
  type SeenMessage,
} from './testing/raw-client.ts';

const reader = { username: 'reads', password: 'reads-password' };
const writer = { username: 'writes', password: 'writes-password' };
const setUp = `
CREATE ROLE reads LOGIN PASSWORD 'reads-password';
CREATE ROLE writes LOGIN PASSWORD 'writes-password';
CREATE TABLE ledger (id int PRIMARY KEY, body text, made_by text DEFAULT current_user, setting text DEFAULT current_setting('app.who', true));
CREATE FUNCTION sneaky() RETURNS int LANGUAGE sql AS $$ INSERT INTO ledger VALUES (99, 'sneaked') RETURNING 1 $$;
CREATE SCHEMA aside;
CREATE TABLE aside.ledger (LIKE ledger INCLUDING ALL);
GRANT USAGE ON SCHEMA aside TO reads, writes;
GRANT SELECT ON ALL TABLES IN SCHEMA public, aside TO reads;
GRANT ALL ON ALL TABLES IN SCHEMA public, aside TO writes;
-- Even a reader that may write is stopped by its read-only session.
GRANT INSERT ON ledger TO reads;
`;

describe.each(['15', '18'] as const)('two lanes at PostgreSQL %s', (version) => {
  let bench: GatewayBench;
  let holds: (request: JudgeRequest) => boolean = () => false;
  /** Texts whose facts lie: they say that nothing but reading happens. */
  let lies: (text: string) => boolean = () => false;

  beforeAll(async () => {
    const truth = await languageFacts();
    const facts: FactsReader = {
      read: async (request) => truth.read(lies(request.text) ? { ...request, text: 'SELECT 1' } : request),
    };
    bench = await startGatewayBench(version, { setUp, writer, facts, reader, holds: (request) => holds(request) });
  });
  afterAll(() => bench?.stop());
  beforeEach(async () => {
    holds = () => false;
    lies = () => false;
    await bench.direct.query('TRUNCATE ledger, aside.ledger');
  });
  afterEach(() => bench.dropClients());

  const open = (parameters: readonly (readonly [string, string])[] = []): Promise<RawClient> => bench.open(parameters);
  const run = async (client: RawClient, ...texts: readonly string[]): Promise<string> => {
    client.send(...texts.map(encodeQuery));
    return outline(await client.untilReady(texts.length));
  };
  const rows = async (client: RawClient, text: string): Promise<string> => {
    client.send(encodeQuery(text));
    const seen = await client.untilReady();
    return (
      seen
        .filter(({ type }) => type === 'D')
        .map(({ body }) => body.subarray(6).toString())
        .join('|') || outline(seen)
    );
  };
  const errors = (seen: readonly SeenMessage[]) =>
    seen.filter(({ type }) => type === 'E').map(({ body }) => reportIn(body));
  const ledger = async (table = 'ledger') =>
    (
      await bench.direct.query<{ id: number; made_by: string }>(`SELECT id, made_by FROM ${table} ORDER BY id`)
    ).rows.map((row) => `${row.id} by ${row.made_by}`);
  const insert = (id: number) => `INSERT INTO ledger (id) VALUES (${id})`;
  /** Sessions of the writer's role at the target that are no knowledge of the gateway's. */
  const writers = async () =>
    (
      await bench.direct.query(
        "SELECT 1 FROM pg_stat_activity WHERE usename = 'writes' AND application_name NOT LIKE '%control%'",
      )
    ).rowCount;
  const noWriters = async () => {
    for (let left = 200; left > 0 && (await writers()) !== 0; left--)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await writers()).toBe(0);
  };

  it('reads run as the reader in a read-only session, a write as the writer, and the session is the reader’s again', async () => {
    const client = await open();
    expect(await rows(client, 'SELECT current_user')).toBe('reads');
    expect(await rows(client, 'SHOW transaction_read_only')).toBe('on');
    expect(await run(client, insert(1))).toBe('C:INSERT 0 1 Z:I');
    expect(await rows(client, 'SELECT current_user')).toBe('reads');
    expect(await ledger()).toEqual(['1 by writes']);
    const kept = bench.gateway.inspectors.at(-1)!.statements;
    expect(kept.find(({ text }) => text === insert(1))?.asWriter).toBe(true);
    expect(kept.filter(({ asWriter }) => asWriter)).toHaveLength(1);
    await noWriters();
  });

  it('what the facts took for a read is refused by the target itself', async () => {
    lies = (text) => /sneaky|lying/.test(text);
    const client = await open();
    expect(await run(client, 'SELECT sneaky()')).toBe('T E:25006 Z:I');
    expect(await run(client, `${insert(7)} /* lying */`)).toBe('E:25006 Z:I');
    expect(await run(client, `BEGIN; ${insert(7)} /* lying */; COMMIT`)).toBe(
      'E:25006 Z:I'.replace('E', 'C:BEGIN E').replace('Z:I', 'Z:E'),
    );
    expect(await run(client, 'ROLLBACK')).toBe('C:ROLLBACK Z:I');
    expect(await ledger()).toEqual([]);
  });

  it('resets go back to read-only, because it was given at the start', async () => {
    const client = await open();
    for (const text of [
      'RESET ALL',
      'RESET default_transaction_read_only',
      'DISCARD ALL',
      'SET default_transaction_read_only = DEFAULT',
    ]) {
      await run(client, text);
      expect(await rows(client, 'SHOW default_transaction_read_only'), text).toBe('on');
      expect(await rows(client, 'SHOW transaction_read_only'), text).toBe('on');
    }
  });

  it('a transaction that begins with its write runs whole as the writer, savepoints and all', async () => {
    const client = await open();
    expect(await run(client, 'BEGIN', 'SAVEPOINT one', insert(1), 'SELECT current_user')).toBe(
      'C:BEGIN Z:T C:SAVEPOINT Z:T C:INSERT 0 1 Z:T T D C:SELECT 1 Z:T',
    );
    expect(await run(client, insert(1))).toBe('E:23505 Z:E');
    expect(await run(client, 'ROLLBACK TO one', insert(2))).toBe('C:ROLLBACK Z:T C:INSERT 0 1 Z:T');
    expect(await rows(client, 'SELECT current_user')).toBe('writes');
    expect(await run(client, 'COMMIT')).toBe('C:COMMIT Z:I');
    expect(await rows(client, 'SELECT current_user')).toBe('reads');
    expect(await ledger()).toEqual(['2 by writes']);
    expect(await run(client, 'BEGIN ISOLATION LEVEL SERIALIZABLE', 'SHOW transaction_isolation', insert(3))).toContain(
      'C:INSERT 0 1 Z:T',
    );
    expect(await rows(client, 'SHOW transaction_isolation')).toBe('serializable');
    expect(await run(client, 'ROLLBACK')).toBe('C:ROLLBACK Z:I');
    expect(await ledger()).toEqual(['2 by writes']);
  });

  it('a transaction that has read already is told to begin anew, and is aborted as after any error', async () => {
    const client = await open();
    expect(await run(client, 'BEGIN', 'SELECT 1')).toBe('C:BEGIN Z:T T D C:SELECT 1 Z:T');
    client.send(encodeQuery(insert(1)));
    const seen = await client.untilReady();
    expect(outline(seen)).toBe('E:25006 Z:E');
    expect(errors(seen)[0]?.get('H')).toMatch(/begin a new transaction/);
    expect(await run(client, 'COMMIT')).toBe('C:ROLLBACK Z:I');
    expect(await ledger()).toEqual([]);
    expect(bench.gateway.inspectors.at(-1)!.statements.find(({ text }) => text === insert(1))?.failures).toMatchObject([
      { code: '25006' },
    ]);
  });

  it('READ ONLY by the client’s own word stays so', async () => {
    const client = await open();
    expect(await run(client, 'BEGIN READ ONLY', insert(1))).toBe('C:BEGIN Z:T E:25006 Z:E');
  });

  it('a pipeline of simple queries keeps its order over both sessions', async () => {
    const client = await open();
    expect(
      await run(
        client,
        'SELECT 1',
        insert(1),
        'SELECT count(*) FROM ledger',
        insert(2),
        `${insert(3)}; ${insert(4)}`,
        'SELECT 5',
      ),
    ).toBe(
      'T D C:SELECT 1 Z:I C:INSERT 0 1 Z:I T D C:SELECT 1 Z:I C:INSERT 0 1 Z:I C:INSERT 0 1 C:INSERT 0 1 Z:I T D C:SELECT 1 Z:I',
    );
    expect(await ledger()).toEqual(['1 by writes', '2 by writes', '3 by writes', '4 by writes']);
  });

  it('COPY FROM STDIN runs as the writer', async () => {
    const client = await open();
    client.send(
      encodeQuery('COPY ledger (id) FROM STDIN'),
      copyData('1\n2\n'),
      copyDone(),
      encodeQuery('SELECT current_user'),
    );
    expect(outline(await client.untilReady(2))).toBe('G C:COPY 2 Z:I T D C:SELECT 1 Z:I');
    expect(await ledger()).toEqual(['1 by writes', '2 by writes']);
  });

  it('the extended protocol: a prepared write is known where it runs, again and again, and reads stay with the reader', async () => {
    const client = await open();
    const text = 'INSERT INTO ledger (id, body) VALUES ($1, $2)';
    client.send(encodeParse('ins', text), describeStatement('ins'), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 t n Z:I');
    for (const id of ['1', '2']) {
      client.send(bindWith('ins', [id, 'x']), encodeDescribePortal(''), encodeExecute(''), encodeSync());
      expect(outline(await client.untilReady())).toBe('2 n C:INSERT 0 1 Z:I');
    }
    client.send(encodeParse('', 'SELECT current_user'), bindWith(''), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 2 D C:SELECT 1 Z:I');
    expect(await ledger()).toEqual(['1 by writes', '2 by writes']);
    // Parsed, bound and run in one batch, twice in a pipeline; the batch is one transaction.
    client.send(
      encodeParse('', text),
      bindWith('', ['3', 'x']),
      encodeExecute(''),
      encodeParse('again', text),
      bindWith('again', ['4', 'x']),
      encodeExecute(''),
      encodeSync(),
      bindWith('again', ['5', 'x']),
      encodeExecute(''),
      encodeCloseStatement('again'),
      encodeSync(),
      encodeParse('again', 'SELECT 1'),
      bindWith('again'),
      encodeExecute(''),
      encodeSync(),
    );
    expect(outline(await client.untilReady(3))).toBe(
      '1 2 C:INSERT 0 1 1 2 C:INSERT 0 1 Z:I 2 C:INSERT 0 1 3 Z:I 1 2 D C:SELECT 1 Z:I',
    );
    expect(await ledger()).toHaveLength(5);
  });

  it('the extended protocol: an error skips to Sync, and what its batch did is rolled back', async () => {
    const client = await open();
    client.send(
      encodeParse('', insert(1)),
      bindWith(''),
      encodeExecute(''),
      bindWith(''),
      encodeExecute(''),
      encodeParse('', 'SELECT 1'),
      encodeSync(),
      encodeQuery('SELECT current_user'),
    );
    expect(outline(await client.untilReady(2))).toBe('1 2 C:INSERT 0 1 2 E:23505 Z:I T D C:SELECT 1 Z:I');
    expect(await ledger()).toEqual([]);
    client.send(encodeParse('', 'INSERT INTO nowhere VALUES (1)'), bindWith(''), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady())).toBe('E:42P01 Z:I');
  });

  it('the extended protocol: BEGIN and the write in one batch, as JDBC sends them', async () => {
    const client = await open();
    client.send(
      encodeParse('', 'BEGIN'),
      bindWith(''),
      encodeExecute(''),
      encodeParse('', insert(1)),
      bindWith(''),
      encodeExecute(''),
      encodeSync(),
    );
    expect(outline(await client.untilReady())).toBe('1 2 C:BEGIN 1 2 C:INSERT 0 1 Z:T');
    client.send(encodeParse('', 'SELECT current_user'), bindWith(''), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 2 D C:SELECT 1 Z:T');
    expect(await run(client, 'COMMIT')).toBe('C:COMMIT Z:I');
    expect(await ledger()).toEqual(['1 by writes']);
    // Read first, in the same batch: one transaction of which a part has run as the reader.
    client.send(
      encodeParse('', 'SELECT 1'),
      bindWith(''),
      encodeExecute(''),
      encodeParse('', insert(2)),
      bindWith(''),
      encodeExecute(''),
      encodeSync(),
    );
    expect(outline(await client.untilReady())).toBe('1 2 D C:SELECT 1 1 E:25006 Z:I');
  });

  it('an own setting, the search path and the time zone come along', async () => {
    const client = await open([['options', '-c TimeZone=Asia/Tokyo']]);
    await run(client, "SET app.who = 'Ada'", 'SET search_path = aside, public', "SET DateStyle = 'German'");
    expect(await run(client, "INSERT INTO ledger (id, body) VALUES (1, timestamptz '2026-01-01 00:00Z')")).toBe(
      'C:INSERT 0 1 Z:I',
    );
    const { rows: found } = await bench.direct.query('SELECT body, setting FROM aside.ledger');
    expect(found).toEqual([{ body: '01.01.2026 09:00:00 JST', setting: 'Ada' }]);
    expect(await rows(client, 'SHOW search_path')).toBe('aside, public');
    // A role is not carried along: the write would run as somebody else.
    await bench.direct.query('CREATE ROLE other; GRANT other TO reads');
    expect(await run(client, 'SET ROLE other', 'INSERT INTO ledger (id) VALUES (2)')).toBe('C:SET Z:I E:0A000 Z:I');
    await bench.direct.query('DROP ROLE other');
    for (const text of ['SET default_transaction_read_only = off', 'SET transaction_read_only = off'])
      expect(await run(client, text), text).toBe('E:0A000 Z:I');
  });

  it('where the same names would mean something else, it is refused', async () => {
    await bench.direct.query('CREATE SCHEMA writes; GRANT USAGE ON SCHEMA writes TO reads, writes');
    const client = await open();
    client.send(encodeQuery(insert(1)));
    const seen = await client.untilReady();
    expect(outline(seen)).toBe('E:0A000 Z:I');
    expect(errors(seen)[0]?.get('M')).toMatch(/search path/);
    await bench.direct.query('DROP SCHEMA writes');
    await bench.direct.query("ALTER ROLE writes SET DateStyle = 'SQL'");
    expect(await run(client, insert(1))).toBe('E:0A000 Z:I');
    await bench.direct.query('ALTER ROLE writes RESET DateStyle');
    expect(await run(client, insert(1))).toBe('C:INSERT 0 1 Z:I');
    expect(await ledger()).toEqual(['1 by writes']);
    await noWriters();
  });

  it('what would be lost with the writer’s session is refused', async () => {
    const client = await open();
    for (const text of [
      'CREATE TEMP TABLE t (a int)',
      `PREPARE p AS ${insert(1)}`,
      `${insert(1)}; SET TimeZone = 'UTC'`,
    ])
      expect(await run(client, text), text).toBe('E:0A000 Z:I');
    expect(await run(client, 'BEGIN', insert(1), "SET LOCAL TimeZone = 'UTC'", "SET TimeZone = 'UTC'")).toBe(
      'C:BEGIN Z:T C:INSERT 0 1 Z:T C:SET Z:T E:0A000 Z:E',
    );
    expect(await ledger()).toEqual([]);
  });

  it('a held write runs as the writer once it is let through, and is nothing before', async () => {
    holds = ({ text, phase }) => /INSERT/.test(text) && (phase === 'run' || phase === 'bind');
    const client = await open();
    client.send(encodeQuery(insert(1)));
    await bench.gateway.inspectors.at(-1)!.somethingWaits();
    expect(await writers()).toBe(0);
    bench.gateway.inspectors.at(-1)!.waiting[0]!.release();
    expect(outline(await client.untilReady())).toBe('C:INSERT 0 1 Z:I');
    client.send(encodeParse('', insert(2)), bindWith(''), encodeExecute(''), encodeSync());
    await bench.gateway.inspectors.at(-1)!.somethingWaits();
    bench.gateway.inspectors.at(-1)!.waiting[0]!.release();
    expect(outline(await client.untilReady())).toBe('1 2 C:INSERT 0 1 Z:I');
    expect(await ledger()).toEqual(['1 by writes', '2 by writes']);
  });

  it('Cancel goes to the session that runs', async () => {
    const client = await open();
    client.send(encodeQuery('INSERT INTO ledger (id) SELECT 1 FROM pg_sleep(60)'));
    for (;;) {
      const { rowCount } = await bench.direct.query(
        "SELECT 1 FROM pg_stat_activity WHERE usename = 'writes' AND wait_event = 'PgSleep'",
      );
      if (rowCount === 1) break;
    }
    for (const cancel of bench.gateway.inspectors.at(-1)!.cancels.values()) cancel();
    expect(outline(await client.untilReady())).toBe('E:57014 Z:I');
    expect(await rows(client, 'SELECT current_user')).toBe('reads');
  });

  it('a writer that cannot be reached refuses the write and leaves the session as it was', async () => {
    const client = await open();
    await bench.direct.query("ALTER ROLE writes PASSWORD 'another'");
    expect(await run(client, 'BEGIN', insert(1))).toBe('C:BEGIN Z:T E:08006 Z:E');
    expect(await run(client, 'ROLLBACK', 'SELECT 1')).toBe('C:ROLLBACK Z:I T D C:SELECT 1 Z:I');
    await bench.direct.query(`ALTER ROLE writes PASSWORD '${writer.password}'`);
    expect(await run(client, insert(1))).toBe('C:INSERT 0 1 Z:I');
  });

  it('the writer’s session that is ended by the target ends the client’s', async () => {
    const client = await open();
    await run(client, 'BEGIN', insert(1));
    await bench.direct.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writes' AND query LIKE 'INSERT%'",
    );
    const seen = await client.until((all) => all.some(({ type }) => type === 'E'));
    expect(outline(seen)).toMatch(/E:57P01/);
    expect(await bench.gateway.ends.at(-1)).toMatchObject({ reason: 'target-gone' });
    expect(await ledger()).toEqual([]);
  });

  it('a notification comes while the client is away', async () => {
    const client = await open();
    await run(client, 'LISTEN news', 'BEGIN', insert(1));
    await bench.direct.query("NOTIFY news, 'hello'");
    const seen = await client.until((all) => all.some(({ type }) => type === 'A'));
    expect(seen.find(({ type }) => type === 'A')?.body.toString()).toContain('hello');
    expect(await run(client, 'COMMIT')).toBe('C:COMMIT Z:I');
  });
});
