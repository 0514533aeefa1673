/** Refusals, holds and session state on a real server: postgres.md's items as the wire sees them. */
import { spawn } from 'node:child_process';
import type { JudgeRequest } from '@sluice/wire-kit';
import { Party } from '@sluice/wire-kit/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { message } from './messages/bytes.ts';
import {
  encodeClosePortal,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
  encodeTerminate,
} from './messages/frontend.ts';
import { type GatewayBench, startGatewayBench } from './testing/gateway-bench.ts';
import { bindWith, copyData, copyDone, executeRows, outline, type RawClient, reportIn } from './testing/raw-client.ts';
import { hasPsql, psqlPath } from './testing/real-target.ts';

let bench: GatewayBench;
let refuses: (request: JudgeRequest) => boolean = () => false;
let holds: (request: JudgeRequest) => boolean = () => false;

beforeAll(async () => {
  bench = await startGatewayBench('15', {
    refuses: (request) => refuses(request),
    holds: (request) => holds(request),
  });
});
afterAll(() => bench?.stop());
beforeEach(async () => {
  refuses = (request) => /DROP|refuse me/.test(request.text);
  holds = () => false;
  await bench.direct.query('TRUNCATE notes');
});
afterEach(() => bench.dropClients());

const open = (parameters: readonly (readonly [string, string])[] = []): Promise<RawClient> => bench.open(parameters);
const openDirect = (): Promise<RawClient> => bench.openDirect();
const lastInspector = () => bench.gateway.inspectors.at(-1)!;
const notes = async (): Promise<string[]> =>
  (await bench.direct.query('SELECT body FROM notes ORDER BY id')).rows.map((row) => row.body);
const insert = (id: number): string => `INSERT INTO notes VALUES (${id}, 'n${id}')`;

/** What a refused statement looks like must be what a failed one looks like, but for the error itself. */
async function likeAnError(batch: (bad: string) => Buffer[], ready: number): Promise<string> {
  const through = await open();
  const reference = await openDirect();
  through.send(...batch('DROP TABLE customers'));
  const refused = outline(await through.untilReady(ready));
  await bench.direct.query('TRUNCATE notes');
  reference.send(...batch('SELEKT'));
  expect(refused.replaceAll('42501', '42601')).toBe(outline(await reference.untilReady(ready)));
  return refused;
}

