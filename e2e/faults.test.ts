/** Things that go wrong: processes killed, secrets wrong, targets down. Each gives a clear message, and nothing acknowledged is lost. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, removeData, run, type Stack, startStack } from './stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
}, 300_000);

afterAll(async () => {
  if (stack === undefined) return;
  expect(await stack.stop()).toBe(0);
  removeData(stack);
});

const works = async (via: 'port' | 'relay' = 'port') => {
  const { code } = await stack.psql('coding-agent', 'SELECT 1', { via });
  return code === 0;
};

describe('wrong input', () => {
  it('a wrong secret', async () => {
    const env = { ...stack.clientEnvironment('coding-agent'), PGPASSWORD: 'wrong' };
    const { code, err } = await run('psql', ['-XAt', '-c', 'SELECT 1'], { env });
    expect(code).toBe(2);
    expect(err).toMatch(/FATAL/);
    expect(err).toMatch(/secret|password/i);
  });

  it('an API token on a native port, a native secret on the API', async () => {
    const env = { ...stack.clientEnvironment('coding-agent'), PGPASSWORD: stack.who('coding-agent').apiToken };
    expect((await run('psql', ['-XAt', '-c', 'SELECT 1'], { env })).code).toBe(2);
    const answer = await fetch(
      `${stack.report.url}/api/trpc/connections.listConnections?input=%7B%22json%22%3A%7B%7D%7D`,
      {
        headers: { authorization: `Bearer ${stack.who('coding-agent').nativeSecret}` },
      },
    );
    expect(answer.status).toBe(401);
  });

  it('another database', async () => {
    const env = { ...stack.clientEnvironment('coding-agent'), PGDATABASE: 'postgres' };
    const { err } = await run('psql', ['-XAt', '-c', 'SELECT 1'], { env });
    expect(err).toContain('postgres');
    expect(err).toMatch(/FATAL/);
  });

  it('no TLS through the relay', async () => {
    const env = { ...stack.clientEnvironment('coding-agent', { via: 'relay' }), PGSSLMODE: 'disable' };
    const { err, code } = await run('psql', ['-XAt', '-c', 'SELECT 1'], { env });
    expect(code).toBe(2);
    expect(err).toMatch(/TLS|SSL|sslmode/);
  });

  it('garbage on the native port closes that connection only', async () => {
    const { port, host } = stack.connection();
    await new Promise<void>((resolve) => {
      const socket = connect(port, host, () => socket.write(Buffer.alloc(65_536, 0xff)));
      socket.on('error', () => undefined);
      socket.on('data', () => undefined);
      socket.on('close', () => resolve());
    });
    expect(await works()).toBe(true);
  });

  it('a policy with a typo is refused with line and column, and the old one stays', async () => {
    const api = stack.api('admin');
    const active = await api.policies.showActivePolicy.query();
    const typo = active.source.replace(/statement\.kind/, 'statement.knid');
    const checked = await api.policies.checkPolicy.query({ source: typo });
    expect(checked.ok).toBe(false);
    expect(checked.problems[0]).toMatchObject({
      line: expect.any(Number),
      column: expect.any(Number),
      message: expect.stringContaining('knid'),
    });
    await expect(
      api.policies.publishPolicy.mutate({ source: typo, note: 'typo', basedOn: active.version.version }),
    ).rejects.toThrow();
    expect((await api.policies.showActivePolicy.query()).version.version).toBe(active.version.version);
  });
});

describe('policy and revocation reach live sessions', () => {
  it('a new policy applies to the next statement of an open session', async () => {
    const client = await stack.driver('coding-agent');
    try {
      await client.query('SELECT 1');
      const api = stack.api('admin');
      const active = await api.policies.showActivePolicy.query();
      const strict = active.source.replace(
        /rules:\n/,
        'rules:\n  - name: no-orders\n    description: "Orders are closed"\n    when: statement.objects.exists(o, o == "public.orders")\n    action: deny\n',
      );
      await api.policies.publishPolicy.mutate({
        source: strict,
        note: 'close orders',
        basedOn: active.version.version,
      });
      await eventually(
        'the rule is in force',
        async () => {
          const refused = await client.query('SELECT count(*) FROM orders').then(
            () => null,
            (error: { code?: string }) => error.code,
          );
          return refused === '42501';
        },
        5_000,
      );
      await api.policies.rollBack.mutate({ to: active.version.version, note: 'open again' });
      await eventually(
        'orders are open again',
        async () =>
          client.query('SELECT count(*) FROM orders').then(
            () => true,
            () => false,
          ),
        5_000,
      );
    } finally {
      await client.end();
    }
  });

  it('terminate ends a session', async () => {
    const client = await stack.driver('engineer');
    const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
    await client.query('SELECT 1');
    const session = await eventually('it is listed', async () => {
      const page = await stack.api('admin').sessions.listSessions.query({ state: 'live' });
      return page.items.find((s) => s.actor.name === 'engineer');
    });
    await stack.api('admin').sessions.terminateSession.mutate({ id: session.id });
    await ended;
  });
});

describe('processes killed', () => {
  it('kill -9 of the gateway during a query: an error, it comes back, the session is shown as interrupted', async () => {
    const running = stack.psql('coding-agent', ['SELECT 4711', 'SELECT pg_sleep(30)']);
    const session = await eventually('the statement is recorded', async () => {
      const page = await stack.api('admin').sessions.listSessions.query({ state: 'live' });
      return page.items.find((s) => s.statements >= 2);
    });
    process.kill(stack.pidOf('gateway.cjs'), 'SIGKILL');
    const { code, err } = await running;
    expect(code).not.toBe(0);
    expect(err).toMatch(/server closed the connection|terminat|SSL/i);
    await eventually('the gateway is back', () => works(), 60_000);
    await eventually(
      'the session is interrupted',
      async () => {
        const now = await stack.api('admin').sessions.showSession.query({ id: session.id });
        return now.state === 'interrupted' && now.chain.ok;
      },
      30_000,
    );
  });

  it('kill -9 of the control plane: open sessions go on, and what was spooled arrives', async () => {
    const client = await stack.driver('coding-agent');
    await client.query('SELECT 1');
    process.kill(stack.pidOf('server.mjs'), 'SIGKILL');
    for (let i = 0; i < 20; i++) {
      expect((await client.query('SELECT $1::int AS i', [i])).rows[0].i).toBe(i);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await client.end();
    await eventually(
      'the control plane is back',
      async () =>
        fetch(`${stack.report.url}/api/ca`).then(
          (answer) => answer.ok,
          () => false,
        ),
      60_000,
    );
    await eventually('the gateway is connected again', () => works('relay'), 60_000);
    await eventually(
      'the session is whole',
      async () => {
        const page = await stack.api('admin').sessions.listSessions.query({});
        const found = page.items.find((s) => s.statements >= 21);
        return found !== undefined && (await stack.api('admin').sessions.verifySession.query({ id: found.id })).ok;
      },
      30_000,
    );
  });

  it('gateway offline: a client of the relay reads what is wrong', async () => {
    const gateway = stack.pidOf('gateway.cjs');
    process.kill(gateway, 'SIGSTOP');
    process.kill(gateway, 'SIGKILL');
    const { err } = await stack.psql('coding-agent', 'SELECT 1', { via: 'relay' });
    if (err !== '') expect(err).toMatch(/gateway|closed/i);
    await eventually('the gateway is back', () => works('relay'), 60_000);
  });

  it('target down: a clear message, and it works again when it is back', async () => {
    const api = stack.api('admin');
    const gateways = await api.gateways.listGateways.query();
    const { newId } = await import('@sluice/keys');
    const down = await api.connections.createConnection.mutate({
      id: newId(),
      name: 'nothing-there',
      protocol: 'postgres',
      host: '127.0.0.1',
      port: 1,
      tls: { mode: 'disable', ca: null },
      options: { database: 'x' },
      labels: { env: 'staging' },
      groupId: gateways[0]?.group.id ?? '',
    });
    const test = await api.connections.testConnection.mutate({ id: down.id });
    expect(test.ok).toBe(false);
    expect(test.steps.at(-1)?.message).toMatch(/credential|refused/);
    expect(test.steps.at(-1)?.hint).not.toBe('');
    await api.connections.deleteConnection.mutate({ id: down.id });
  });
});
