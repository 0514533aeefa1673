import { createGroup, createPerson, findApproval, findPerson, setGroupsOfPerson, updatePerson } from '@sluice/database';
import type { ApprovalCreate, HoldDemands } from '@sluice/domain';
import { actorOfPerson } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consumeApproval, raiseApproval, showStatus } from '../gateway/approvals.ts';
import { escalateApprovals } from './escalate-approvals.ts';

let world: World;
const groupIds: Record<string, string> = {};

beforeAll(async () => {
  world = await makeWorld();
  for (const name of ['leads', 'dba', 'on-call']) {
    groupIds[name] = newId();
    const group = { id: groupIds[name], name, memberIds: [] };
    await world.test.database.transaction((tx) => createGroup(tx, group));
  }
});
afterAll(() => world.stop());

const plain: HoldDemands = {
  stages: [{ approvers: ['leads'], count: 1 }],
  samePerson: false,
  escalate: null,
  reason: false,
  comment: false,
  ticket: null,
};
const leadThenDba: HoldDemands = {
  ...plain,
  stages: [
    { approvers: ['leads'], count: 1 },
    { approvers: ['dba'], count: 1 },
  ],
};

async function raise(demands: HoldDemands, more: Partial<ApprovalCreate> = {}): Promise<ApprovalCreate> {
  const approvers = [...new Set(demands.stages.flatMap((stage) => stage.approvers))];
  const count = demands.stages.reduce((sum, stage) => sum + stage.count, 0);
  const hold = world.hold('agent', { approvers, count, demands, ...more });
  await raiseApproval(world.services, world.gateway, hold, new Date());
  return hold;
}

/** Somebody new, in these groups; `as` acts as they stand in the database at the moment of the call. */
async function person(...groups: string[]) {
  const name = `p-${newId()}`;
  const { database } = world.test;
  const id = newId();
  await database.transaction((tx) =>
    createPerson(tx, { id, name, email: `${name}@test`, role: 'member', passwordHash: null }),
  );
  const setGroups = (...names: string[]) =>
    database.transaction((tx) =>
      setGroupsOfPerson(
        tx,
        id,
        names.map((one) => groupIds[one] ?? ''),
      ),
    );
  await setGroups(...groups);
  const api = async () => {
    const row = await findPerson(database.db, { id });
    if (row === null) throw new Error('gone');
    return world.asActor(actorOfPerson(row));
  };
  return {
    id,
    name,
    setGroups,
    disable: () => database.transaction((tx) => updatePerson(tx, id, { disabledAt: new Date() })),
    api,
    decide: async (holdId: string, outcome: 'approve' | 'deny' = 'approve', comment?: string) =>
      (await api()).approvals.decideApproval({
        id: holdId,
        outcome,
        ...(comment === undefined ? {} : { comment }),
      }),
  };
}

const stateOf = async (id: string) => (await showStatus(world.services, world.gateway, id, new Date())).state;
const consume = (hold: ApprovalCreate) =>
  consumeApproval(
    world.services,
    world.gateway,
    hold.id,
    { gatewayStartId: hold.gatewayStartId, effectDigest: hold.effectDigest },
    new Date(),
  );

