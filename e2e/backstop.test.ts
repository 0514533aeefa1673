/** Under the parser and round the gateway: who else is at the target, and a password that nobody knows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, removeData, type Stack, startStack } from './stack.ts';

let stack: Stack;
const name = 'demo-postgres';

beforeAll(async () => {
  stack = await startStack();
}, 300_000);
afterAll(async () => {
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
});

const admin = () => stack.api('admin').connections;
const shown = () => admin().showConnection.query({ name });

/** Past Sluice, with the password that the demo keeps. */
async function direct(): Promise<pg.Client> {
  const secrets = JSON.parse(readFileSync(join(stack.report.dataDir, 'secrets.json'), 'utf8')) as Record<
    string,
    string
  >;
  const url = new URL(stack.report.targets.find((target) => target.name === name)?.dsn ?? '');
  const client = new pg.Client({
    host: url.hostname,
    port: Number(url.port),
    database: url.pathname.slice(1),
    user: 'sluice_app',
    password: secrets.targetRolePassword ?? '',
    application_name: 'past sluice',
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

it('a session that came by another road is found, counted and audited; the gateway’s own are not', async () => {
  const own = await stack.driver('engineer');
  const other = await direct();
  const { id } = await shown();
  const found = await eventually('it is found', async () => {
    await admin().testConnection.mutate({ id });
    const now = await shown();
    return (now.otherSessions?.total ?? 0) > 0 ? now : null;
  });
  expect(found.otherSessionsFound).toMatchObject([
    { account: 'sluice_app', application: 'past sluice', claims: false },
  ]);
  const audit = await stack.api('admin').audit.listEvents.query({});
  expect(audit.items.some(({ action }) => action === 'gateway.otherSessions')).toBe(true);
  await other.end();
  await own.end();
});

it('the password is rotated by the gateway alone: sessions go on, new ones open, and the old password is of no use', async () => {
  const before = await stack.driver('engineer');
  const { id, revision } = await shown();
  for (const purpose of ['writer', 'reader'] as const) {
    const result = await admin().rotateCredential.mutate({ id, purpose });
    expect(result.steps.filter(({ ok }) => !ok)).toEqual([]);
    expect(result.steps[0]?.name).toBe('rotation');
  }
  expect((await shown()).revision).toBe(revision);
  expect((await before.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await before.end();
  await expect(direct()).rejects.toMatchObject({ code: '28P01' });
  for (const who of ['engineer', 'coding-agent']) {
    const { out, code } = await stack.psql(who, 'SELECT current_user');
    expect([code, out.trim()]).toEqual([0, who === 'engineer' ? 'sluice_app' : 'sluice_reader']);
  }
});
