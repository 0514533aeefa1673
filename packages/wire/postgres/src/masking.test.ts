/** Results in every form on a real server: what is masked, what passes unchanged, what is recorded. */
import type { ResultField } from '@sluice/wire-kit';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseDataRow } from './messages/backend.ts';
import { encodeExecute, encodeParse, encodeQuery, encodeSync } from './messages/frontend.ts';
import { maskReport } from './statement-run.ts';
import { withFormats } from './statement-table.ts';
import { languageFacts } from './testing/language-facts.ts';
import { bindWith, openRawClient, outline, type RawClient, reportIn, type SeenMessage } from './testing/raw-client.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

const secret = /user\d+@example\.com|900-00-\d{4}/g;
const secretInHex = /75736572\d+4065786d/i;
let target: RealTarget;
let gateway: TestGateway;
let plan: (field: ResultField) => 'pass' | 'scan' | 'whole' = () => 'scan';
const clients: RawClient[] = [];

beforeAll(async () => {
  target = await startRealTarget('15');
  gateway = await startTestGateway(target, {
    facts: await languageFacts(),
    withKnowledge: true,
    plan: (field) => plan(field),
    mask: (text) => text.replace(secret, '****'),
  });
});
afterAll(async () => {
  await gateway?.close();
  await target?.stop();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.party.stream.destroy();
  plan = () => 'scan';
});

async function open(): Promise<RawClient> {
  const client = await openRawClient(gateway.port, target);
  clients.push(client);
  return client;
}
const last = () => gateway.inspectors.at(-1)!.statements.at(-1)!;
const rowsOf = (seen: readonly SeenMessage[]): (Buffer | null)[][] =>
  seen.filter(({ type }) => type === 'D').map(({ body }) => parseDataRow(body, 0, body.length));
const copied = (seen: readonly SeenMessage[]): Buffer =>
  Buffer.concat(seen.filter(({ type }) => type === 'd').map(({ body }) => body));
const raw = (seen: readonly SeenMessage[]): string => seen.map(({ body }) => body.toString('latin1')).join('');

async function simple(text: string): Promise<SeenMessage[]> {
  const client = await open();
  client.send(encodeQuery(text));
  return client.untilReady();
}
async function extended(text: string, resultFormat: 0 | 1): Promise<SeenMessage[]> {
  const client = await open();
  client.send(encodeParse('', text), bindWith('', [], { resultFormat }), encodeExecute(''), encodeSync());
  return client.untilReady();
}