describe('stages', () => {
  test('the team lead first, then the DBA; each sees whose turn it is', async () => {
    const [lead, dba] = [await person('leads'), await person('dba')];
    const hold = await raise(leadThenDba);
    const early = await (await dba.api()).approvals.showApproval({ id: hold.id });
    expect(early.mayDecide).toMatchObject({
      yes: false,
      mayDeny: true,
      because: expect.stringContaining('First leads'),
    });
    await expect(dba.decide(hold.id)).rejects.toMatchObject({ code: 'CONFLICT' });
    const mine = async (who: typeof dba) =>
      (await (await who.api()).approvals.listApprovals({ scope: 'mine' })).items.map(({ id }) => id);
    expect(await mine(dba)).not.toContain(hold.id);
    expect(await mine(lead)).toContain(hold.id);
    expect(await lead.decide(hold.id)).toMatchObject({
      state: 'waiting',
      stages: [
        { state: 'complete', given: 1 },
        { state: 'open', given: 0, approvers: ['dba'] },
      ],
    });
    expect(await mine(dba)).toContain(hold.id);
    expect(await mine(lead)).not.toContain(hold.id);
    expect(await dba.decide(hold.id)).toMatchObject({ state: 'approved' });
    expect(await consume(hold)).toMatchObject({ state: 'consumed' });
  });

  test('CP01: one person in two groups counts once and fills one stage only', async () => {
    const [both, dba] = [await person('leads', 'dba'), await person('dba')];
    const hold = await raise(leadThenDba);
    await both.decide(hold.id);
    await expect(both.decide(hold.id)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await stateOf(hold.id)).toBe('waiting');
    await dba.decide(hold.id);
    expect(await stateOf(hold.id)).toBe('approved');
  });

  test('one person fills two stages where the rule says so, each once', async () => {
    const both = await person('leads', 'dba');
    const hold = await raise({ ...leadThenDba, samePerson: true });
    expect(await both.decide(hold.id)).toMatchObject({ state: 'waiting' });
    const mine = await (await both.api()).approvals.listApprovals({ scope: 'mine' });
    expect(mine.items.map(({ id }) => id)).toContain(hold.id);
    expect(await both.decide(hold.id)).toMatchObject({ state: 'approved' });
  });

  test('somebody of a later stage may deny at once', async () => {
    const dba = await person('dba');
    const hold = await raise(leadThenDba);
    expect(await dba.decide(hold.id, 'deny')).toMatchObject({ state: 'denied' });
  });

  test('fifty approvals at once give one result: as many as the stages ask for, no more', async () => {
    const people = await Promise.all(Array.from({ length: 50 }, () => person('leads', 'dba')));
    const stages = [
      { approvers: ['leads'], count: 2 },
      { approvers: ['dba'], count: 3 },
    ];
    const hold = await raise({ ...plain, stages });
    const results = await Promise.allSettled(people.map((one) => one.decide(hold.id)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await stateOf(hold.id)).toBe('approved');
  });
});

describe('CP01: rights are checked again when the approval is used', () => {
  test.each([
    ['is disabled', (lead: Awaited<ReturnType<typeof person>>) => lead.disable()],
    ['left the group', (lead: Awaited<ReturnType<typeof person>>) => lead.setGroups()],
  ])('who approved %s before the statement ran: void, and nothing runs', async (_name, leave) => {
    const lead = await person('leads');
    const hold = await raise(plain);
    await lead.decide(hold.id);
    expect(await stateOf(hold.id)).toBe('approved');
    await leave(lead);
    await expect(consume(hold)).rejects.toMatchObject({ code: 'conflict' });
    expect(await stateOf(hold.id)).toBe('void');
    const row = await findApproval(world.test.database.db, hold.id);
    expect(row?.comment).toContain(lead.name);
    await expect(consume(hold)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('who approved and left while it still waited counts no longer: somebody else is needed', async () => {
    const [first, second, third] = [await person('leads'), await person('leads'), await person('leads')];
    const hold = await raise({ ...plain, stages: [{ approvers: ['leads'], count: 2 }] });
    await first.decide(hold.id);
    await first.setGroups();
    const detail = await second.decide(hold.id);
    expect(detail).toMatchObject({ state: 'waiting', stages: [{ given: 1, count: 2 }] });
    expect(detail.decisions[0]?.lapsed).toContain('no longer one of leads');
    expect(await third.decide(hold.id)).toMatchObject({ state: 'approved' });
  });

  test('a connection that was changed since voids it', async () => {
    const lead = await person('leads');
    const hold = await raise(plain);
    await lead.decide(hold.id);
    await world.test.database.db.connection.update({
      where: { id: world.connectionId },
      data: { host: 'other.internal', revision: { increment: 1 } },
    });
    await expect(consume(hold)).rejects.toMatchObject({ message: expect.stringContaining('connection has changed') });
    expect(await stateOf(hold.id)).toBe('void');
    await world.test.database.db.connection.update({ where: { id: world.connectionId }, data: { revision: 1 } });
  });
});

describe('reason, ticket, comment', () => {
  const asks: HoldDemands = {
    ...plain,
    reason: true,
    ticket: { required: true, pattern: 'OPS-[0-9]+', link: 'https://tickets.example/browse/{ticket}' },
  };

  test('nobody can approve before the requester says why; denying waits for nothing', async () => {
    const lead = await person('leads');
    const hold = await raise(asks);
    const { missing } = await showStatus(world.services, world.gateway, hold.id, new Date());
    expect(missing).toBe('a reason and a ticket');
    await expect(lead.decide(hold.id)).rejects.toMatchObject({
      message: expect.stringContaining('a reason and a ticket'),
    });
    const owner = world.as('engineer');
    await expect(owner.approvals.stateReason({ id: hold.id, ticket: 'ops 12' })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    const stated = await owner.approvals.stateReason({ id: hold.id, reason: 'fix order 4711', ticket: 'OPS-12' });
    expect(stated.stated).toEqual({
      reason: 'fix order 4711',
      ticket: 'OPS-12',
      ticketLink: 'https://tickets.example/browse/OPS-12',
      missing: null,
    });
    expect(await lead.decide(hold.id)).toMatchObject({ state: 'approved' });
    const other = await raise(asks);
    expect(await lead.decide(other.id, 'deny')).toMatchObject({ state: 'denied' });
  });

  test('what the comment of the statement says is enough; a ticket of another form is none', async () => {
    const lead = await person('leads');
    const said = await raise(asks, { stated: { reason: 'fix it', ticket: 'OPS-1' } });
    expect(await lead.decide(said.id)).toMatchObject({ state: 'approved' });
    const wrong = await raise(asks, { stated: { reason: 'fix it', ticket: 'javascript:alert(1)' } });
    await expect(lead.decide(wrong.id)).rejects.toMatchObject({ message: expect.stringContaining('a ticket') });
  });

  test('where a connection refuses instead of waiting, sending it again with a reason adds it', async () => {
    const effectDigest = newId();
    const first = await raise(asks, { behaviour: 'refuse', effectDigest });
    const again = world.hold('agent', {
      ...first,
      id: newId(),
      stated: { reason: 'fix it', ticket: 'OPS-1' },
    });
    expect(await raiseApproval(world.services, world.gateway, again, new Date())).toMatchObject({
      id: first.id,
      missing: null,
    });
  });

  test('only who asked may say why, and nothing changes once somebody has decided', async () => {
    const [lead, second] = [await person('leads'), await person('leads')];
    const hold = await raise({ ...plain, stages: [{ approvers: ['leads'], count: 2 }] });
    const state = (api: ReturnType<World['as']>) => api.approvals.stateReason({ id: hold.id, reason: 'because' });
    await expect(state(await lead.api())).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(state(world.as('agent'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(state(world.as('other'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await lead.decide(hold.id);
    await expect(state(world.as('engineer'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await second.decide(hold.id);
  });

  test('where the rule wants a comment nobody decides without one', async () => {
    const lead = await person('leads');
    const hold = await raise({ ...plain, comment: true });
    await expect(lead.decide(hold.id)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(await lead.decide(hold.id, 'approve', 'looked at the rows')).toMatchObject({ state: 'approved' });
  });
});

describe('escalation', () => {
  test('after its time others may answer as well, noted once, whichever node does it', async () => {
    const [lead, onCall] = [await person('leads'), await person('on-call')];
    const hold = await raise({ ...plain, escalate: { afterSeconds: 60, to: ['on-call'] } });
    await expect(onCall.decide(hold.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { db, transaction } = world.test.database;
    await db.approval.update({ where: { id: hold.id }, data: { escalateAt: new Date(Date.now() - 1_000) } });
    const rounds = await Promise.all([1, 2, 3].map(() => transaction((tx) => escalateApprovals(tx, new Date()))));
    expect(rounds.reduce((sum, one) => sum + one, 0)).toBe(1);
    expect((await findApproval(db, hold.id))?.asked).toEqual(['leads', 'on-call']);
    const { items } = await world.as('admin').audit.listEvents({ search: 'asked on-call as well' });
    expect(items).toHaveLength(1);
    expect(await onCall.decide(hold.id)).toMatchObject({ state: 'approved' });
    await expect(lead.decide(hold.id)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('it counts from its time on, whether or not a node noted it', async () => {
    const onCall = await person('on-call');
    const hold = await raise({ ...plain, escalate: { afterSeconds: 60, to: ['on-call'] } });
    await world.test.database.db.approval.update({
      where: { id: hold.id },
      data: { escalateAt: new Date(Date.now() - 1_000) },
    });
    expect(await onCall.decide(hold.id)).toMatchObject({ state: 'approved' });
  });
});

describe('delegation while away', () => {
  const until = () => new Date(Date.now() + 3_600_000);
  const delegate = async (from: Awaited<ReturnType<typeof person>>, toPersonId: string) =>
    (await from.api()).approvals.delegateApprovals({ toPersonId, endsAt: until(), reason: 'holiday' });

  test('who stands in answers for the one who is away, and both count once', async () => {
    const [away, deputy, second] = [await person('leads'), await person(), await person('leads')];
    const hold = await raise({ ...plain, stages: [{ approvers: ['leads'], count: 2 }] });
    await expect(deputy.decide(hold.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await delegate(away, deputy.id);
    const mine = await (await deputy.api()).approvals.listApprovals({ scope: 'mine' });
    expect(mine.items.map(({ id }) => id)).toContain(hold.id);
    expect(await deputy.decide(hold.id)).toMatchObject({ decisions: [{ inSteadOf: away.name }] });
    await expect(away.decide(hold.id)).rejects.toMatchObject({ message: expect.stringContaining('in your stead') });
    expect(await stateOf(hold.id)).toBe('waiting');
    expect(await second.decide(hold.id)).toMatchObject({ state: 'approved' });
  });

  test('somebody who has a seat of their own does not get a second one', async () => {
    const [away, deputy] = [await person('leads'), await person('leads')];
    await delegate(away, deputy.id);
    const hold = await raise({ ...plain, stages: [{ approvers: ['leads'], count: 2 }] });
    expect(await deputy.decide(hold.id)).toMatchObject({ decisions: [{ inSteadOf: null }] });
    await expect(deputy.decide(hold.id)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('not for the requester, nor for what the one who is away asked for', async () => {
    const away = await person('leads');
    await delegate(away, world.actors.engineer.id);
    const ofAgent = await raise(plain);
    await expect(
      world.as('engineer').approvals.decideApproval({ id: ofAgent.id, outcome: 'approve' }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const deputy = await person();
    const asker = await person('leads');
    await delegate(asker, deputy.id);
    const row = await findPerson(world.test.database.db, { id: asker.id });
    if (row === null) throw new Error('gone');
    const own = await raise(plain, { actor: actorOfPerson(row) });
    await expect(deputy.decide(own.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a chain has one link', async () => {
    const [first, second, third] = [await person('leads'), await person(), await person()];
    await delegate(first, second.id);
    await delegate(second, third.id);
    const hold = await raise(plain);
    await expect(third.decide(hold.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('it is one at a time, ends when told, and stands in the audit chain', async () => {
    const [away, deputy] = [await person('leads'), await person()];
    const made = await delegate(away, deputy.id);
    await expect(delegate(away, world.actors.other.id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(delegate(away, away.id)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(delegate(away, world.actors.agent.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect((await (await person()).api()).approvals.endDelegation({ id: made.id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect((await (await deputy.api()).approvals.listDelegations()).items).toMatchObject([{ from: { id: away.id } }]);
    await (await deputy.api()).approvals.endDelegation({ id: made.id });
    const hold = await raise(plain);
    await expect(deputy.decide(hold.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { items } = await world.as('admin').audit.listEvents({ search: deputy.name });
    expect(items.map(({ action }) => action)).toContain('approvals.endDelegation');
  });

  test('the one who is away is disabled before it ran: what was answered in their stead is void', async () => {
    const [away, deputy] = [await person('leads'), await person()];
    await delegate(away, deputy.id);
    const hold = await raise(plain);
    await deputy.decide(hold.id);
    await away.disable();
    await expect(consume(hold)).rejects.toMatchObject({ code: 'conflict' });
    expect(await stateOf(hold.id)).toBe('void');
  });
});