describe('refusals are carried out at the target', () => {
  it('says who refused, why and what to do next', async () => {
    const client = await open();
    client.send(encodeQuery('DROP TABLE customers'));
    const seen = await client.untilReady();
    const report = reportIn(seen.find(({ type }) => type === 'E')!.body);
    expect(report.get('C')).toBe('42501');
    expect(report.get('M')).toBe('Sluice refused this statement');
    expect(JSON.parse(report.get('D') ?? '')).toMatchObject({ sluice: 1, code: 'denied' });
    expect(report.get('H')).not.toBe('');
    expect((await bench.direct.query('SELECT count(*)::int AS n FROM customers')).rows[0].n).toBe(101);
  });

  it('fails the transaction, so that COMMIT rolls back (item 1)', async () => {
    await likeAnError((bad) => ['BEGIN', insert(1), bad, 'SELECT 1', 'COMMIT', 'SELECT 2'].map(encodeQuery), 6);
    expect(await notes()).toEqual([]);
  });

  it('keeps savepoints working', async () => {
    const batch = (bad: string): Buffer[] =>
      ['BEGIN', insert(1), 'SAVEPOINT s', bad, 'ROLLBACK TO s', insert(2), 'COMMIT'].map(encodeQuery);
    await likeAnError(batch, 7);
    expect(await notes()).toEqual(['n1', 'n2']);
  });

  it('skips the rest of a pipeline to Sync, and rolls its implicit transaction back', async () => {
    const one = (text: string): Buffer[] => [encodeParse('', text), bindWith(''), encodeExecute('')];
    const seen = await likeAnError(
      (bad) => [...one(insert(1)), ...one(bad), ...one(insert(2)), encodeSync(), ...one(insert(3)), encodeSync()],
      2,
    );
    expect(seen).toBe('1 2 C:INSERT 0 1 E:42501 Z:I 1 2 C:INSERT 0 1 Z:I');
    expect(await notes()).toEqual(['n3']);
  });

  it('refuses several statements of one message as a whole', async () => {
    const client = await open();
    client.send(encodeQuery(`${insert(1)}; DROP TABLE customers`));
    expect(outline(await client.untilReady())).toBe('E:42501 Z:I');
    expect(await notes()).toEqual([]);
  });

  it('refuses at Bind and at Execute what was allowed at Parse', async () => {
    for (const phase of ['bind', 'execute'] as const) {
      const client = await open();
      refuses = () => false;
      client.send(encodeParse('late', insert(4)), encodeSync());
      expect(outline(await client.untilReady())).toBe('1 Z:I');
      refuses = (request) => request.phase === phase;
      client.send(bindWith('late'), encodeExecute(''), encodeSync());
      expect(outline(await client.untilReady())).toBe(phase === 'bind' ? 'E:42501 Z:I' : '2 E:42501 Z:I');
      refuses = () => false;
      // The prepared statement is still there.
      client.send(bindWith('late'), encodeExecute(''), encodeSync());
      expect(outline(await client.untilReady())).toBe('2 C:INSERT 0 1 Z:I');
      await bench.direct.query('TRUNCATE notes');
    }
  });

  it('answers a refusal before Sync when the client asks by Flush', async () => {
    const client = await open();
    client.send(encodeParse('', 'DROP TABLE customers'), encodeFlush());
    expect(outline(await client.until((seen) => seen.length > 0))).toBe('E:42501');
    client.send(bindWith(''), encodeExecute(''), encodeSync(), encodeQuery('SELECT 1'));
    expect(outline(await client.untilReady(2))).toBe('Z:I T D C:SELECT 1 Z:I');
  });

  it('drops the data of a COPY that was refused', async () => {
    const client = await open();
    refuses = (request) => request.text.startsWith('COPY');
    client.send(encodeQuery('COPY notes FROM STDIN'), copyData('1\tone\n'), copyDone(), encodeQuery('SELECT 1'));
    expect(outline(await client.untilReady(2))).toBe('E:42501 Z:I T D C:SELECT 1 Z:I');
    expect(await notes()).toEqual([]);
  });

  it('refuses FunctionCall and goes on; ends on unknown messages and on replication', async () => {
    const client = await open();
    client.send(message('F', Buffer.alloc(10)), encodeQuery('SELECT 1'));
    expect(outline(await client.untilReady(2))).toBe('E:0A000 Z:I T D C:SELECT 1 Z:I');
    client.send(message('w', Buffer.alloc(3)));
    await client.party.ended();
    expect(outline(await client.until(() => true))).toBe('E:08P01');
    expect(lastInspector().refusedMessages).toHaveLength(2);

    const replicating = await open([['replication', 'database']]);
    expect(replicating.party.received.toString('latin1')).toContain('replication protocol');
  });

  it('does not run what no Parse or Bind announced', async () => {
    const client = await open();
    client.send(bindWith('nobody'), encodeSync(), encodeExecute('nothing'), encodeSync());
    expect(outline(await client.untilReady(2))).toBe('E:26000 Z:I E:34000 Z:I');
  });

  it('refuses settings under which text would mean something else', async () => {
    const client = await open();
    for (const text of [
      "SET client_encoding = 'SJIS'",
      'SET standard_conforming_strings = off',
      "SELECT set_config('standard_conforming_strings', 'off', false)",
    ]) {
      client.send(encodeQuery(text));
      expect(outline(await client.untilReady())).toBe('E:0A000 Z:I');
    }
    client.send(encodeQuery("SELECT set_config('standard_conforming_strings', lower('OFF'), false)"));
    await client.party.ended();
    expect(client.party.received.toString('latin1')).toContain('standard_conforming_strings off');
  });
});

