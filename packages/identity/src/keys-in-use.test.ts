import { listKeysInUse } from '@sluice/database';
import { Secret } from '@sluice/domain';
import { startTestDatabase, type TestDatabase } from '@sluice/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteKeysInUse } from './keys-in-use.ts';

let at: TestDatabase;
beforeAll(async () => {
  at = await startTestDatabase();
});
afterAll(() => at.stop());

const master = new Secret('m'.repeat(43));
const nextMaster = new Secret('n'.repeat(43));
const cookie = new Secret('c'.repeat(40));

async function started(masterKey: Secret, oldMasterKey: Secret | null, cookieSecret: Secret, day: number) {
  await noteKeysInUse(at.database, { masterKey, oldMasterKey, cookieSecret }, new Date(Date.UTC(2026, 0, day)));
  const rows = await listKeysInUse(at.database.db);
  return Object.fromEntries(rows.map(({ kind, since }) => [kind, since.getUTCDate()]));
}

test('a key keeps its age over restarts, and is new once it is another one', async () => {
  expect(await started(master, null, cookie, 1)).toEqual({ master: 1, cookie: 1 });
  expect(await started(master, null, cookie, 2)).toEqual({ master: 1, cookie: 1 });
  expect(await started(nextMaster, master, cookie, 3)).toEqual({ master: 3, cookie: 1 });
  expect(await started(nextMaster, null, cookie, 4)).toEqual({ master: 3, cookie: 1 });
  expect(await started(nextMaster, null, new Secret('d'.repeat(40)), 5)).toEqual({ master: 3, cookie: 5 });
});