describe('rows', () => {
  const everything = 'SELECT * FROM customers WHERE id < 30 ORDER BY id';

  it('masks text and binary forms alike, and leaves the rest as it is', async () => {
    const direct = await openRawClient(target.port, target);
    clients.push(direct);
    for (const format of [0, 1] as const) {
      direct.send(
        encodeParse('', everything),
        bindWith('', [], { resultFormat: format }),
        encodeExecute(''),
        encodeSync(),
      );
      const plain = rowsOf(await direct.untilReady());
      const masked = rowsOf(await extended(everything, format));
      expect(masked).toHaveLength(plain.length);
      for (const [i, row] of masked.entries()) {
        for (const [j, value] of row.entries()) {
          const before = plain[i]![j]!;
          const text = before?.toString('latin1') ?? '';
          if (text.search(secret) < 0) expect(value, `row ${i} column ${j} format ${format}`).toEqual(before);
          else expect(value?.toString('latin1')).toBe(text.replace(secret, '****'));
        }
      }
    }
  });

  it('records what the client saw, as text, the same for both forms', async () => {
    await extended(everything, 0);
    const text = last();
    await extended(everything, 1);
    const binary = last();
    const rows = (one: typeof text) =>
      one.rows.map((row) => row.map((value) => value?.replace(/(\.\d+?)0*\+00$/, '$1+00').replaceAll(' ', '')));
    expect(rows(binary)).toEqual(rows(text));
    expect(JSON.stringify(text.rows)).not.toMatch(secret);
    expect(text.tags).toEqual(['SELECT 29']);
    expect(text.ended).toBeGreaterThan(0);
  });

  it('sends NULL where a masked value no longer fits the column’s type', async () => {
    plan = () => 'whole';
    const seen = await extended('SELECT id, full_name, uid, active, tags FROM customers WHERE id = 1', 1);
    expect(
      rowsOf(seen)[0]
        ?.map((value) => value?.toString('utf8') ?? null)
        .slice(0, 2),
    ).toEqual([expect.anything(), 'Name 1']);
    const gatewayWide = await startTestGateway(target, {
      facts: await languageFacts(),
      plan: () => 'whole',
      mask: () => 'XXX',
    });
    try {
      const client = await openRawClient(gatewayWide.port, target);
      for (const resultFormat of [0, 1] as const) {
        client.send(encodeParse('', 'SELECT id, full_name, uid, active, profile, balance FROM customers WHERE id = 1'));
        client.send(bindWith('', [], { resultFormat }), encodeExecute(''), encodeSync());
        const seen = await client.untilReady();
        const [row] = rowsOf(seen);
        const texts = row!.map((value) => value?.toString('latin1') ?? null);
        expect(texts).toEqual([null, 'XXX', null, null, resultFormat === 0 ? '"XXX"' : '\u0001"XXX"', null]);
      }
      client.party.stream.destroy();
    } finally {
      await gatewayWide.close();
    }
  });

  it('masks values of types that it does not know only as text, and closes their binary form', async () => {
    const text = "SELECT ROW(id, email), inet '10.0.0.1' FROM customers WHERE id = 1";
    expect(rowsOf(await extended(text, 0))[0]?.map(String)).toEqual(['(1,****)', '10.0.0.1']);
    expect(rowsOf(await extended(text, 1))[0]).toEqual([null, null]);
    expect(last().fields[0]?.map((field) => field.category)).toEqual(['opaque', 'opaque']);
  });

  it('masks element by element in arrays, text and binary', async () => {
    const text = "SELECT ARRAY['x', email, NULL, 'q \"{,}\"'] FROM customers WHERE id = 1";
    expect(String(rowsOf(await extended(text, 0))[0]?.[0])).toBe('{x,****,NULL,"q \\"{,}\\""}');
    await extended(text, 1);
    expect(last().rows).toEqual([['{x,****,NULL,"q \\"{,}\\""}']]);
  });

  it('passes rows unread where nothing is masked and nothing wanted', async () => {
    plan = () => 'pass';
    expect(raw(await simple('SELECT email FROM customers ORDER BY id'))).toMatch(secret);
    plan = () => 'scan';
    expect(raw(await simple('SELECT email FROM customers ORDER BY id'))).not.toMatch(secret);
  });
});

describe('roads that carry values past the result', () => {
  it('masks cursors, several results of one message and functions over whole rows', async () => {
    const seen = await simple(
      'BEGIN; DECLARE k CURSOR FOR SELECT ssn, email FROM customers; FETCH 3 k; FETCH ALL k; COMMIT; SELECT to_jsonb(c), c::text FROM customers c; SELECT 1',
    );
    expect(outline(seen)).toContain('C:FETCH 98');
    expect(raw(seen)).not.toMatch(secret);
  });

  it('takes a procedure’s words as one quotation, which goes where masked columns are touched', () => {
    const hidden = (text: string): string => text.replace(/".*"/s, '"•••"');
    const raised = new Map([
      ['R', 'exec_stmt_raise'],
      ['M', 'it is a "secret"'],
      ['D', 'secret too'],
      ['W', 'PL/pgSQL function f() line 1 at RAISE'],
    ]);
    expect(Object.fromEntries(maskReport(raised, hidden))).toMatchObject({
      M: '•••',
      D: '•••',
      W: 'PL/pgSQL function f() line 1 at RAISE',
    });
    expect(maskReport(raised, (text) => text)).toEqual(raised);
  });

  it('masks errors, notices, notifications and parameter reports', async () => {
    const error = await simple('SELECT email::int FROM customers');
    expect(reportIn(error.find(({ type }) => type === 'E')!.body).get('M')).toBe(
      'invalid input syntax for type integer: "****"',
    );
    const detail = await simple("INSERT INTO customers (id, full_name) VALUES (1, 'user1@example.com')");
    expect(raw(detail)).toContain('Key (id)=(1) already exists');
    const notice = await simple("DO $$BEGIN RAISE NOTICE 'it is %', (SELECT email FROM customers WHERE id = 2); END$$");
    expect(raw(notice)).toContain('it is ****');
    const notify = await simple("LISTEN ch; NOTIFY ch, 'user3@example.com'");
    expect(raw(notify)).not.toMatch(secret);
    const report = await simple("SELECT set_config('application_name', email, false) FROM customers WHERE id = 4");
    expect(report.some(({ type }) => type === 'S')).toBe(true);
    expect(raw(report)).not.toMatch(secret);
  });
});

