import {
  createGroup,
  createPerson,
  createRole,
  createRoleAssignment,
  findPerson,
  revokeRoleAssignment,
  setGroupsOfPerson,
  updatePerson,
} from '@sluice/database';
import type { AlikeOffer, ApprovalCreate } from '@sluice/domain';
import { actorOfPerson, grantsOf } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consumeApproval, raiseApproval } from '../gateway/approvals.ts';

let world: World;
const groupId = newId<'Group'>();
const prod = { env: ['prod'] };

beforeAll(async () => {
  world = await makeWorld();
  await world.test.database.transaction(async (tx) => {
    await createGroup(tx, { id: groupId, name: 'dba', memberIds: [] });
    const base = ['self.read', 'approvals.read.own'];
    await createRole(tx, { id: newId(), name: 'onlooker', description: '', permissions: base });
    await createRole(tx, { id: newId(), name: 'on-duty', description: '', permissions: [...base, 'approvals.decide'] });
  });
});
afterAll(() => world.stop());

/** Somebody of the group whose leave to decide comes from assignments alone. */
async function person() {
  const { database } = world.test;
  const id = newId<'Person'>();
  const name = `p-${id}`;
  await database.transaction(async (tx) => {
    await createPerson(tx, { id, name, email: `${id}@test`, role: 'onlooker', passwordHash: null });
    await setGroupsOfPerson(tx, id, [groupId]);
  });
  const api = async () => {
    const row = await findPerson(database.db, { id });
    if (row === null) throw new Error('gone');
    return world.asActor(actorOfPerson(row));
  };
  return {
    id,
    name,
    api,
    assign: async (role: string, selector: Record<string, string[]> = prod, expiresAt: Date | null = null) => {
      const assignmentId = newId<'RoleAssignment'>();
      await database.transaction((tx) =>
        createRoleAssignment(tx, {
          id: assignmentId,
          role,
          holder: { kind: 'person', id },
          selector,
          expiresAt,
          createdById: world.actors.admin.id,
        }),
      );
      return () => database.transaction((tx) => revokeRoleAssignment(tx, assignmentId, new Date()));
    },
    disable: () => database.transaction((tx) => updatePerson(tx, id, { disabledAt: new Date() })),
    approve: async (holdId: string, alike?: { minutes: number; rows: number }) =>
      (await api()).approvals.decideApproval({
        id: holdId,
        outcome: 'approve',
        ...(alike === undefined ? {} : { alike }),
      }),
  };
}

async function raise(more: Partial<ApprovalCreate> = {}): Promise<ApprovalCreate> {
  const hold = world.hold('agent', { approvers: ['dba'], ...more });
  await raiseApproval(world.services, world.gateway, hold, new Date());
  return hold;
}

const consume = (hold: ApprovalCreate, now = new Date()) =>
  consumeApproval(
    world.services,
    world.gateway,
    hold.id,
    { gatewayStartId: hold.gatewayStartId, effectDigest: hold.effectDigest },
    now,
  );

describe('CP01: who decided must still have leave to decide when the approval is used', () => {
  test('it counts while the assignment lasts', async () => {
    const dba = await person();
    await dba.assign('on-duty');
    const hold = await raise();
    await dba.approve(hold.id);
    expect(await consume(hold)).toMatchObject({ state: 'consumed' });
  });

  test('an assignment that was revoked in between', async () => {
    const dba = await person();
    const revoke = await dba.assign('on-duty');
    const hold = await raise();
    await dba.approve(hold.id);
    await revoke();
    await expect(consume(hold)).rejects.toThrow(/may no longer decide on this connection/);
  });

  test('an assignment that has expired in between', async () => {
    const dba = await person();
    const soon = new Date(Date.now() + 600_000);
    await dba.assign('on-duty', prod, soon);
    const hold = await raise();
    await dba.approve(hold.id);
    await expect(consume(hold, new Date(soon.getTime() + 1))).rejects.toThrow(/may no longer decide/);
  });

  test('a label that no longer chooses the connection', async () => {
    const dba = await person();
    await dba.assign('on-duty', { team: ['orders'] });
    const admin = world.as('admin');
    const label = async (labels: Record<string, string>) => {
      const { id, revision } = await admin.connections.showConnection({ id: world.connectionId });
      return admin.connections.updateConnection({ id, revision, labels });
    };
    await label({ env: 'prod', team: 'orders' });
    const { revision } = await admin.connections.showConnection({ id: world.connectionId });
    const hold = await raise({ connectionRevision: revision });
    await dba.approve(hold.id);
    await label({ env: 'prod' });
    await expect(consume(hold)).rejects.toThrow(/may no longer decide|has changed/);
  });

  test('it is shown as lapsed while it waits, and others are asked', async () => {
    const [first, second] = [await person(), await person()];
    const revoke = await first.assign('on-duty');
    await second.assign('on-duty');
    const { revision } = await world.as('admin').connections.showConnection({ id: world.connectionId });
    const hold = await raise({ count: 2, connectionRevision: revision });
    await first.approve(hold.id);
    await revoke();
    expect(await second.approve(hold.id)).toMatchObject({
      state: 'waiting',
      decisions: [{ lapsed: expect.stringContaining('may no longer decide') }, { lapsed: null }],
    });
  });
});

