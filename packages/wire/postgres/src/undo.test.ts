/** What approved changes overwrite, kept and put back on real servers: exactly, or not at all. */
import { type UndoImage, undoImageSchema } from '@sluice/domain';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeExecute, encodeParse, encodeQuery, encodeSync } from './messages/frontend.ts';
import { languageFacts } from './testing/language-facts.ts';
import { bindWith, openRawClient, outline, type RawClient } from './testing/raw-client.ts';
import { connectDirectly, type RealTarget, startRealTarget } from './testing/real-target.ts';
import { dialRequestFor, startTestGateway, type TestGateway } from './testing/test-gateway.ts';
import { revertChange } from './undo-revert.ts';

const setUp = `
CREATE TYPE mood AS ENUM ('calm', 'loud');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN cents AS int CHECK (VALUE >= 0);
CREATE TABLE things (a int, b text, n numeric, j jsonb, js json, r bytea, t timestamptz, d date, iv interval, u uuid, f float8, arr text[], nums int[],
  m mood, c cents, p pair, rng int4range, ip inet, empty text, doubled numeric GENERATED ALWAYS AS (n * 2) STORED, PRIMARY KEY (b, a));
INSERT INTO things SELECT i, E'key "' || i || E'"\\\\', i * 1.1, jsonb_build_object('i', i, 'x', null), '{"b": 1,   "a":2}', decode(lpad(to_hex(i), 8, '0'), 'hex'),
  '2026-01-01 12:00:00.123456+02', '2026-02-03', '1 month 3 days 04:05:06.7', ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 0.1 + i,
  ARRAY['x', NULL, 'a,"b"', E'\\\\'], ARRAY[1, NULL, 3], 'calm', 5, ROW(i, 'p'::text)::pair, int4range(i, i + 5), '10.0.0.1/8', NULL
  FROM generate_series(1, 20) AS i;
CREATE TABLE counters (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int);
CREATE TABLE parents (id int PRIMARY KEY, v int);
CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents ON DELETE CASCADE);
INSERT INTO parents SELECT n, 0 FROM generate_series(1, 3) AS n;
CREATE TABLE plain (id int PRIMARY KEY, v int);
INSERT INTO plain SELECT n, 0 FROM generate_series(1, 3) AS n;
CREATE TABLE keyless (v int);
INSERT INTO keyless VALUES (1);
CREATE ROLE reads LOGIN PASSWORD 'reads-password';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reads;
GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app;
`;

