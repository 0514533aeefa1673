import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '../postgres.mjs';
import { makeCustomers, withIbanCheck, withLuhn } from './people.ts';
import { demoSeed, makeTargetRole, seedTarget } from './target-data.ts';

test('card and bank numbers carry the check digits of known examples', () => {
  expect(withLuhn('411111111111111')).toBe('4111111111111111');
  expect(withLuhn('37828224631000')).toBe('378282246310005');
  expect(withIbanCheck('DE', '370400440532013000')).toBe('DE89370400440532013000');
  expect(withIbanCheck('GB', 'WEST12345698765432')).toBe('GB82WEST12345698765432');
});

test('a seed gives the same people, whatever their number', () => {
  const few = makeCustomers(demoSeed, 20);
  expect(makeCustomers(demoSeed, 200).slice(0, 20)).toEqual(few);
  expect(new Set(makeCustomers(demoSeed, 10_000).map((customer) => customer.email)).size).toBe(10_000);
});

test('the target is filled as the role that owns it', async () => {
  const base = mkdtempSync(join(tmpdir(), 'sluice-target-'));
  chmodSync(base, 0o755);
  const server = await startPostgres({ dataDir: join(base, 'data'), version: '15', password: 'root', fsync: false });
  try {
    await makeTargetRole(server.url, { name: 'sluice_app', password: "it's" });
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    await admin.query('CREATE DATABASE demo OWNER sluice_app');
    await admin.end();
    const url = `postgresql://sluice_app:it%27s@127.0.0.1:${server.port}/demo`;
    await seedTarget({ url, customers: 300, orders: 500, scale: 1 });
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const [first] = makeCustomers(demoSeed, 1);
    expect((await client.query('SELECT * FROM customers WHERE id = 1')).rows[0]).toEqual(first);
    expect((await client.query('SELECT count(*)::int AS n FROM pgbench_accounts')).rows).toEqual([{ n: 100_000 }]);
    const order = (await client.query('SELECT order_id, amount_cents FROM payments ORDER BY id LIMIT 1')).rows[0];
    const total = await client.query('SELECT order_total($1)::float AS total', [order.order_id]);
    expect(total.rows).toEqual([{ total: order.amount_cents / 100 }]);
    await client.query("UPDATE orders SET status = 'shipped' WHERE id = 1");
    expect((await client.query('SELECT updated_at > placed_at AS moved FROM orders WHERE id = 1')).rows).toEqual([
      { moved: true },
    ]);
    expect((await client.query('SELECT city FROM customer_directory WHERE id = 1')).rows[0].city).toBe(
      first?.profile.city,
    );
    await client.end();
  } finally {
    await server.stop();
    rmSync(base, { recursive: true, force: true });
  }
});