describe('an assigned role is a name that rules may ask', () => {
  test('on the connections that it is assigned for, in the list as well', async () => {
    const [here, elsewhere] = [await person(), await person()];
    await here.assign('on-duty');
    await elsewhere.assign('on-duty', { env: ['staging'] });
    const { revision } = await world.as('admin').connections.showConnection({ id: world.connectionId });
    const hold = await raise({ approvers: ['on-duty'], connectionRevision: revision });
    const mine = async (who: typeof here) =>
      (await (await who.api()).approvals.listApprovals({ scope: 'mine' })).items.map(({ id }) => id);
    expect(await mine(here)).toContain(hold.id);
    expect(await mine(elsewhere)).not.toContain(hold.id);
    await expect(elsewhere.approve(hold.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await here.approve(hold.id)).toMatchObject({ state: 'approved' });
    expect(await consume(hold)).toMatchObject({ state: 'consumed' });
  });

  test('a built-in role that is assigned counts as that role, until it is taken back', async () => {
    const somebody = await person();
    const revoke = await somebody.assign('reviewer');
    const { revision } = await world.as('admin').connections.showConnection({ id: world.connectionId });
    const hold = await raise({ approvers: ['reviewer'], connectionRevision: revision });
    await somebody.approve(hold.id);
    await somebody.assign('on-duty');
    await revoke();
    await expect(consume(hold)).rejects.toThrow(/no longer one of reviewer/);
  });
});

describe('a grant `alike` is worth what its approval would be worth', () => {
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
        columns: ['public.customers.id'],
        functions: [],
      },
    ],
    database: 'orders',
    role: null,
  };
  const held = async (hold: ApprovalCreate) =>
    (
      await grantsOf(
        world.test.database.db,
        world.actors.agent,
        { id: world.connectionId, labels: { env: 'prod' } },
        new Date(),
      )
    ).filter(({ bounds }) => (bounds as { approvalId?: string } | null)?.approvalId === hold.id);
  const give = async (dba: Awaited<ReturnType<typeof person>>) => {
    const { revision } = await world.as('admin').connections.showConnection({ id: world.connectionId });
    const hold = await raise({ alike: offer, connectionRevision: revision });
    await dba.approve(hold.id, { minutes: 30, rows: 5 });
    expect(await held(hold)).toHaveLength(1);
    return hold;
  };

  test('its giver is disabled', async () => {
    const dba = await person();
    await dba.assign('on-duty');
    const hold = await give(dba);
    await dba.disable();
    expect(await held(hold)).toEqual([]);
    const listed = await world.as('admin').approvals.listAlikeGrants();
    expect(listed.map(({ approvalId }) => approvalId)).not.toContain(hold.id);
  });

  test('its giver loses the leave to decide', async () => {
    const dba = await person();
    const revoke = await dba.assign('on-duty');
    const hold = await give(dba);
    await revoke();
    expect(await held(hold)).toEqual([]);
  });

  test('it ends with its giver’s assignment, as a deadline in the gateway', async () => {
    const dba = await person();
    const soon = new Date(Date.now() + 600_000);
    await dba.assign('on-duty', prod, soon);
    const hold = await give(dba);
    expect(await held(hold)).toMatchObject([{ expiresAt: soon.toISOString() }]);
  });
});