describe.each(['15', '18'] as const)('undo at PostgreSQL %s', (version) => {
  let target: RealTarget;
  let gateway: TestGateway;
  let direct: pg.Client;
  const clients: RawClient[] = [];
  let kept: UndoImage[] = [];
  let reasons: string[] = [];
  let dropped = 0;

  beforeAll(async () => {
    target = await startRealTarget(version);
    direct = await connectDirectly(target, setUp);
    gateway = await startTestGateway(
      { ...target, username: 'app', password: 'app-password' },
      {
        facts: await languageFacts(),
        withKnowledge: true,
        reader: { username: 'reads', password: 'reads-password' },
        undo: ({ text, phase, binds }) => {
          if (phase === 'prepare' || !/^(UPDATE|DELETE|INSERT|WITH)/.test(text)) return null;
          if (phase !== 'execute') lastBinds = binds;
          return {
            binds: lastBinds,
            records: () => true,
            keep: (image) => {
              kept.push(undoImageSchema.parse(JSON.parse(JSON.stringify(image))));
              return true;
            },
            unavailable: (because) => reasons.push(because),
            dropped: () => {
              dropped++;
            },
          };
        },
      },
    );
  });
  let lastBinds: Parameters<NonNullable<Parameters<typeof startTestGateway>[1]['undo']>>[0]['binds'] = [];
  afterAll(async () => {
    await direct?.end();
    await gateway?.close();
    await target?.stop();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.party.stream.destroy();
    kept = [];
    reasons = [];
    dropped = 0;
  });

  const open = async (): Promise<RawClient> => {
    const client = await openRawClient(gateway.port, target);
    clients.push(client);
    return client;
  };
  const run = async (...texts: readonly string[]): Promise<string> => {
    const client = await open();
    client.send(...texts.map(encodeQuery));
    return outline(await client.untilReady(texts.length));
  };
  const digest = async (table: string): Promise<string> =>
    (await direct.query(`SELECT md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), '')) AS d FROM ${table} AS t`))
      .rows[0].d;
  const revert = (image: UndoImage) =>
    revertChange({
      dial: dialRequestFor({ ...target, username: 'app', password: 'app-password' }),
      image,
      masks: (fields) => ({ plan: fields.map(() => 'whole' as const), passAll: false, mask: () => '•••' }),
    });
  const one = (): UndoImage => {
    expect(reasons).toEqual([]);
    expect(kept).toHaveLength(1);
    return kept[0]!;
  };

  it.each([
    "UPDATE things SET n = n + 1, j = '{}', js = '[]', r = '\\\\x00', t = now(), d = 'infinity', iv = '1s', u = gen_random_uuid(), f = 'NaN', arr = '{}', nums = NULL, m = 'loud', c = 0, p = ROW(NULL, ''), rng = 'empty', ip = '::1', empty = '' WHERE a <= 7",
    'DELETE FROM things WHERE a IN (1, 5, 9)',
  ])('%s is put back exactly', async (text) => {
    const before = await digest('things');
    expect(await run(text)).toMatch(/^C:(UPDATE 7|DELETE 3) Z:I$/);
    expect(await digest('things')).not.toBe(before);
    const image = one();
    expect(await revert(image)).toEqual({ state: 'reverted', rows: image.rows.length });
    expect(await digest('things')).toBe(before);
    // Nothing of it is there a second time.
    expect(await revert(image)).toMatchObject({ state: 'conflict' });
  });

  it('new rows go again, also where the target numbered them', async () => {
    const before = await digest('counters');
    expect(await run('INSERT INTO counters (v) SELECT n FROM generate_series(1, 3) AS n')).toBe('C:INSERT 0 3 Z:I');
    expect(await revert(one())).toEqual({ state: 'reverted', rows: 3 });
    expect(await digest('counters')).toBe(before);
  });

  it('the extended protocol with bound values', async () => {
    const before = await digest('parents');
    const client = await open();
    client.send(
      encodeParse('', 'UPDATE parents SET v = $1 WHERE id < $2'),
      bindWith('', ['7', '3']),
      encodeExecute(''),
      encodeSync(),
    );
    expect(outline(await client.untilReady())).toBe('1 2 C:UPDATE 2 Z:I');
    expect(await revert(one())).toEqual({ state: 'reverted', rows: 2 });
    expect(await digest('parents')).toBe(before);
  });

  it('a batch that fails later throws its image away', async () => {
    const client = await open();
    client.send(
      encodeParse('', 'UPDATE parents SET v = 9 WHERE id = 1'),
      bindWith(''),
      encodeExecute(''),
      encodeParse('', 'SELECT 1 / 0'),
      bindWith(''),
      encodeExecute(''),
      encodeSync(),
    );
    expect(outline(await client.untilReady())).toMatch(/C:UPDATE 1 .*E:22012 Z:I$/);
    expect(kept).toHaveLength(1);
    expect(dropped).toBe(1);
  });

  it('a row that somebody changed since is a conflict, told by its masked key, and nothing changes', async () => {
    await run('UPDATE parents SET v = 5 WHERE id <= 3');
    await direct.query('UPDATE parents SET v = 6 WHERE id = 2');
    const now = await digest('parents');
    expect(await revert(one())).toEqual({ state: 'conflict', conflicts: 1, shown: ['id = •••'] });
    expect(await digest('parents')).toBe(now);
    await direct.query('UPDATE parents SET v = 5 WHERE id = 2');
    expect(await revert(kept[0]!)).toEqual({ state: 'reverted', rows: 3 });
  });

  it('a row that came back meanwhile, and one that went, are conflicts', async () => {
    await run('DELETE FROM plain WHERE id = 3');
    const deleted = one();
    await direct.query('INSERT INTO plain VALUES (3, 8)');
    expect(await revert(deleted)).toMatchObject({ state: 'conflict', conflicts: 1 });
    await direct.query('UPDATE plain SET v = 0');
    kept = [];
    await run('UPDATE plain SET v = 1 WHERE id = 3');
    await direct.query('DELETE FROM plain WHERE id = 3');
    expect(await revert(one())).toMatchObject({ state: 'conflict', conflicts: 1 });
    await direct.query('INSERT INTO plain VALUES (3, 0)');
  });

  it('what would change other rows too is not reverted', async () => {
    await run('INSERT INTO parents VALUES (50, 0)');
    await direct.query('INSERT INTO children VALUES (1, 50)');
    expect(await revert(one())).toMatchObject({ state: 'failed', because: expect.stringContaining('other rows') });
    expect((await direct.query('SELECT 1 FROM children')).rowCount).toBe(1);
    await direct.query('DELETE FROM parents WHERE id = 50');
  });

  it('a table that was altered since is left alone', async () => {
    await run('UPDATE parents SET v = 4 WHERE id = 1');
    await direct.query('ALTER TABLE parents ADD COLUMN more int');
    expect(await revert(one())).toMatchObject({ state: 'failed', because: expect.stringContaining('no longer') });
    await direct.query('ALTER TABLE parents DROP COLUMN more; UPDATE parents SET v = 0');
  });

  it('a concurrent change of the rows: the image is right, or there is none', async () => {
    await direct.query('BEGIN; UPDATE parents SET v = 77 WHERE id = 1');
    const client = await open();
    client.send(encodeQuery('UPDATE parents SET v = v + 1 WHERE id = 1'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    await direct.query('COMMIT');
    expect(outline(await client.untilReady())).toBe('C:UPDATE 1 Z:I');
    if (kept.length === 0) expect(reasons).toHaveLength(1);
    else {
      expect(await revert(one())).toEqual({ state: 'reverted', rows: 1 });
      expect((await direct.query('SELECT v FROM parents WHERE id = 1')).rows[0].v).toBe(77);
    }
    await direct.query('UPDATE parents SET v = 0');
  });

  it.each([
    ['UPDATE keyless SET v = 2', /primary key/],
    ['INSERT INTO parents VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET v = 0', /nobody can tell/],
    ['DELETE FROM plain WHERE id = 999', /changed nothing/],
    ['UPDATE parents SET v = 0 WHERE id = 1 RETURNING v', /result of its own/],
    ['DELETE FROM parents WHERE id = 3', /more than one table/],
  ])('%s runs and is not kept', async (text, because) => {
    expect(await run(text)).toMatch(/Z:I$/);
    expect(kept).toEqual([]);
    expect(reasons.join()).toMatch(because);
  });

  it('inside a block nothing is kept, and the statement runs as ever', async () => {
    expect(await run('BEGIN', 'UPDATE parents SET v = 3 WHERE id = 1', 'ROLLBACK')).toBe(
      'C:BEGIN Z:T C:UPDATE 1 Z:T C:ROLLBACK Z:I',
    );
    expect(kept).toEqual([]);
    expect(reasons.join()).toContain('transaction');
  });
});
