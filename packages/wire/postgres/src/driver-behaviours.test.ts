/** What drivers do on the wire beyond a query and its answer, through the relay to real servers: the same as directly. */
import { connect, type Socket } from 'node:net';
import type { FactsReader } from '@sluice/wire-kit';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { int16, int32, message } from './messages/bytes.ts';
import {
  encodeCloseStatement,
  encodeExecute,
  encodeFlush,
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
  executeRows,
  messagesIn,
  outline,
  type RawClient,
} from './testing/raw-client.ts';

/** Far below the result, far above what a loaded machine's garbage adds. */
const maxHeldBackBytes = 24 * 1024 * 1024;
const readyForQuery = message('Z', Buffer.from('I'));

/** Asks on a connection of its own that what the client runs be cancelled, with the key that it was given. */
function cancel(client: RawClient): void {
  const key = messagesIn(client.party.received).find(({ type }) => type === 'K')!;
  const { remotePort } = client.party.stream as Socket;
  const socket = connect({ host: '127.0.0.1', port: remotePort! });
  socket.on('error', () => undefined);
  socket.end(Buffer.concat([int32(16), int32(80_877_102), key.body]));
}

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  let bench: GatewayBench;

  beforeAll(async () => {
    const facts = await languageFacts();
    // As from a worker: an answer takes a turn, and meanwhile more comes in.
    const later: FactsReader = { read: async (request) => facts.read(request) };
    bench = await startGatewayBench(version, { facts: later, holds: ({ text }) => text.includes('hold me') });
  });
  afterAll(() => bench?.stop());
  afterEach(() => bench.dropClients());

  /** The same conversation directly and through the gateway; what must come is written beside it. */
  async function both(run: (client: RawClient) => Promise<string>, expected: string): Promise<void> {
    expect(await run(await bench.openDirect())).toBe(expected);
    expect(await run(await bench.open())).toBe(expected);
  }

  const said = async (client: RawClient, readies: number, ...messages: Buffer[]): Promise<string> => {
    client.send(...messages);
    return outline(await client.untilReady(readies));
  };
  const run = (text: string, statement = ''): Buffer[] => [
    encodeParse(statement, text),
    bindWith(statement),
    encodeExecute(''),
  ];

  describe('as psycopg 3 and libpq’s pipeline mode send it', () => {
    it('parameter types of any number, in the way that drivers declare numeric and timestamptz', async () => {
      const typed = (oid: number): Buffer => message('P', '', 'SELECT $1', int16(1), int32(oid));
      for (const oid of [20, 1043, 1184, 1700, 2950, 0x7fff])
        await both((client) => said(client, 1, typed(oid), encodeSync()), oid === 0x7fff ? 'E:XX000 Z:I' : '1 Z:I');
    });

    it('several batches in flight, with an error in one', async () => {
      const batch = (text: string): Buffer[] => [...run(text), encodeSync()];
      await both(
        (client) =>
          said(
            client,
            4,
            ...batch('SELECT 1'),
            ...batch('SELECT 1/0'),
            ...run('SELECT 2'),
            ...batch('SELECT nope'),
            ...batch('SELECT 3'),
          ),
        '1 2 D C:SELECT 1 Z:I 1 E:22012 Z:I 1 2 D C:SELECT 1 E:42703 Z:I 1 2 D C:SELECT 1 Z:I',
      );
    });

    it('Flush instead of Sync, and the rest of a pipeline after an error dropped up to Sync', async () => {
      await both(async (client) => {
        client.send(...run('SELECT 1'), encodeFlush());
        const first = outline(await client.until((seen) => seen.some(({ type }) => type === 'C')));
        client.send(...run('SELECT 1/0'), ...run('SELECT 2'), encodeFlush());
        const second = outline(await client.until((seen) => seen.some(({ type }) => type === 'E')));
        return `${first} | ${second} | ${await said(client, 1, ...run('SELECT 3'), encodeSync())}`;
      }, '1 2 D C:SELECT 1 | 1 E:22012 | Z:I');
    });

    it('named statements described, used again, closed, and named anew', async () => {
      await both(async (client) => {
        const parts = [
          await said(client, 1, encodeParse('s', 'SELECT $1::int'), describeStatement('s'), encodeSync()),
          await said(
            client,
            2,
            bindWith('s', ['1']),
            encodeExecute(''),
            encodeSync(),
            bindWith('s', ['x']),
            encodeExecute(''),
            encodeSync(),
          ),
          await said(
            client,
            1,
            encodeCloseStatement('s'),
            encodeParse('s', "SELECT 'again'"),
            bindWith('s'),
            encodeExecute(''),
            encodeSync(),
          ),
          await said(client, 1, encodeParse('s', 'SELECT 1'), encodeSync()),
          await said(client, 1, encodeCloseStatement('s'), encodeSync()),
          await said(client, 1, bindWith('s'), encodeSync()),
        ];
        return parts.join(' | ');
      }, '1 t T Z:I | 2 D C:SELECT 1 Z:I E:22P02 Z:I | 3 1 2 D C:SELECT 1 Z:I | E:42P05 Z:I | 3 Z:I | E:26000 Z:I');
    });
  });

  it('carries what is pipelined behind a message of half a megabyte', async () => {
    const large = `SELECT length('${'x'.repeat(500_000)}')`;
    await both(
      (client) =>
        said(client, 3, ...run(large), encodeSync(), ...run('SELECT 1'), encodeSync(), encodeQuery('SELECT 2')),
      '1 2 D C:SELECT 1 Z:I 1 2 D C:SELECT 1 Z:I T D C:SELECT 1 Z:I',
    );
  });

  it('fetches portals in portions, across Syncs inside a transaction and not beyond one', async () => {
    await both(async (client) => {
      const parse = encodeParse('g', 'SELECT generate_series(1, 5)');
      const parts = [
        await said(
          client,
          2,
          encodeQuery('BEGIN'),
          parse,
          bindWith('g', [], { portal: 'p' }),
          executeRows('p', 2),
          encodeSync(),
        ),
        await said(client, 1, executeRows('p', 2), encodeSync()),
        await said(client, 1, executeRows('p', 2), executeRows('p', 2), encodeSync()),
        await said(client, 2, encodeQuery('COMMIT'), executeRows('p', 1), encodeSync()),
        await said(client, 2, bindWith('g'), executeRows('', 1), encodeSync(), executeRows('', 1), encodeSync()),
      ];
      return parts.join(' | ');
    }, 'C:BEGIN Z:T 1 2 D D s Z:T | D D s Z:T | D C:SELECT 1 C:SELECT 0 Z:T | C:COMMIT Z:I E:34000 Z:I | 2 D s Z:I E:34000 Z:I');
  });

  it('takes COPY in text, CSV and binary by both protocols, failed by the client and by the server', async () => {
    const binary = Buffer.concat([
      Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
      Buffer.alloc(8),
      int16(2),
      int32(4),
      int32(7),
      int32(1),
      Buffer.from('b'),
      int16(-1),
    ]);
    await both(
      async (client) => {
        const copy = (text: string, ...data: Buffer[]): Promise<string> => said(client, 1, encodeQuery(text), ...data);
        const parts = [
          await copy('CREATE TEMP TABLE c (a int, b text)'),
          await copy('COPY c FROM STDIN', copyData('1\tone\n2\t'), copyData('two\n'), copyDone()),
          await copy('COPY c FROM STDIN (FORMAT csv)', copyData('3,"a, b"\n'), copyDone()),
          await copy('COPY c FROM STDIN (FORMAT binary)', message('d', binary), copyDone()),
          await copy('COPY c FROM STDIN', copyData('4\tfour\n'), message('f', 'no more')),
          await copy('COPY c FROM STDIN', copyData('x\tbad\n'), copyDone()),
          await said(client, 1, ...run('COPY c FROM STDIN'), copyData('5\tfive\n'), copyDone(), encodeSync()),
          await said(client, 1, ...run('COPY c TO STDOUT (FORMAT binary)'), encodeSync()),
          await copy('SELECT count(*) FROM c'),
        ];
        return parts.join(' | ');
      },
      [
        'C:CREATE TABLE Z:I',
        'G C:COPY 2 Z:I',
        'G C:COPY 1 Z:I',
        'G C:COPY 1 Z:I',
        'G E:57014 Z:I',
        'G E:22P02 Z:I',
        '1 2 G C:COPY 1 Z:I',
        `1 2 H ${'d '.repeat(6)}c C:COPY 5 Z:I`,
        'T D C:SELECT 1 Z:I',
      ].join(' | '),
    );
  });

  it('keeps large objects by SQL', async () => {
    const results = async (port: number): Promise<unknown> => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user: bench.target.username,
        password: bench.target.password,
        database: 'app',
      });
      await client.connect();
      try {
        const rows = [];
        await client.query('BEGIN');
        await client.query('SELECT lo_create(4242)');
        rows.push((await client.query("SELECT lowrite(lo_open(4242, 131072), 'hello'::bytea)")).rows);
        rows.push((await client.query('SELECT lo_put(4242, 5, $1)', [Buffer.from(' world')])).rows);
        rows.push((await client.query("SELECT convert_from(lo_get(4242), 'UTF8') AS text")).rows);
        rows.push((await client.query('SELECT lo_unlink(4242)')).rows);
        await client.query('COMMIT');
        return rows;
      } finally {
        await client.end();
      }
    };
    expect(await results(bench.gateway.port)).toEqual(await results(bench.target.port));
  });

  it('brings notifications at once: its own, and another’s while it is idle', async () => {
    const heard = async (openOne: () => Promise<RawClient>): Promise<string[]> => {
      const listener = await openOne();
      const other = await openOne();
      await said(listener, 1, encodeQuery('LISTEN news'));
      listener.send(encodeQuery("NOTIFY news, 'own'"));
      const own = await listener.untilReady();
      other.send(encodeQuery("SELECT pg_notify('news', 'other')"));
      const idle = await listener.until((seen) => seen.some(({ type }) => type === 'A'));
      return [...own, ...idle].filter(({ type }) => type === 'A').map(({ body }) => body.toString('latin1', 4));
    };
    const expected = ['news\0own\0', 'news\0other\0'];
    expect(await heard(() => bench.openDirect())).toEqual(expected);
    expect(await heard(() => bench.open())).toEqual(expected);
  });

  describe('cancelled by the client', () => {
    it('COPY in both directions', async () => {
      await both(async (client) => {
        const parts = [await said(client, 1, encodeQuery('CREATE TEMP TABLE c (a int)'))];
        client.send(encodeQuery('COPY c FROM STDIN'));
        await client.until((seen) => seen.some(({ type }) => type === 'G'));
        cancel(client);
        // While it waits for data the server looks at nothing else: the request strikes with what comes next.
        const failed = client.untilReady();
        let over = false;
        void failed.then(() => {
          over = true;
        });
        while (!over) {
          client.send(copyData('1\n'));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        client.send(copyDone());
        parts.push(outline(await failed), await said(client, 1, encodeQuery('SELECT 1')));
        client.send(
          encodeQuery("COPY (SELECT repeat('x', 9000), pg_sleep(0.01) FROM generate_series(1, 100000)) TO STDOUT"),
        );
        await client.until((seen) => seen.some(({ type }) => type === 'd'));
        cancel(client);
        const out = outline(await client.untilReady()).replace(/^(H |d )+/, '');
        return [...parts, out, await said(client, 1, encodeQuery('SELECT count(*) FROM c'))].join(' | ');
      }, 'C:CREATE TABLE Z:I | E:57014 Z:I | T D C:SELECT 1 Z:I | E:57014 Z:I | T D C:SELECT 1 Z:I');
    });

    it('a statement that waits for people: it does not run, and the session goes on', async () => {
      const client = await bench.open();
      const inspector = bench.gateway.inspectors.at(-1)!;
      for (const messages of [
        [encodeQuery("INSERT INTO notes VALUES (1, 'hold me')")],
        [...run("INSERT INTO notes VALUES (2, 'hold me')"), encodeSync()],
      ]) {
        client.send(...messages);
        await inspector.somethingWaits();
        cancel(client);
        expect(outline(await client.untilReady())).toMatch(/^(1 )?E:57014 Z:I$/);
      }
      expect(inspector.waiting).toEqual([]);
      client.send(encodeQuery('SELECT body FROM notes'));
      expect(outline(await client.untilReady())).toBe('T C:SELECT 0 Z:I');
    });
  });

  it('holds back a server whose client reads slowly, in bounded memory, and loses nothing', async () => {
    const rows = 8_000;
    const bytes = 8_192;
    const client = await bench.open();
    const { stream } = client.party;
    stream.removeAllListeners('data');
    stream.pause();
    const before = process.memoryUsage().arrayBuffers;
    client.send(encodeQuery(`SELECT repeat('x', ${bytes}) FROM generate_series(1, ${rows})`));
    const waits = async (): Promise<boolean> =>
      (await bench.direct.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'ClientWrite'")).rows.length > 0;
    while (!(await waits())) await new Promise((resolve) => setTimeout(resolve, 20));
    // Sixty-four MiB are on their way; what stands in the gateway is a few full sinks.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(maxHeldBackBytes);
    let received = 0;
    let rest = Buffer.alloc(0);
    await new Promise<void>((resolve) => {
      stream.on('data', (chunk: Buffer) => {
        received += chunk.length;
        rest = Buffer.concat([rest, chunk]).subarray(-6);
        if (rest.equals(readyForQuery)) resolve();
      });
      stream.resume();
    });
    expect(received).toBeGreaterThan(rows * bytes);
  });

  it('resets a pooled session with DISCARD ALL', async () => {
    await both(async (client) => {
      const parts = [
        await said(client, 1, encodeParse('s', 'SELECT 1'), encodeSync()),
        await said(client, 1, encodeQuery('SET search_path = pg_catalog; LISTEN a; CREATE TEMP TABLE gone (a int)')),
        await said(client, 1, encodeQuery('DISCARD ALL')),
        await said(client, 1, bindWith('s'), encodeSync()),
        await said(client, 1, encodeQuery('SELECT * FROM gone')),
        await said(client, 1, encodeQuery('SELECT id FROM customers LIMIT 1')),
      ];
      return parts.join(' | ');
    }, '1 Z:I | C:SET C:LISTEN C:CREATE TABLE Z:I | C:DISCARD ALL Z:I | E:26000 Z:I | E:42P01 Z:I | T D C:SELECT 1 Z:I');
  });

  it('lets statement_timeout end a statement, in a batch too', async () => {
    await both(async (client) => {
      const set = await said(client, 1, encodeQuery('SET statement_timeout = 50'));
      const simple = await said(client, 1, encodeQuery('SELECT pg_sleep(30)'));
      const batch = await said(client, 1, ...run('SELECT pg_sleep(30)'), ...run('SELECT 1'), encodeSync());
      return [set, simple, batch, await said(client, 1, encodeQuery('SELECT 1'))].join(' | ');
    }, 'C:SET Z:I | T E:57014 Z:I | 1 2 E:57014 Z:I | T D C:SELECT 1 Z:I');
  });
});
