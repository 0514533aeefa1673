import { startTestDatabase, type TestDatabase } from '@sluice/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendAuditEvent, type NewAuditEvent, verifyAuditChain } from './audit.ts';

let at: TestDatabase;
beforeAll(async () => {
  at = await startTestDatabase();
});
afterAll(() => at.stop());

const events = 12;
const idOf = (index: number) => `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`;

beforeEach(async () => {
  await past('TRUNCATE "AuditEvent"');
  for (let index = 1; index <= events; index += 1)
    await at.database.transaction((tx) => appendAuditEvent(tx, event(index)));
});

function event(index: number): NewAuditEvent {
  return {
    id: idOf(index),
    at: new Date(1_700_000_000_000 + index),
    actor: { kind: 'person', id: idOf(900), name: 'admin', role: 'admin', onBehalfOf: null },
    action: 'identities.createGroup',
    sentence: `admin added group ${index}`,
    subject: { type: 'group', id: idOf(index), name: `g${index}` },
    before: null,
    after: { members: ['ü', 1, null] },
    address: '192.0.2.1',
  };
}

/** As somebody who has the database in hand: past the triggers. */
async function past(sql: string): Promise<void> {
  await at.query(`SET session_replication_role = replica; ${sql}; SET session_replication_role = DEFAULT`);
}

test('an untouched chain is whole', async () => {
  expect(await verifyAuditChain(at.database.db)).toEqual({ ok: true, checked: events, firstProblem: null });
});

test.each([
  [
    'a changed body',
    `UPDATE "AuditEvent" SET body = replace(body, 'group 5', 'group 6') WHERE index = 5`,
    'Event 5 was changed',
  ],
  [
    'a changed column',
    `UPDATE "AuditEvent" SET sentence = 'admin did nothing' WHERE index = 7`,
    'Event 7 is listed differently',
  ],
  [
    'a changed actor',
    `UPDATE "AuditEvent" SET "actorName" = 'engineer' WHERE index = 7`,
    'Event 7 is listed differently',
  ],
  [
    'a changed time',
    `UPDATE "AuditEvent" SET at = at + interval '1 hour' WHERE index = 2`,
    'Event 2 is listed differently',
  ],
  ['a removed event', 'DELETE FROM "AuditEvent" WHERE index = 3', 'Event 3 is missing'],
  ['a removed beginning', 'DELETE FROM "AuditEvent" WHERE index = 1', 'Event 1 is missing'],
  ['a recomputed hash', `UPDATE "AuditEvent" SET hash = repeat('a', 64) WHERE index = 4`, 'Event 4 was changed'],
  [
    'a swapped pair',
    'UPDATE "AuditEvent" SET index = 100 WHERE index = 8; UPDATE "AuditEvent" SET index = 8 WHERE index = 9; UPDATE "AuditEvent" SET index = 9 WHERE index = 100',
    'Event 8 does not follow',
  ],
])('%s is found', async (_, sql, problem) => {
  await past(sql);
  const check = await verifyAuditChain(at.database.db);
  expect(check.ok).toBe(false);
  expect(check.firstProblem).toContain(problem);
});

test.each(['UPDATE "AuditEvent" SET sentence = \'x\'', 'DELETE FROM "AuditEvent"', 'TRUNCATE "AuditEvent"'])(
  'the database itself refuses %s',
  async (sql) => {
    await expect(at.query(sql)).rejects.toThrow('append-only');
  },
);

test('an event goes with its transaction', async () => {
  const failing = at.database.transaction(async (tx) => {
    await appendAuditEvent(tx, event(events + 1));
    throw new Error('the change failed');
  });
  await expect(failing).rejects.toThrow('the change failed');
  expect(await verifyAuditChain(at.database.db)).toMatchObject({ ok: true, checked: events });
});