describe('COPY TO STDOUT', () => {
  const table = '(SELECT id, email, ssn, full_name, profile, tags FROM customers ORDER BY id)';

  async function directly(text: string): Promise<string> {
    const client = await openRawClient(target.port, target);
    clients.push(client);
    client.send(encodeQuery(text));
    return copied(await client.untilReady()).toString('latin1');
  }

  it.each([
    ['text', `COPY ${table} TO STDOUT`],
    ['text with other characters', `COPY ${table} TO STDOUT WITH (DELIMITER '|', NULL 'nil')`],
    ['csv', `COPY ${table} TO STDOUT (FORMAT csv)`],
    [
      'csv with a header and other characters',
      `COPY ${table} TO STDOUT (FORMAT 'csv', HEADER true, DELIMITER E';', QUOTE '''', ESCAPE '\\', FORCE_QUOTE *)`,
    ],
    [
      'the old words',
      `COPY ${table} TO STDOUT WITH DELIMITER AS '^' NULL AS '' CSV HEADER QUOTE AS '"' FORCE QUOTE id, email`,
    ],
    ['a table', 'COPY customers (id, email, ssn) TO STDOUT'],
  ])('masks %s, and changes nothing else', async (_, text) => {
    const plain = await directly(text);
    const masked = copied(await simple(text)).toString('latin1');
    expect(masked).not.toMatch(secret);
    // Masking quotes what it changes; without quotes both are the same but for the masked words.
    const bare = (one: string): string => one.replace(secret, '****').replace(/["'\\]/g, '');
    expect(bare(masked)).toBe(bare(plain));
    const { statements } = gateway.inspectors.at(-1)!;
    expect(statements.at(-1)?.rows.length).toBeGreaterThanOrEqual(101);
  });

  it('masks the binary form by the catalogue’s types', async () => {
    const text = 'COPY (SELECT id, email, ssn, balance FROM customers ORDER BY id) TO STDOUT (FORMAT binary)';
    const plain = await directly(text);
    const masked = copied(await simple(text)).toString('latin1');
    expect(masked).not.toMatch(secret);
    expect(masked.slice(0, 19)).toBe(plain.slice(0, 19));
    expect(masked.endsWith('\xff\xff')).toBe(true);
    expect(last().fields[0]?.map(({ category, type }) => `${type} ${category}`)).toEqual([
      'int4 number',
      'text text',
      'varchar text',
      'float8 number',
    ]);
  });

  it('shows no row whose fields cannot be told apart', async () => {
    const seen = await simple(
      `COPY (SELECT email, ssn FROM customers WHERE id < 3) TO STDOUT (FORMAT csv, DELIMITER U&',')`,
    );
    expect(copied(seen).toString()).not.toMatch(secret);
  });

  it('passes unread what needs no mask', async () => {
    plan = () => 'pass';
    const text = 'COPY notes TO STDOUT';
    expect(copied(await simple(text)).toString()).toBe(await directly(text));
  });
});

describe('origins', () => {
  it('names the stored column by the server’s word, and says where the catalogue does not know it', async () => {
    await simple('SELECT v.email, c.ssn, c.id + 1 FROM customer_view v JOIN customers c USING (id) LIMIT 1');
    expect(last().fields[0]?.map((field) => field.origin)).toEqual([
      { schema: 'public', relation: 'customer_view', column: 'email' },
      { schema: 'public', relation: 'customers', column: 'ssn' },
      null,
    ]);
    await simple('CREATE TEMP TABLE unknown_here (a text); SELECT a FROM unknown_here');
    expect(last().fields.at(-1)?.[0]?.origin).toBe('unresolved');
  });

  it('gives every node of a Bind’s result formats its column', () => {
    const column = { name: 'a', tableOid: 0, attribute: 0, typeOid: 25, format: 0 };
    expect(withFormats([column, column], [1]).map((one) => one.format)).toEqual([1, 1]);
    expect(withFormats([column, column], [0, 1]).map((one) => one.format)).toEqual([0, 1]);
    expect(withFormats([{ ...column, format: 1 }], []).map((one) => one.format)).toEqual([0]);
  });
});

it('masks what a driver reads in binary', async () => {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: gateway.port,
    user: 'postgres',
    password: target.password,
    database: 'app',
  });
  await client.connect();
  const query = {
    text: 'SELECT email, ssn, card, profile FROM customers WHERE id = $1',
    values: [5],
    binary: true,
  } as pg.QueryConfig;
  const { rows } = await client.query(query);
  await client.end();
  expect(JSON.stringify(rows)).not.toMatch(secret);
  expect(JSON.stringify(rows)).not.toMatch(secretInHex);
  expect(rows[0].email).toBe('****');
});
