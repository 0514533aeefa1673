/** Real clients through both ports: they must not notice that Sluice is there. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newId } from '@sluice/keys';
import { sealCredential } from '@sluice/keys/sealing';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, removeData, run, type Stack, startStack } from './stack.ts';

let stack: Stack;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'sluice-clients-'));
  stack = await startStack();
}, 300_000);

afterAll(async () => {
  if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
});

describe.each(['port', 'relay'] as const)('through the %s', (via) => {
  it.each(['simple', 'extended', 'prepared'])('pgbench -S %s, 8 clients', async (mode) => {
    const { code, out, err } = await run('pgbench', ['-n', '-S', '-c', '8', '-j', '2', '-t', '100', '-M', mode], {
      env: stack.clientEnvironment('coding-agent', { via }),
    });
    expect(err).not.toMatch(/error|abort/i);
    expect(code).toBe(0);
    expect(out).toContain('number of transactions actually processed: 800/800');
  });

  it('pg_dump by an admin equals a direct one', async () => {
    const through = await run('pg_dump', ['--exclude-table=pgbench_accounts'], {
      env: stack.clientEnvironment('admin', { via }),
    });
    expect([through.code, through.err]).toEqual([0, '']);
    const direct = await run('pg_dump', ['--exclude-table=pgbench_accounts', stack.target()]);
    // Newer minor versions of pg_dump write a random key into \\restrict lines.
    const plain = (text: string) => text.replace(/^\\(un)?restrict .*$/gm, '');
    expect(plain(through.out) === plain(direct.out)).toBe(true);
  });

  it('node-postgres: parameters, types, prepared statements, pipelining and errors', async () => {
    const client = await stack.driver('coding-agent', { via });
    try {
      const typed = await client.query(
        'SELECT $1::int AS i, $2::text AS t, $3::timestamptz AS at, $4::jsonb AS j, $5::numeric AS n, NULL AS z',
        [7, "o'clock", '2026-01-02T03:04:05Z', { a: [1, 2] }, '12.50'],
      );
      expect(typed.rows[0]).toEqual({
        i: 7,
        t: "o'clock",
        at: new Date('2026-01-02T03:04:05Z'),
        j: { a: [1, 2] },
        n: '12.50',
        z: null,
      });
      const counts = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          client.query({ name: 'count', text: 'SELECT $1::int + count(*)::int AS n FROM orders', values: [i] }),
        ),
      );
      expect(new Set(counts.map((result, i) => result.rows[0].n - i)).size).toBe(1);
      await expect(client.query('SELECT 1/0')).rejects.toMatchObject({ code: '22012' });
      await expect(client.query('SELECT * FROM nowhere')).rejects.toThrow();
      expect((await client.query('SELECT 1 AS ok')).rows).toEqual([{ ok: 1 }]);
    } finally {
      await client.end();
    }
  });

  it('postgres.js: tagged templates, cursors and a transaction', async () => {
    const connection = stack.connection();
    const sql = postgres({
      host: connection.host,
      port: via === 'relay' ? connection.relayPort : connection.port,
      database: connection.database,
      username: 'coding-agent',
      password: stack.who('coding-agent').nativeSecret,
      ssl: { ca: readFileSync(connection.caFile, 'utf8'), servername: 'localhost' },
      max: 2,
      onnotice: () => undefined,
    });
    try {
      expect(await sql`SELECT id FROM customers WHERE id = ANY(${[1, 2, 3]}) ORDER BY id`).toHaveLength(3);
      let seen = 0;
      await sql`SELECT id FROM orders ORDER BY id LIMIT 250`.cursor(100, (rows) => {
        seen += rows.length;
      });
      expect(seen).toBe(250);
      const inside = await sql.begin(async (tx) => tx`SELECT count(*)::int AS n FROM orders`);
      expect(inside[0]?.n).toBeGreaterThan(0);
    } finally {
      await sql.end();
    }
  });

  it('psql: \\d, \\dt+, \\df, \\copy, \\gdesc and \\watch', async () => {
    const describe = await stack.psql('coding-agent', ['\\d customers', '\\dt+', '\\df', '\\dn', '\\l', '\\du'], {
      via,
      args: [],
    });
    expect([describe.code, describe.err]).toEqual([0, '']);
    expect(describe.out).toContain('customers_pkey');
    const file = join(scratch, `copy-${via}.csv`);
    const copy = await stack.psql(
      'coding-agent',
      `\\copy (SELECT id, status FROM orders WHERE id <= 10) TO '${file}' CSV`,
      { via, args: [] },
    );
    expect([copy.code, copy.err]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(10);
    const gdesc = await stack.psql('coding-agent', ['SELECT id, email FROM customers \\gdesc'], { via, script: true });
    expect([gdesc.code, gdesc.err, gdesc.out]).toEqual([0, '', 'id|integer\nemail|text\n']);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 2_500);
    const watch = await stack.psql('coding-agent', ["SELECT 'tick' \\watch 0.5"], {
      via,
      script: true,
      signal: stop.signal,
    });
    expect(watch.out.split('tick').length).toBeGreaterThan(3);
  });

  it('psql: Ctrl-C cancels what runs at the target', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1_500);
    const started = Date.now();
    const { err } = await stack.psql('coding-agent', 'SELECT pg_sleep(60)', { via, signal: stop.signal });
    expect(err).toContain('canceling statement due to user request');
    expect(Date.now() - started).toBeLessThan(30_000);
  });

  it('Prisma: introspection and queries', async () => {
    const connection = stack.connection();
    const { PrismaPg } = await import('@prisma/adapter-pg');
    const adapter = await new PrismaPg({
      host: connection.host,
      port: via === 'relay' ? connection.relayPort : connection.port,
      user: 'coding-agent',
      database: connection.database,
      password: stack.who('coding-agent').nativeSecret,
      ssl: { ca: readFileSync(connection.caFile, 'utf8'), servername: 'localhost' },
    }).connect();
    try {
      const result = await adapter.queryRaw({
        sql: 'SELECT id, email FROM public.customers WHERE id = $1',
        args: [1],
        argTypes: [{ scalarType: 'int', arity: 'scalar' }],
      });
      expect(result.columnNames).toEqual(['id', 'email']);
      expect(result.rows).toHaveLength(1);
      const transaction = await adapter.startTransaction();
      expect((await transaction.queryRaw({ sql: 'SELECT 1 AS one', args: [], argTypes: [] })).rows).toEqual([[1]]);
      await transaction.commit();
    } finally {
      await adapter.dispose();
    }
  });
});

describe('sluice itself', () => {
  const cli = (who: string, args: string[], extra: NodeJS.ProcessEnv = {}) =>
    run(process.execPath, ['apps/cli/dist/sluice.cjs', ...args], {
      env: {
        ...process.env,
        SLUICE_URL: stack.report.url,
        SLUICE_TOKEN: stack.who(who).apiToken,
        SLUICE_CONFIG: join(scratch, 'config.json'),
        ...extra,
      },
    });

  it('login, connections, ca', async () => {
    const login = await cli('engineer', ['login', stack.report.url, '--token', stack.who('engineer').apiToken]);
    expect([login.code, login.err]).toEqual([0, expect.stringContaining('engineer')]);
    expect(existsSync(join(scratch, 'config.json'))).toBe(true);
    const list = await cli('engineer', ['connections', '--json']);
    expect(JSON.parse(list.out)).toHaveLength(stack.report.connections.length);
    const ca = await cli('engineer', ['ca']);
    expect(ca.out).toContain('BEGIN CERTIFICATE');
  });

  it('exec: table, JSON, CSV and a refusal', async () => {
    const sql = 'SELECT id, email FROM customers WHERE id <= 2 ORDER BY id';
    const json = await cli('coding-agent', ['exec', 'demo-postgres', '--json', '--', sql]);
    expect([json.code, json.err]).toEqual([0, '']);
    expect(JSON.parse(json.out)[0].rows).toHaveLength(2);
    const csv = await cli('coding-agent', ['exec', 'demo-postgres', '--format', 'csv', '--', sql]);
    expect(csv.out.split('\r\n')[0]).toBe('id,email');
    const refused = await cli('coding-agent', ['exec', 'demo-postgres', '--', 'DROP TABLE customers']);
    expect(refused.code).toBe(7);
    expect(JSON.parse(refused.err.split('\n')[0] ?? '').code).toBe('denied');
  });

  it('connect: an ordinary psql on a local port', async () => {
    const listener = spawn(process.execPath, ['apps/cli/dist/sluice.cjs', 'connect', 'demo-postgres', '--json'], {
      env: { ...process.env, SLUICE_URL: stack.report.url, SLUICE_TOKEN: stack.who('coding-agent').apiToken },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const line = await new Promise<string>((resolve) =>
        createInterface({ input: listener.stdout }).once('line', resolve),
      );
      const { host, port, password } = JSON.parse(line) as { host: string; port: number; password: string };
      const env = {
        ...process.env,
        PGHOST: host,
        PGPORT: String(port),
        PGPASSWORD: password,
        PGUSER: 'anyone',
        PGDATABASE: stack.connection().database,
      };
      const good = await run('psql', ['-XAt', '-c', 'SELECT count(*) FROM customers'], { env });
      expect([good.code, good.out, good.err]).toEqual([0, '10000\n', '']);
      const bad = await run('psql', ['-XAt', '-c', 'SELECT 1'], { env: { ...env, PGPASSWORD: 'wrong' } });
      expect(bad.code).toBe(2);
      expect(bad.err).toContain('sluice connect');
    } finally {
      listener.kill('SIGTERM');
    }
  });

  it('the gateway is one file: alone in an empty folder it enrols, masks and refuses a DROP', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-alone-'));
    writeFileSync(join(folder, 'gateway.cjs'), readFileSync('apps/gateway/dist/gateway.cjs'));
    const api = stack.api('admin');
    const enrolment = await api.gateways.createEnrolment.mutate({ name: 'alone' });
    const gateway = spawn(process.execPath, ['gateway.cjs', 'run'], {
      cwd: folder,
      env: {
        SLUICE_URL: stack.report.url,
        SLUICE_GATEWAY_DATA: join(folder, 'state'),
        SLUICE_ENROL_TOKEN: enrolment.token,
        SLUICE_GATEWAY_NAME: 'alone',
        SLUICE_ALLOW_TARGETS: '127.0.0.1:*',
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const line = await new Promise<string>((resolve) =>
        createInterface({ input: gateway.stdout }).once('line', resolve),
      );
      const { gatewayId } = JSON.parse(line) as { gatewayId: string };
      const connection = await connectionThrough(gatewayId);
      const env = { ...stack.clientEnvironment('coding-agent'), PGPORT: String(connection.listener?.port) };
      const psql = (sql: string) => run('psql', ['-XAt', '-c', sql], { env });
      const rows = await eventually('its port is open', async () => {
        const answer = await psql('SELECT email FROM customers WHERE id = 1');
        return answer.code === 0 ? answer : null;
      });
      expect(rows.out).toContain('•••');
      const refused = await psql('DROP TABLE customers');
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('Sluice refused DROP TABLE')]);
    } finally {
      const ended = new Promise((resolve) => gateway.once('exit', resolve));
      gateway.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    }
  });
});

/** A connection to the demo's target through another gateway, with the credential sealed to that gateway's key. */
async function connectionThrough(gatewayId: string) {
  const api = stack.api('admin');
  const target = new URL(stack.target());
  const address = {
    protocol: stack.connection().protocol,
    host: target.hostname,
    port: Number(target.port),
    tls: { mode: 'disable' as const, ca: null },
  };
  const [recipient] = await api.connections.listSealingKeys.query({ groupId: gatewayId });
  const id = newId();
  const credential = await sealCredential({
    recipientKey: recipient?.sealingKey ?? '',
    address,
    connectionId: id,
    credential: { username: decodeURIComponent(target.username), password: decodeURIComponent(target.password) },
  });
  const options = { database: stack.connection().database };
  return api.connections.createConnection.mutate({
    id,
    name: 'alone',
    ...address,
    options,
    labels: { env: 'prod' },
    groupId: gatewayId,
    credential,
  });
}