describe('the extended protocol', () => {
  it('goes on with a suspended portal under one result', async () => {
    const client = await open();
    client.send(encodeParse('', 'SELECT generate_series(1, 5)'), bindWith(''), executeRows('', 2), encodeFlush());
    expect(outline(await client.until((seen) => seen.some(({ type }) => type === 's')))).toBe('1 2 D D s');
    client.send(executeRows('', 2), executeRows('', 2), encodeSync());
    expect(outline(await client.untilReady())).toBe('D D s D C:SELECT 1 Z:I');
    const run = lastInspector().statements.filter((one) => one.rows.length > 0);
    // One statement, judged once, with one result.
    expect(run.map((one) => one.rows)).toEqual([[['1'], ['2'], ['3'], ['4'], ['5']]]);
    expect(lastInspector().statements.map((one) => one.phase)).toEqual(['prepare', 'bind', 'execute']);
  });

  it('asks for a description that the client does not want, and keeps the answer', async () => {
    const client = await open();
    client.send(
      encodeParse('p', 'SELECT id, email FROM customers WHERE id = 1'),
      bindWith('p'),
      encodeExecute(''),
      encodeSync(),
    );
    expect(outline(await client.untilReady())).toBe('1 2 D C:SELECT 1 Z:I');
    const fields = lastInspector().statements.at(-1)?.fields[0];
    expect(fields?.map((field) => field.origin)).toEqual([
      { schema: 'public', relation: 'customers', column: 'id' },
      { schema: 'public', relation: 'customers', column: 'email' },
    ]);
  });

  it('carries COPY FROM STDIN with the Sync that libpq sends ahead', async () => {
    const client = await open();
    client.send(encodeParse('', 'COPY notes FROM STDIN'), bindWith(''), encodeExecute(''), encodeSync());
    expect(outline(await client.until((seen) => seen.some(({ type }) => type === 'G')))).toBe('1 2 G');
    client.send(copyData('1\tone\n2\ttw'), copyData('o\n'), copyDone(), encodeSync(), encodeQuery('SELECT 1'));
    expect(outline(await client.untilReady(2))).toBe('C:COPY 2 Z:I T D C:SELECT 1 Z:I');
    expect(await notes()).toEqual(['one', 'two']);
  });

  it('takes SQL PREPARE and protocol statements by each other’s roads', async () => {
    const client = await open();
    client.send(encodeQuery('PREPARE sql_one AS SELECT 11'));
    await client.untilReady();
    client.send(encodeParse('wire_one', 'SELECT 22'), bindWith('sql_one'), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 2 D C:SELECT 1 Z:I');
    client.send(encodeQuery('EXECUTE wire_one'));
    expect(outline(await client.untilReady())).toBe('T D C:SELECT 1 Z:I');
    client.send(encodeQuery('DEALLOCATE ALL'), bindWith('wire_one'), encodeSync());
    expect(outline(await client.untilReady(2))).toBe('C:DEALLOCATE ALL Z:I E:26000 Z:I');
  });

  describe('one name for a portal and for a cursor of SQL', () => {
    const bindTo = (portal: string, text: string): Buffer[] => [encodeParse('', text), bindWith('', [], { portal })];
    const begin = async (): Promise<RawClient> => {
      const client = await open();
      await ask(client, encodeQuery('BEGIN'));
      return client;
    };
    const ask = async (client: RawClient, ...messages: Buffer[]): Promise<string> => {
      client.send(...messages);
      return outline(await client.untilReady());
    };
    const judgedLast = () => lastInspector().statements.at(-1)?.facts[0];

    it('FETCH does not take a portal for a cursor that is gone', async () => {
      const client = await begin();
      await ask(client, encodeQuery('DECLARE k CURSOR FOR SELECT 1'));
      await ask(client, encodeQuery('COMMIT'));
      await ask(client, encodeQuery('BEGIN'));
      await ask(client, ...bindTo('k', 'SELECT ssn FROM customers'), encodeSync());
      await ask(client, encodeQuery('FETCH ALL k'));
      expect(judgedLast()).toMatchObject({ command: 'FETCH', complete: false });
    });

    it('nor after the protocol closed it', async () => {
      const client = await begin();
      await ask(client, encodeQuery('DECLARE k CURSOR FOR SELECT 1'));
      await ask(client, encodeClosePortal('k'), encodeSync());
      await ask(client, encodeQuery('FETCH ALL k'));
      expect(judgedLast()).toMatchObject({ command: 'FETCH', complete: false });
    });

    it('Execute does not take a cursor of SQL for the portal that was bound, neither first nor suspended', async () => {
      for (const before of [[], [executeRows('k', 1)]]) {
        const client = await begin();
        await ask(client, ...bindTo('k', 'SELECT id FROM customers'), ...before, encodeSync());
        await ask(client, encodeQuery('CLOSE k'));
        await ask(client, encodeQuery('DECLARE k CURSOR FOR SELECT ssn FROM customers'));
        await ask(client, encodeExecute('k'), encodeSync());
        expect(judgedLast()).toMatchObject({ command: 'UNREADABLE', complete: false });
      }
    });

    it('neither while the change is still on its way', async () => {
      const client = await begin();
      await ask(client, encodeQuery("DECLARE k CURSOR FOR SELECT 'a'"));
      const one = (text: string): Buffer[] => [encodeParse('', text), bindWith(''), encodeExecute('')];
      await ask(
        client,
        ...one('CLOSE k'),
        ...one("DECLARE k CURSOR FOR SELECT 'b'"),
        ...one('FETCH ALL k'),
        encodeSync(),
      );
      expect(judgedLast()).toMatchObject({ command: 'FETCH', complete: false });
    });

    it('a cursor and a bound portal keep the names they were planned under', async () => {
      const client = await begin();
      await ask(client, encodeQuery('DECLARE k CURSOR FOR SELECT id FROM customers'));
      await ask(client, ...bindTo('j', 'SELECT id FROM customers'), encodeSync());
      await ask(client, encodeQuery('SET LOCAL search_path = pg_catalog'));
      await ask(client, encodeQuery('FETCH 1 k'));
      expect(judgedLast()).toMatchObject({ command: 'FETCH', complete: false });
      await ask(client, encodeExecute('j'), encodeSync());
      expect(judgedLast()).toMatchObject({ command: 'UNREADABLE', complete: false });
    });
  });

  it('notices a statement that was replaced out of sight', async () => {
    const client = await open();
    client.send(encodeParse('judged', 'SELECT 1'), encodeParse('kept', 'SELECT 2'), encodeSync());
    await client.untilReady();
    client.send(encodeQuery("DO $$BEGIN EXECUTE 'DEALLOCATE judged'; EXECUTE 'PREPARE judged AS SELECT 3'; END$$"));
    await client.untilReady();
    client.send(bindWith('kept'), encodeExecute(''), encodeSync(), bindWith('judged'), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady(2))).toBe('2 D C:SELECT 1 Z:I E:26000 Z:I');
  });
});

