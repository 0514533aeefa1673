/** What a held statement would touch, on real servers: told while it waits, without a literal of the statement, and running nothing. */
import { impactSchema, type ReadOutcome } from '@sluice/domain';
import type { AssessRequest } from '@sluice/wire-kit';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeExecute, encodeParse, encodeQuery, encodeSync } from './messages/frontend.ts';
import { readPlan } from './plan-tree.ts';
import { languageFacts } from './testing/language-facts.ts';
import { bindWith, openRawClient, outline, type RawClient } from './testing/raw-client.ts';
import { connectDirectly, type RealTarget, startRealTarget } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

const secret = 'planted.secret@example.com';
const setUp = `
CREATE TABLE parents (id int PRIMARY KEY, name text);
CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents ON DELETE CASCADE);
CREATE TABLE grandchildren (id int PRIMARY KEY, child int REFERENCES children ON DELETE SET NULL);
INSERT INTO parents SELECT n, 'p' || n FROM generate_series(1, 1000) AS n;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER stamped BEFORE UPDATE ON parents FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE FUNCTION kill_all() RETURNS int LANGUAGE sql VOLATILE AS $$ DELETE FROM notes RETURNING 1 $$;
CREATE FUNCTION lying() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM kill_all(); RETURN 1; END $$;
INSERT INTO notes VALUES (1, 'kept');
ANALYZE;
`;

