/** Limits of a result on a real server: no row beyond one reaches the client, and what the client believes rolled back is. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeExecute, encodeParse, encodeQuery, encodeSync } from './messages/frontend.ts';
import { type GatewayBench, startGatewayBench } from './testing/gateway-bench.ts';
import { bindWith, executeRows, outline, type RawClient, reportIn } from './testing/raw-client.ts';

const maxRows = 5;
let bench: GatewayBench;

beforeAll(async () => {
  bench = await startGatewayBench('15', { allowHalfOpen: true, wantsRows: false, maxRows });
});
afterAll(() => bench?.stop());
beforeEach(async () => {
  await bench.direct.query('TRUNCATE notes');
});
afterEach(() => bench.dropClients());

const open = (): Promise<RawClient> => bench.open();
const lastInspector = () => bench.gateway.inspectors.at(-1)!;
const stops = () => lastInspector().statements.flatMap((statement) => statement.stops);
const notes = async (): Promise<number> => (await bench.direct.query('SELECT 1 FROM notes')).rows.length;
const series = (rows: number): string => `SELECT n FROM generate_series(1, ${rows}) AS n`;
const insert = (rows: number): string =>
  `INSERT INTO notes SELECT n, 'x' FROM generate_series(1, ${rows}) AS n RETURNING id`;
const run = (text: string): Buffer[] => [encodeParse('', text), bindWith(''), encodeExecute('')];

describe('a simple query', () => {
  it.each([6, 2_000_000])('of %i rows is cut off, whether or not it could be stopped', async (rows) => {
    const client = await open();
    client.send(encodeQuery(series(rows)), encodeQuery(series(maxRows)));
    const seen = await client.untilReady(2);
    expect(outline(seen)).toBe('T D D D D D E:54000 Z:I T D D D D D C:SELECT 5 Z:I');
    const detail = JSON.parse(reportIn(seen.find(({ type }) => type === 'E')!.body).get('D') ?? '') as unknown;
    expect(detail).toMatchObject({ sluice: 1, code: 'limit-exceeded' });
    expect(stops()).toHaveLength(1);
  });
  it('gives each of its statements the whole budget', async () => {
    const client = await open();
    client.send(encodeQuery(`${series(5)}; ${series(5)}; ${series(9)}`));
    expect(outline(await client.untilReady())).toBe(
      'T D D D D D C:SELECT 5 T D D D D D C:SELECT 5 T D D D D D E:54000 Z:I',
    );
  });
  it('aborts the transaction block that it stands in', async () => {
    const client = await open();
    client.send(encodeQuery('BEGIN'));
    await client.untilReady();
    client.send(encodeQuery(insert(7)), encodeQuery('SELECT 1'), encodeQuery('COMMIT'));
    expect(outline(await client.untilReady(3))).toBe('T D D D D D E:54000 Z:E E:25P02 Z:E C:ROLLBACK Z:I');
    expect(await notes()).toBe(0);
    expect(stops()).toEqual([{ ran: false }]);
  });
  it('that had committed before it could be stopped says so', async () => {
    const client = await open();
    client.send(encodeQuery(insert(7)));
    expect(outline(await client.untilReady())).toBe('T D D D D D E:54000 Z:I');
    // Either it was stopped in time or it was not: what is told must be what happened.
    expect(stops()).toEqual([{ ran: (await notes()) === 7 }]);
  });
  it('counts each FETCH as a statement, and the lines of COPY', async () => {
    const client = await open();
    client.send(
      encodeQuery('BEGIN'),
      encodeQuery(`DECLARE k CURSOR FOR ${series(100)}`),
      encodeQuery('FETCH 5 FROM k'),
    );
    client.send(encodeQuery('FETCH 6 FROM k'), encodeQuery('ROLLBACK'));
    expect(outline(await client.untilReady(5))).toBe(
      'C:BEGIN Z:T C:DECLARE CURSOR Z:T T D D D D D C:FETCH 5 Z:T T D D D D D E:54000 Z:E C:ROLLBACK Z:I',
    );
    client.send(encodeQuery(`COPY (${series(5)}) TO STDOUT WITH (FORMAT csv, HEADER)`));
    expect(outline(await client.untilReady())).toBe('H d d d d d d c C:COPY 5 Z:I');
    client.send(encodeQuery(`COPY (${series(5)}) TO STDOUT WITH (FORMAT binary)`));
    expect(outline(await client.untilReady())).toMatch(/^H( d)+ c C:COPY 5 Z:I$/);
    client.send(encodeQuery('COPY customers TO STDOUT'), encodeQuery('SELECT 1'));
    expect(outline(await client.untilReady(2))).toBe('H d d d d d E:54000 Z:I T D C:SELECT 1 Z:I');
  });
});

describe('the extended protocol', () => {
  it.each([6, 2_000_000])('cuts off %i rows, and nothing pipelined behind runs', async (rows) => {
    const client = await open();
    client.send(...run(series(rows)), ...run('INSERT INTO notes VALUES (1, NULL)'), encodeSync());
    client.send(...run(series(2)), encodeSync());
    expect(outline(await client.untilReady(2))).toBe('1 2 D D D D D E:54000 Z:I 1 2 D D C:SELECT 2 Z:I');
    expect(await notes()).toBe(0);
  });
  it('takes back what the statement and those before it in the batch did', async () => {
    const client = await open();
    client.send(...run('INSERT INTO notes VALUES (77, NULL)'), ...run(insert(7)), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 2 C:INSERT 0 1 1 2 D D D D D E:54000 Z:I');
    expect(await notes()).toBe(0);
    expect(stops()).toEqual([{ ran: false }]);
  });
  it('aborts an open transaction block', async () => {
    const client = await open();
    client.send(encodeQuery('BEGIN'), ...run(insert(6)), encodeSync(), encodeQuery('COMMIT'));
    expect(outline(await client.untilReady(3))).toBe('C:BEGIN Z:T 1 2 D D D D D E:54000 Z:E C:ROLLBACK Z:I');
    expect(await notes()).toBe(0);
  });
  it('counts over a portal that is executed piece by piece', async () => {
    const client = await open();
    client.send(encodeParse('', series(100)), bindWith(''), executeRows('', 2), executeRows('', 2), executeRows('', 2));
    client.send(executeRows('', 2), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 2 D D s D D s D E:54000 Z:I');
    // A suspended portal that was closed in time is no matter for a limit.
    client.send(
      encodeParse('', series(100)),
      bindWith(''),
      executeRows('', 4),
      encodeSync(),
      ...run(series(5)),
      encodeSync(),
    );
    expect(outline(await client.untilReady(2))).toBe('1 2 D D D D s Z:I 1 2 D D D D D C:SELECT 5 Z:I');
  });
  it('does not outlive a client that went away while it ran', async () => {
    const client = await open();
    client.send(...run('SELECT pg_sleep(600)'), encodeSync());
    const there = async () =>
      (
        await bench.direct.query(
          "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND state = 'active'",
        )
      ).rows.length;
    while ((await there()) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    client.party.stream.end();
    expect((await bench.gateway.ends.at(-1))?.reason).toBe('client-gone');
    while ((await there()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  it('works with node-postgres, and no cancel strikes what comes next', async () => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: bench.gateway.port,
      user: 'app',
      password: 'x',
      database: 'app',
    });
    await client.connect();
    for (let round = 0; round < 20; round++) {
      await expect(client.query(`${series(6 + round * 500)} WHERE n > $1`, [0])).rejects.toMatchObject({
        code: '54000',
      });
      expect((await client.query('SELECT pg_sleep($1)::text', [0.01])).rowCount).toBe(1);
      await expect(client.query(series(6 + round * 500))).rejects.toMatchObject({ code: '54000' });
      expect((await client.query('SELECT pg_sleep(0.01)')).rowCount).toBe(1);
    }
    await client.end();
  });
});
