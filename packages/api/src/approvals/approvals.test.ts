import { createGroup, createPerson, findApproval } from '@sluice/database';
import { actorOfPerson } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cancelApproval, consumeApproval, noteOutcome, raiseApproval, showStatus } from '../gateway/approvals.ts';
import { noteState } from '../gateway/note-gateway.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

const raise = (hold: ReturnType<World['hold']>, now = new Date()) =>
  raiseApproval(world.services, world.gateway, hold, now);
const consume = (hold: ReturnType<World['hold']>, digest = hold.effectDigest) =>
  consumeApproval(
    world.services,
    world.gateway,
    hold.id,
    { gatewayStartId: hold.gatewayStartId, effectDigest: digest },
    new Date(),
  );

async function reviewers(count: number) {
  return world.test.database.transaction(async (tx) => {
    const made = [];
    for (let index = 0; index < count; index += 1) {
      const name = `many-${newId()}`;
      const row = await createPerson(tx, {
        id: newId(),
        name,
        email: `${name}@test`,
        role: 'reviewer',
        passwordHash: null,
      });
      made.push(actorOfPerson(row));
    }
    return made;
  });
}

describe('fifty decisions at once give one result', () => {
  test('where one approval is enough', async () => {
    const hold = world.hold('agent');
    await raise(hold);
    const people = await reviewers(50);
    const results = await Promise.allSettled(
      people.map((actor, index) =>
        world.asActor(actor).approvals.decideApproval({ id: hold.id, outcome: index % 2 === 0 ? 'approve' : 'deny' }),
      ),
    );
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CONFLICT' });
    const detail = await world.as('admin').approvals.showApproval({ id: hold.id });
    expect(detail.decisions).toHaveLength(1);
    expect(detail.state).toBe(detail.decisions[0]?.outcome === 'approve' ? 'approved' : 'denied');
  });

  test('where three are asked for', async () => {
    const hold = world.hold('agent', { count: 3 });
    await raise(hold);
    const people = await reviewers(50);
    const results = await Promise.allSettled(
      people.map((actor) => world.asActor(actor).approvals.decideApproval({ id: hold.id, outcome: 'approve' })),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3);
    expect((await showStatus(world.services, world.gateway, hold.id, new Date())).state).toBe('approved');
  });

  test('one person counts once', async () => {
    const hold = world.hold('agent', { count: 2 });
    await raise(hold);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () =>
        world.as('reviewer').approvals.decideApproval({ id: hold.id, outcome: 'approve' }),
      ),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect((await showStatus(world.services, world.gateway, hold.id, new Date())).state).toBe('waiting');
  });
});