describe('what no text shows', () => {
  const written = (request: JudgeRequest): boolean =>
    !request.outcome.ok || request.outcome.statements.some((one) => !one.complete || one.writes.length > 0);

  it('a domain named by number as a parameter’s type runs nothing', async () => {
    await bench.direct.query(`CREATE FUNCTION noted_check(text) RETURNS boolean LANGUAGE plpgsql AS
      $$BEGIN INSERT INTO notes VALUES (1, 'checked'); RETURN true; END$$; CREATE DOMAIN acting AS text CHECK (noted_check(VALUE))`);
    try {
      await bench.gateway.knowledge?.refreshAfterNow();
      const { oid } = (await bench.direct.query<{ oid: number }>("SELECT 'acting'::regtype::oid AS oid")).rows[0]!;
      refuses = written;
      const client = await open();
      client.send(encodeParse('', 'SELECT $1', [oid]), bindWith('', ['x']), encodeExecute(''), encodeSync());
      expect(outline(await client.untilReady())).toBe('E:0A000 Z:I');
      client.send(encodeParse('', 'SELECT $1::text', [25]), bindWith('', ['x']), encodeExecute(''), encodeSync());
      expect(outline(await client.untilReady())).toMatch(/C:SELECT 1 Z:I$/);
      expect(await notes()).toEqual([]);
    } finally {
      await bench.direct.query('DROP DOMAIN acting; DROP FUNCTION noted_check; TRUNCATE notes');
      await bench.gateway.knowledge?.refreshAfterNow();
    }
  });

  it('a portal that goes on under another search path is judged again', async () => {
    await bench.direct.query(`CREATE SCHEMA evil; CREATE FUNCTION public.step(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
      CREATE FUNCTION evil.step(int) RETURNS int LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.notes VALUES (1, 'evil'); RETURN 1; END$$;
      CREATE FUNCTION steps(int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN step($1); END$$`);
    try {
      await bench.gateway.knowledge?.refreshAfterNow();
      refuses = written;
      const client = await open();
      client.send(encodeQuery('BEGIN'));
      await client.untilReady();
      client.send(
        encodeParse('', 'SELECT public.steps(i) FROM generate_series(1, 4) AS i'),
        bindWith('', [], { portal: 'k' }),
        executeRows('k', 1),
        encodeSync(),
      );
      expect(outline(await client.untilReady())).not.toMatch(/E:/);
      client.send(encodeQuery('SET LOCAL search_path = evil, public'));
      await client.untilReady();
      client.send(executeRows('k', 1), encodeSync());
      expect(outline(await client.untilReady())).toBe('E:42501 Z:E');
      client.send(encodeQuery('ROLLBACK'));
      await client.untilReady();
      expect(await notes()).toEqual([]);
    } finally {
      await bench.direct.query('DROP SCHEMA evil CASCADE; DROP FUNCTION steps; DROP FUNCTION public.step');
      await bench.gateway.knowledge?.refreshAfterNow();
    }
  });
});