describe.each(['15', '18'] as const)('impact at PostgreSQL %s', (version) => {
  let target: RealTarget;
  let gateway: TestGateway;
  let direct: pg.Client;
  const clients: RawClient[] = [];
  const asked: string[] = [];

  beforeAll(async () => {
    target = await startRealTarget(version);
    direct = await connectDirectly(target, setUp);
    gateway = await startTestGateway(target, {
      facts: await languageFacts(),
      withKnowledge: true,
      holds: ({ phase, text }) => (phase === 'run' || phase === 'bind') && !/^(BEGIN|ROLLBACK|CREATE|SET)/.test(text),
    });
  });
  afterAll(async () => {
    await direct?.end();
    await gateway?.close();
    await target?.stop();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.party.stream.destroy();
  });

  const open = async (): Promise<RawClient> => {
    const client = await openRawClient(gateway.port, target);
    clients.push(client);
    return client;
  };
  const request: AssessRequest = {
    signal: new AbortController().signal,
    admits: (text: string, outcome: ReadOutcome) => {
      asked.push(text);
      return outcome.ok;
    },
  };
  /** Sends a statement that is held, has it assessed, lets it go. */
  const assess = async (client: RawClient, ...messages: Buffer[]) => {
    client.send(...messages);
    const inspector = gateway.inspectors.at(-1)!;
    await inspector.somethingWaits();
    const [{ request: held, release }] = inspector.waiting as [(typeof inspector.waiting)[number]];
    const impact = impactSchema.parse(await held.hold.assess!(request));
    release();
    await client.untilReady();
    return impact;
  };

  it('an update: objects with their size, plan, estimated rows, triggers, locks; and no literal', async () => {
    const client = await open();
    const text = `UPDATE customers SET email = '${secret}' WHERE full_name = '${secret}' AND id = 7`;
    const impact = await assess(client, encodeQuery(text));
    expect(JSON.stringify(impact)).not.toContain('planted');
    expect(impact).toMatchObject({
      inTransaction: false,
      estimatedRows: 1,
      objects: [{ name: 'public.customers', kind: 'table', verbs: ['update'], rows: 101 }],
      cascades: [],
      triggers: [],
      locks: [{ object: 'public.customers', mode: 'ROW EXCLUSIVE' }],
      plan: { known: true, moreNodes: 0 },
    });
    expect(impact.objects[0]!.bytes).toBeGreaterThan(8_000);
    expect(impact.plan.known && impact.plan.nodes.map(({ depth, operation }) => [depth, operation])).toEqual([
      [0, 'Update'],
      [1, expect.stringMatching(/Scan$/)],
    ]);
    expect(asked.at(-1)).toBe(`EXPLAIN (FORMAT JSON) ${text}`);
  });

  it('bound values take part in the plan and stand nowhere in the report', async () => {
    const client = await open();
    const impact = await assess(
      client,
      encodeParse('', 'DELETE FROM customers WHERE email = $1 AND id < $2'),
      bindWith('', [secret, '5']),
      encodeExecute(''),
      encodeSync(),
    );
    expect(impact.plan.known).toBe(true);
    expect(JSON.stringify(impact)).not.toContain('planted');
  });

  it('cascades are followed, with their locks', async () => {
    const client = await open();
    client.send(encodeQuery('BEGIN'));
    await client.untilReady();
    const impact = await assess(client, encodeQuery('DELETE FROM parents WHERE id = 5'));
    client.send(encodeQuery('ROLLBACK'));
    expect(impact).toMatchObject({
      inTransaction: true,
      cascades: [
        { from: 'public.parents', to: 'public.children', action: 'deletes' },
        { from: 'public.children', to: 'public.grandchildren', action: 'sets' },
      ],
    });
    expect(impact.locks.map(({ object }) => object).sort()).toEqual([
      'public.children',
      'public.grandchildren',
      'public.parents',
    ]);
  });

  it('a trigger is named, and its function keeps the statement from being planned', async () => {
    const client = await open();
    const impact = await assess(client, encodeQuery("UPDATE parents SET name = 'x' WHERE id = 1"));
    expect(impact.triggers).toEqual([{ object: 'public.parents', runs: 'public.stamp', instead: false }]);
    expect(impact.plan).toEqual({ known: false, because: 'planning may run functions, and it reaches public.stamp' });
  });

  it('PG27: what planning would run is not planned, and nothing happens', async () => {
    const client = await open();
    client.send(encodeQuery('SET statement_timeout = 0'));
    await client.untilReady();
    const inspector = gateway.inspectors.at(-1)!;
    client.send(encodeQuery('UPDATE parents SET id = lying() WHERE id = 1'));
    await inspector.somethingWaits();
    const impact = await inspector.waiting[0]!.request.hold.assess!(request);
    expect(impact.plan.known).toBe(false);
    expect((await direct.query('SELECT 1 FROM notes')).rowCount).toBe(1);
  });

  it('what policy does not allow to be planned is not; an unreadable statement says why', async () => {
    const client = await open();
    const before = asked.length;
    client.send(encodeQuery('DELETE FROM customers WHERE id = 1'));
    const inspector = gateway.inspectors.at(-1)!;
    await inspector.somethingWaits();
    const impact = await inspector.waiting[0]!.request.hold.assess!({ ...request, admits: () => false });
    expect(impact.plan).toEqual({ known: false, because: 'policy does not plainly allow to plan it' });
    expect(asked.length).toBe(before);
  });

  it('objects that only the session sees are not looked for elsewhere', async () => {
    const client = await open();
    client.send(encodeQuery('CREATE TEMPORARY TABLE customers (id int, email text)'));
    expect(outline(await client.untilReady())).toBe('C:CREATE TABLE Z:I');
    const impact = await assess(client, encodeQuery("UPDATE customers SET email = 'x' WHERE id = 1"));
    expect(impact.plan.known).toBe(false);
    expect(impact.objects[0]).toMatchObject({ rows: null });
  });

  it('another session’s lock delays nobody', async () => {
    await direct.query('BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE');
    try {
      const client = await open();
      client.send(encodeQuery('DELETE FROM customers WHERE id = 1'));
      const inspector = gateway.inspectors.at(-1)!;
      await inspector.somethingWaits();
      const impact = await inspector.waiting[0]!.request.hold.assess!(request);
      expect(impact.plan).toEqual({ known: false, because: 'the target would not plan it now' });
      expect(impact.objects[0]).toMatchObject({ name: 'public.customers', rows: 101 });
    } finally {
      await direct.query('ROLLBACK');
    }
  });

  it('a truncate has no plan and the strongest lock', async () => {
    const client = await open();
    const impact = await assess(client, encodeQuery('TRUNCATE notes'));
    expect(impact.plan).toEqual({ known: false, because: 'TRUNCATE TABLE has no plan' });
    expect(impact.locks).toMatchObject([{ object: 'public.notes', mode: 'ACCESS EXCLUSIVE' }]);
    await direct.query("INSERT INTO notes VALUES (1, 'kept')");
  });
});

it('of a plan only names and numbers are told', () => {
  const node = {
    'Node Type': 'Seq Scan',
    'Relation Name': 'customers',
    Alias: 'planted',
    Filter: "(ssn = 'planted'::text)",
    Output: ['planted'],
    'Plan Rows': 3,
    'Total Cost': 12.5,
    'Anything New': 'planted',
  };
  const plan = readPlan(JSON.stringify([{ Plan: node, Settings: { x: 'planted' } }]));
  expect(JSON.stringify(plan)).not.toContain('planted');
  expect(plan.nodes).toEqual([
    { depth: 0, operation: 'Seq Scan', object: 'customers', index: null, rows: 3, cost: 12.5, conditions: ['filter'] },
  ]);
});
