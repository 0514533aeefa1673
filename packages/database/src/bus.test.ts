import { startTestDatabase, type TestDatabase } from '@sluice/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bus, openBus, publish } from './bus.ts';
import { bumpBundleVersion, bumpRevocationEpoch, createInstallation, readCounters } from './installation.ts';

let at: TestDatabase;
let bus: Bus;
const errors: unknown[] = [];
beforeAll(async () => {
  at = await startTestDatabase();
  bus = await openBus({ url: at.url, onError: (error) => errors.push(error) });
  const keys = {
    signingKeyId: 'k',
    signingPublicKey: 'p',
    signingKeySealed: 's',
    caCertificate: 'c',
    caKeySealed: 'x',
  };
  await at.database.transaction((tx) => createInstallation(tx, keys));
});
afterAll(async () => {
  await bus.close();
  await at.stop();
});

function next(channel: 'sluice_live' | 'sluice_notice'): Promise<unknown> {
  return new Promise((resolve) => {
    const stop = bus.subscribe(channel, (payload) => {
      stop();
      resolve(payload);
    });
  });
}

test('a notice is heard when its transaction commits, and never when it fails', async () => {
  const heard: unknown[] = [];
  const stop = bus.subscribe('sluice_notice', (payload) => heard.push(payload));
  const failing = at.database.transaction(async (tx) => {
    await publish(tx, 'sluice_notice', { n: 1 });
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  const second = next('sluice_notice');
  await publish(at.database.db, 'sluice_notice', { n: 2 });
  expect(await second).toEqual({ n: 2 });
  stop();
  expect(heard).toEqual([{ n: 2 }]);
});

test('a payload is bounded', async () => {
  await expect(publish(at.database.db, 'sluice_notice', { text: 'x'.repeat(8_000) })).rejects.toThrow('bytes');
});

test('tables tell what changed', async () => {
  const event = next('sluice_live');
  await at.query(`INSERT INTO "Group" (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'ops')`);
  expect(await event).toEqual({ topic: 'identities', id: '00000000-0000-7000-8000-000000000001' });
});

test('counters only grow, each step is another number, and nodes are told', async () => {
  const told = next('sluice_notice');
  const versions = await Promise.all(
    Array.from({ length: 20 }, () => at.database.transaction((tx) => bumpBundleVersion(tx))),
  );
  expect(await told).toEqual({ type: 'counters' });
  expect(new Set(versions).size).toBe(20);
  await at.database.transaction((tx) => bumpRevocationEpoch(tx));
  expect(await readCounters(at.database.db)).toEqual({ bundleVersion: 21, revocationEpoch: 1 });
  await expect(at.query('UPDATE "Installation" SET "bundleVersion" = 5')).rejects.toThrow('never go down');
  await expect(at.query('UPDATE "Installation" SET "revocationEpoch" = 0')).rejects.toThrow('never go down');
});

test('a lost connection comes back, says that something may have been missed, and hears again', async () => {
  const gap = new Promise<void>((resolve) => {
    const stop = bus.onGap(() => {
      stop();
      resolve();
    });
  });
  await at.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`);
  await gap;
  const heard = next('sluice_notice');
  await publish(at.database.db, 'sluice_notice', { n: 3 });
  expect(await heard).toEqual({ n: 3 });
  expect(errors.length).toBeGreaterThan(0);
});