describe('session state', () => {
  const pathOf = async (client: RawClient, text: string): Promise<readonly string[] | null | undefined> => {
    client.send(encodeQuery(text));
    await client.untilReady();
    return lastInspector().statements.at(-1)?.state.searchPath;
  };

  it('follows search_path and role through SET, set_config, transactions and functions (item 3)', async () => {
    const client = await open();
    const seen: unknown[] = [];
    for (const text of [
      'SELECT 1',
      'SET search_path = pg_catalog',
      'SELECT 2',
      'BEGIN',
      'SET LOCAL search_path = public',
      'SELECT 3',
      'ROLLBACK',
      'SELECT 4',
      "SELECT set_config('search_path', 'public', false)",
      'SELECT 5',
    ]) {
      const path = await pathOf(client, text);
      if (/^SELECT \d/.test(text)) seen.push(path);
    }
    expect(seen).toEqual([
      ['pg_catalog', 'public'],
      ['pg_catalog'],
      ['pg_catalog', 'public'],
      ['pg_catalog'],
      ['pg_catalog', 'public'],
    ]);
    await pathOf(client, 'SET ROLE app');
    await pathOf(client, 'SELECT 6');
    expect(lastInspector().statements.at(-1)?.state.role).toBe('app');
  });

  it('waits for a change that is still on its way before it judges what comes behind', async () => {
    const client = await open();
    client.send(encodeQuery('SET search_path = pg_catalog'), encodeQuery('SELECT 1'));
    await client.untilReady(2);
    expect(lastInspector().statements.at(-1)?.state.searchPath).toEqual(['pg_catalog']);
  });

  it('counts the path as unknown inside an open batch that moves it', async () => {
    const client = await open();
    const one = (text: string): Buffer[] => [encodeParse('', text), bindWith(''), encodeExecute('')];
    client.send(...one('SET search_path = pg_catalog'), ...one('SELECT id FROM customers'), encodeSync());
    await client.untilReady();
    const judged = lastInspector().statements.find((one) => one.text === 'SELECT id FROM customers');
    expect(judged?.state.searchPath).toBeNull();
    expect(judged?.facts[0]?.complete).toBe(false);
  });

  it('keeps the client’s unnamed statement and portal when it asks for itself', async () => {
    const client = await open();
    client.send(encodeParse('', 'SELECT 7'), encodeParse('mover', 'SET search_path = public'), encodeSync());
    await client.untilReady();
    client.send(bindWith('mover', [], { portal: 'm' }), encodeExecute('m'), encodeSync());
    await client.untilReady();
    client.send(bindWith(''), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady())).toBe('2 D C:SELECT 1 Z:I');
  });
});