describe('who counts', () => {
  const decide = (name: Parameters<World['as']>[0], id: string) =>
    world.as(name).approvals.decideApproval({ id, outcome: 'approve' });

  test('the requester, agents, owners and people whom the rule does not name do not', async () => {
    const hold = world.hold('agent', { approvers: ['member', 'agent', 'reviewer'] });
    await raise(hold);
    await expect(decide('agent', hold.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide('stray', hold.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide('engineer', hold.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide('admin', hold.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const own = world.hold('reviewer', { approvers: ['reviewer'] });
    await raise(own);
    await expect(decide('reviewer', own.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide('second', own.id)).resolves.toMatchObject({ state: 'approved' });
    await expect(decide('other', hold.id)).resolves.toMatchObject({ state: 'approved' });
  });

  test('the owner does where the rule says so', async () => {
    const hold = world.hold('agent', { owner: true, approvers: [] });
    await raise(hold);
    await expect(decide('other', hold.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const mine = await world.as('engineer').approvals.listApprovals({ scope: 'mine' });
    expect(mine.items.map((item) => item.id)).toContain(hold.id);
    await expect(decide('engineer', hold.id)).resolves.toMatchObject({ state: 'approved' });
  });

  test('a member of a named group does', async () => {
    const { id, name } = world.actors.other;
    await world.test.database.transaction((tx) => createGroup(tx, { id: newId(), name: 'dba', memberIds: [id] }));
    const hold = world.hold('agent', { approvers: ['dba'] });
    await raise(hold);
    await expect(decide('reviewer', hold.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const member = world.asActor({ ...world.actors.other, groups: ['dba'] });
    const detail = await member.approvals.decideApproval({ id: hold.id, outcome: 'deny', comment: 'not on Friday' });
    expect(detail).toMatchObject({ state: 'denied', decisions: [{ by: { name } }] });
    const status = await showStatus(world.services, world.gateway, hold.id, new Date());
    expect(status).toMatchObject({ state: 'denied', decidedBy: [name], comment: 'not on Friday' });
  });

  test('a group cannot take the name of a role', async () => {
    const create = world.as('admin').identities.createGroup({ name: 'reviewer', memberIds: [] });
    await expect(create).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('an approval runs at most once', () => {
  test('twenty consumers, one of them may', async () => {
    const hold = world.hold('agent');
    await raise(hold);
    await expect(consume(hold)).rejects.toMatchObject({ code: 'conflict' });
    await world.as('reviewer').approvals.decideApproval({ id: hold.id, outcome: 'approve' });
    await expect(consume(hold, 'another')).rejects.toMatchObject({ code: 'conflict' });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => consume(hold)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'conflict' });
    const outcome = { gatewayStartId: hold.gatewayStartId, outcome: 'succeeded' as const, rows: 1, durationMs: 12 };
    const tell = () => noteOutcome(world.services, world.gateway, hold.id, { ...outcome, error: null }, new Date());
    expect(await tell()).toMatchObject({ state: 'succeeded' });
    expect(await tell()).toMatchObject({ state: 'succeeded' });
    expect((await world.as('reviewer').approvals.showApproval({ id: hold.id })).outcome).toMatchObject({ rows: 1 });
  });

  test('a gateway that restarts cancels what waited and knows no outcome of what it took', async () => {
    const first = newId();
    await noteState(world.test.database, world.gateway.id, stateOf(first), new Date());
    const waiting = world.hold('agent', { gatewayStartId: first });
    const taken = world.hold('agent', { gatewayStartId: first });
    const patient = world.hold('agent', { gatewayStartId: first, behaviour: 'refuse' });
    for (const hold of [waiting, taken, patient]) await raise(hold);
    await world.as('reviewer').approvals.decideApproval({ id: taken.id, outcome: 'approve' });
    await consume(taken);
    await noteState(world.test.database, world.gateway.id, stateOf(newId()), new Date());
    const states = await Promise.all(
      [waiting, taken, patient].map((hold) => showStatus(world.services, world.gateway, hold.id, new Date())),
    );
    expect(states.map(({ state }) => state)).toEqual(['cancelled', 'outcome-unknown', 'waiting']);
    await expect(
      world.as('reviewer').approvals.decideApproval({ id: waiting.id, outcome: 'approve' }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('what nobody answered in time is expired, and cancelled work cannot be decided', async () => {
    const late = world.hold('agent', { expiresAt: new Date(Date.now() - 1_000).toISOString() });
    expect(await raise(late)).toMatchObject({ state: 'expired' });
    await expect(
      world.as('reviewer').approvals.decideApproval({ id: late.id, outcome: 'approve' }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
    const gone = world.hold('agent');
    await raise(gone);
    const cancel = () =>
      cancelApproval(world.services, world.gateway, gone.id, { reason: 'Ctrl-C', state: 'cancelled' }, new Date());
    expect(await cancel()).toMatchObject({ state: 'cancelled' });
    expect(await cancel()).toMatchObject({ state: 'cancelled' });
    expect((await findApproval(world.test.database.db, gone.id))?.state).toBe('cancelled');
  });

  test('where a connection refuses instead of waiting, the same effect finds its approval again, once', async () => {
    const effectDigest = newId();
    const ask = () => world.hold('agent', { behaviour: 'refuse', effectDigest });
    const first = ask();
    await raise(first);
    expect((await raise(ask())).id).toBe(first.id);
    await world.as('reviewer').approvals.decideApproval({ id: first.id, outcome: 'approve' });
    expect(await raise(ask())).toMatchObject({ id: first.id, state: 'approved' });
    await consume(first);
    expect((await raise(ask())).id).not.toBe(first.id);
  });

  test('a text that Postgres cannot store does not stop a hold', async () => {
    const hold = world.hold('agent', { statementText: 'select \0 \ud800', binds: ['\0'] });
    expect(await raise(hold)).toMatchObject({ state: 'waiting' });
  });
});

function stateOf(startId: string) {
  return {
    startId,
    version: '1',
    hostname: 'edge.internal',
    capabilities: [],
    bundleVersion: 1,
    policyVersion: 1,
    openSessions: 0,
    spoolChunks: 0,
    spoolBytes: 0,
    cpuPercent: 1,
    memoryBytes: 1,
    clock: new Date().toISOString(),
    listeners: [],
  };
}
