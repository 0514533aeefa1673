import { createPerson } from '@sluice/database';
import type { AlikeOffer, ApprovalCreate } from '@sluice/domain';
import { actorOfPerson, grantsOf } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { raiseApproval } from '../gateway/approvals.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

const offer: AlikeOffer = {
  statements: [
    {
      language: 'postgres',
      kind: 'write',
      command: 'UPDATE',
      filter: 'present',
      effects: ['update relation public.customers'],
      reads: ['public.customers'],
      writes: ['public.customers'],
      columns: ['public.customers.id', 'public.customers.phone'],
      functions: [],
    },
  ],
  database: 'orders',
  role: null,
};

async function raise(more: Partial<ApprovalCreate> = {}): Promise<ApprovalCreate> {
  const hold = world.hold('agent', { alike: offer, ...more });
  await raiseApproval(world.services, world.gateway, hold, new Date());
  return hold;
}

const held = () =>
  grantsOf(world.test.database.db, world.actors.agent, { id: world.connectionId, labels: { env: 'prod' } }, new Date());

test('a decision may cover others like it: a grant bounded by the approval’s own facts', async () => {
  const hold = await raise();
  const reviewer = world.as('reviewer');
  expect((await reviewer.approvals.showApproval({ id: hold.id })).alike).toEqual({
    maxMinutes: 60,
    covers: 'UPDATE of public.customers (columns id, phone), rows chosen by a filter, by agent on orders',
  });
  await reviewer.approvals.decideApproval({ id: hold.id, outcome: 'approve', alike: { minutes: 30, rows: 5 } });
  const [grant] = await held();
  expect(grant).toMatchObject({
    kind: 'alike',
    name: 'approved-alike',
    bounds: {
      ...offer,
      approvalId: hold.id,
      connectionId: world.connectionId,
      connectionRevision: 1,
      runId: null,
      rows: 5,
    },
  });
  const [listed] = await reviewer.approvals.listAlikeGrants();
  expect(listed).toMatchObject({ id: grant?.id, rows: 5, holder: 'agent', grantedBy: 'reviewer' });
  await expect(world.as('other').approvals.endAlikeGrant({ id: grant?.id ?? '' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(await world.as('other').approvals.listAlikeGrants()).toEqual([]);
  await world.as('engineer').approvals.endAlikeGrant({ id: grant?.id ?? '' });
  expect(await held()).toEqual([]);
  const { items } = await world.as('admin').audit.listEvents({ search: 'ended the leave' });
  expect(items).toHaveLength(1);
});

test('not where the facts or the rule do not allow it, not for longer, and not with a denial', async () => {
  const bare = world.hold('agent');
  await raiseApproval(world.services, world.gateway, bare, new Date());
  const reviewer = world.as('reviewer');
  const approve = (id: string, minutes: number) =>
    reviewer.approvals.decideApproval({ id, outcome: 'approve', alike: { minutes, rows: 1 } });
  expect((await reviewer.approvals.showApproval({ id: bare.id })).alike).toBeNull();
  await expect(approve(bare.id, 10)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  await expect(approve((await raise()).id, 61)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  const never = await raise({
    demands: {
      stages: [{ approvers: ['reviewer'], count: 1 }],
      samePerson: false,
      escalate: null,
      reason: false,
      comment: false,
      ticket: null,
      alikeMinutes: 0,
    },
  });
  await expect(approve(never.id, 10)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  const denied = await raise();
  await reviewer.approvals.decideApproval({ id: denied.id, outcome: 'deny', alike: { minutes: 10, rows: 1 } });
  expect(await held()).toEqual([]);
});

test('where several people decide, all of them must give it, and the least counts', async () => {
  const name = `p-${newId()}`;
  const row = await world.test.database.transaction((tx) =>
    createPerson(tx, { id: newId(), name, email: `${name}@test`, role: 'reviewer', passwordHash: null }),
  );
  const second = world.asActor(actorOfPerson(row));
  const one = await raise({ count: 2 });
  const give = { id: one.id, outcome: 'approve' as const, alike: { minutes: 60, rows: 100 } };
  await world.as('reviewer').approvals.decideApproval(give);
  await second.approvals.decideApproval({ id: one.id, outcome: 'approve' });
  expect(await held()).toEqual([]);
  const both = await raise({ count: 2 });
  await world.as('reviewer').approvals.decideApproval({ ...give, id: both.id });
  const before = Date.now();
  await second.approvals.decideApproval({ ...give, id: both.id, alike: { minutes: 5, rows: 200 } });
  const [grant] = await held();
  expect(grant?.bounds).toMatchObject({ rows: 100 });
  expect(Date.parse(grant?.expiresAt ?? '')).toBeLessThan(before + 30 * 60_000);
});