describe('holds', () => {
  it('tells the client at once, runs once after release, and keeps 30 s inside a transaction', async () => {
    holds = (request) => request.text.startsWith('INSERT') && request.phase !== 'prepare';
    const client = await open();
    client.send(encodeQuery(insert(1)));
    const [notice] = await client.until((seen) => seen.some(({ type }) => type === 'N'));
    expect(reportIn(notice!.body).get('D')).toContain('https://sluice.test/approvals/1');
    expect(await notes()).toEqual([]);
    const { request, release } = lastInspector().waiting[0]!;
    expect(request.hold.maxWaitMs).toBeNull();
    release();
    expect(outline(await client.untilReady())).toBe('C:INSERT 0 1 Z:I');
    expect(await notes()).toEqual(['n1']);

    client.send(encodeQuery('BEGIN'), encodeQuery(insert(2)));
    await lastInspector().somethingWaits();
    expect(lastInspector().waiting[0]?.request.hold.maxWaitMs).toBe(30_000);
    client.send(encodeTerminate());
    client.party.stream.end();
    await bench.gateway.ends.at(-1);
    expect(await notes()).toEqual(['n1']);
  });

  it.skipIf(!hasPsql)('is given up by Ctrl-C in psql', async () => {
    holds = (request) => request.text.startsWith('INSERT');
    const where = `host=127.0.0.1 port=${bench.gateway.port} dbname=app user=${bench.target.username}`;
    const child = spawn(psqlPath, ['-X', '-w', where, '-c', insert(1), '-c', 'SELECT 42'], {
      env: { PATH: '/usr/bin:/bin', PGPASSWORD: bench.target.password },
    });
    let stderr = '';
    child.stderr.setEncoding('utf8');
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (text: string) => {
        stderr += text;
        if (stderr.includes('approvals/1')) resolve();
      });
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGINT');
    await closed;
    expect(stderr).toContain('the request for approval was cancelled');
    expect(await notes()).toEqual([]);
  });

  it('cancels what runs at the target', async () => {
    const client = await open();
    client.send(encodeQuery('SELECT pg_sleep(600)'));
    let running = 0;
    while (running === 0) {
      const { rows } = await bench.direct.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'",
      );
      running = rows[0].n;
    }
    for (const cancel of lastInspector().cancels.values()) cancel();
    expect(outline(await client.untilReady())).toMatch(/E:57014 Z:I$/);
  });
});

it('closes the target’s session when the client is killed in the middle of a statement', async () => {
  const client = await open();
  expect(client.party).toBeInstanceOf(Party);
  client.send(encodeQuery('SELECT pg_sleep(601)'));
  const count = async (): Promise<number> =>
    (
      await bench.direct.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(601)%'",
      )
    ).rows[0].n;
  while ((await count()) === 0);
  client.party.stream.destroy();
  expect((await bench.gateway.ends.at(-1))?.reason).toBe('client-gone');
  while ((await count()) > 0);
});
