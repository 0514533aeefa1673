import { createGrant, findPerson, readCounters, setPasswordHash } from '@sluice/database';
import type { Bundle } from '@sluice/domain';
import { accessOf } from '@sluice/identity';
import { hashPassword, newId } from '@sluice/keys';
import { makeWorld, type Name, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildBundle } from '../gateway/build-bundle.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());
const everybody = '019ab7b0-0000-7000-8000-000000000001';

const mayConnect = async (name: Name, clientAddress = '192.0.2.1') => {
  const { db } = world.test.database;
  const connection = { id: world.connectionId, name: 'orders', labels: { env: 'prod' } };
  return accessOf(db, world.actors[name], connection, { clientAddress, now: new Date() });
};
const epoch = async () => (await readCounters(world.test.database.db)).revocationEpoch;
const prod = { selector: { env: ['prod'] } };

/** Every rule is removed before each test, the first one of the migration included. */
beforeEach(async () => {
  const admin = world.as('admin');
  for (const { id } of await admin.access.listAccessRules()) await admin.access.deleteAccessRule({ id });
  for (const { id } of await admin.access.listGrants()) await admin.access.revokeGrant({ id });
});

test('an installation of before keeps working: the rule is there, and gone when it is removed', async () => {
  const fresh = await makeWorld();
  const rules = await fresh.as('admin').access.listAccessRules();
  expect(rules).toMatchObject([{ id: everybody, sentence: 'Everyone may connect to every connection' }]);
  expect(await fresh.as('engineer').connections.listConnections()).toHaveLength(1);
  await fresh.as('admin').access.deleteAccessRule({ id: everybody });
  expect(await fresh.as('engineer').connections.listConnections()).toEqual([]);
  expect(await fresh.as('reviewer').connections.listConnections()).toHaveLength(1);
  await fresh.stop();
});

describe('who may connect', () => {
  test('nobody without a rule, an admin included; each change moves the epoch', async () => {
    for (const name of ['admin', 'reviewer', 'engineer', 'agent'] as const)
      expect(await mayConnect(name)).toMatchObject({ answer: { open: false, reason: 'no-rule' } });
    const before = await epoch();
    const rule = await world
      .as('security')
      .access.createAccessRule({ mode: 'connect', subject: { kind: 'role', name: 'member' }, scope: prod });
    expect(await epoch()).toBe(before + 1);
    expect((await mayConnect('engineer')).answer.open).toBe(true);
    expect((await mayConnect('reviewer')).answer.open).toBe(false);
    await world.as('security').access.deleteAccessRule({ id: rule.id });
    expect((await mayConnect('engineer')).answer.open).toBe(false);
    expect(await epoch()).toBe(before + 2);
  });

  test('a rule is written anew in its place: who it let in before is out, and the epoch moves', async () => {
    const admin = world.as('admin');
    const everyone = { mode: 'connect' as const, subject: { kind: 'everyone' as const }, scope: prod };
    const rule = await admin.access.createAccessRule(everyone);
    expect((await mayConnect('engineer')).answer.open).toBe(true);
    const before = await epoch();
    const changed = { ...everyone, id: rule.id, subject: { kind: 'role' as const, name: 'reviewer' }, note: 'fewer' };
    const after = await admin.access.updateAccessRule(changed);
    expect(after).toMatchObject({ id: rule.id, note: 'fewer', createdAt: rule.createdAt, createdBy: 'admin' });
    expect(after.sentence).toBe('Everyone with the role reviewer may connect to connections where env is prod');
    expect(await epoch()).toBe(before + 1);
    expect((await mayConnect('engineer')).answer.open).toBe(false);
    expect((await mayConnect('reviewer')).answer.open).toBe(true);
    const [event] = (await admin.audit.listEvents({ action: 'access.updateAccessRule' })).items;
    expect(event).toMatchObject({
      before: { subject: { name: 'everyone' } },
      after: { subject: { name: 'reviewer' } },
    });
    await expect(
      admin.access.updateAccessRule({ ...changed, mode: 'break-glass', subject: { kind: 'everyone' } }),
    ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(admin.access.updateAccessRule({ ...changed, id: newId() })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('a group, by its members of now', async () => {
    const admin = world.as('admin');
    const group = await admin.identities.createGroup({ name: 'payments', memberIds: [world.actors.engineer.id] });
    const subject = { kind: 'group', id: group.id } as const;
    await admin.access.createAccessRule({ mode: 'connect', subject, scope: prod });
    const member = { ...world.actors.engineer, groups: ['payments'] };
    const connection = { id: world.connectionId, name: 'orders', labels: { env: 'prod' } };
    const from = { clientAddress: null, now: new Date() };
    expect((await accessOf(world.test.database.db, member, connection, from)).answer.open).toBe(true);
    expect((await mayConnect('other')).answer.open).toBe(false);
  });

  test('an agent needs a rule of its own, and its owner one as well', async () => {
    const admin = world.as('admin');
    const give = (subject: { kind: 'person' | 'service'; id: string }) =>
      admin.access.createAccessRule({ mode: 'connect', subject, scope: prod });
    await give({ kind: 'service', id: world.actors.agent.id });
    expect(await mayConnect('agent')).toMatchObject({
      answer: { open: false },
      message: 'No access rule lets engineer connect to orders.',
    });
    await give({ kind: 'person', id: world.actors.engineer.id });
    expect((await mayConnect('agent')).answer.open).toBe(true);
    expect((await mayConnect('stray')).answer.open).toBe(false);
  });

  test('networks and hours; the answer says until when', async () => {
    const admin = world.as('admin');
    const now = new Date();
    const zone = 'UTC';
    const weekdays = [1, 2, 3, 4, 5, 6, 7];
    const open = { zone, weekdays, from: '00:00', to: '00:00' };
    const hour = String((now.getUTCHours() + 3) % 24).padStart(2, '0');
    const closed = { zone, weekdays, from: `${hour}:00`, to: `${hour}:01` };
    const subject = { kind: 'everyone' } as const;
    await admin.access.createAccessRule({ mode: 'connect', subject, scope: prod, networks: ['10.0.0.0/8'] });
    expect(await mayConnect('engineer', '10.1.1.1:5')).toMatchObject({ answer: { open: true, until: null } });
    expect(await mayConnect('engineer')).toMatchObject({ answer: { open: false, reason: 'elsewhere' } });
    await admin.access.createAccessRule({ mode: 'connect', subject, scope: prod, windows: [closed] });
    expect(await mayConnect('engineer')).toMatchObject({ answer: { open: false, reason: 'closed-now' } });
    const expiresAt = new Date(now.getTime() + 60_000);
    await admin.access.createAccessRule({ mode: 'connect', subject, scope: prod, windows: [open], expiresAt });
    expect(await mayConnect('engineer')).toMatchObject({ answer: { open: true, until: expiresAt.toISOString() } });
    await expect(
      admin.access.createAccessRule({ mode: 'connect', subject, scope: prod, networks: ['everywhere'] }),
    ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  test('no ticket is issued, and the refusal says what to do', async () => {
    const asked = world.as('engineer').connections.issueTicket({ id: world.connectionId, secretHash: 'x'.repeat(43) });
    await expect(asked).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringMatching(/No access rule/) });
  });

  test('a rule that nobody can read gives nothing (CP04, invariant 2)', async () => {
    const { id } = await world
      .as('admin')
      .access.createAccessRule({ mode: 'connect', subject: { kind: 'everyone' }, scope: prod });
    expect((await mayConnect('engineer')).answer.open).toBe(true);
    const { db } = world.test.database;
    await db.$executeRaw`UPDATE "AccessRule" SET "windows" = '[{"newer": true}]' WHERE "id" = ${id}::uuid`;
    expect((await mayConnect('engineer')).answer.open).toBe(false);
    await db.$executeRaw`UPDATE "AccessRule" SET "windows" = '[]' WHERE "id" = ${id}::uuid`;
  });
});

const asking = {
  mode: 'request' as const,
  subject: { kind: 'everyone' as const },
  scope: prod,
  approvers: ['reviewer'],
};
const request = { reason: 'ticket 4711', seconds: 600 };

describe('access for a time', () => {
  test('asked, granted, and it lets in until it ends; the agent’s owner is not let in by it', async () => {
    await world.as('admin').access.createAccessRule(asking);
    const asked = await world
      .as('engineer')
      .access.requestAccess({ connection: { id: world.connectionId }, ...request });
    expect(asked).toMatchObject({ state: 'waiting', mine: true, mayDecide: false });
    expect((await mayConnect('engineer')).answer.open).toBe(false);
    expect((await mayConnect('engineer')).hint).toContain('sluice access request orders');
    const [inbox] = await world.as('reviewer').access.listAccessRequests({ waiting: true });
    expect(inbox).toMatchObject({ id: asked.id, mayDecide: true, requester: { name: 'engineer' } });
    const before = await epoch();
    const decided = await world.as('reviewer').access.decideAccessRequest({ id: asked.id, outcome: 'approve' });
    expect(decided).toMatchObject({ state: 'granted' });
    expect(await epoch()).toBe(before + 1);
    const { answer, grants } = await mayConnect('engineer');
    expect(answer).toMatchObject({ open: true, until: decided.grant?.expiresAt.toISOString() });
    expect(grants).toMatchObject([{ kind: 'just-in-time', name: 'just-in-time' }]);
    expect((await mayConnect('agent')).answer.open).toBe(false);
    await world.as('engineer').access.revokeGrant({ id: decided.grant?.id ?? '' });
    expect((await mayConnect('engineer')).answer.open).toBe(false);
  });

  test('never oneself, never an agent, never the owner of the agent that asks, nobody unnamed (CP01)', async () => {
    await world.as('admin').access.createAccessRule({ ...asking, approvers: ['reviewer', 'member', 'agent'] });
    const own = await world.as('engineer').access.requestAccess({ connection: { name: 'orders' }, ...request });
    const agents = await world.as('agent').access.requestAccess({ connection: { name: 'orders' }, ...request });
    const decide = (name: Name, id: string) => world.as(name).access.decideAccessRequest({ id, outcome: 'approve' });
    await expect(decide('engineer', own.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide('engineer', agents.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide('agent', own.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide('stray', agents.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide('admin', own.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await decide('other', own.id)).toMatchObject({ state: 'granted' });
    await expect(decide('reviewer', own.id)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('as many distinct people as the rule asks for; together they count once each (CP01)', async () => {
    await world.as('admin').access.createAccessRule({ ...asking, approvalCount: 2 });
    const { id } = await world.as('engineer').access.requestAccess({ connection: { name: 'orders' }, ...request });
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, () => world.as('reviewer').access.decideAccessRequest({ id, outcome: 'approve' })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await mayConnect('engineer')).answer.open).toBe(false);
    await world.as('second').access.decideAccessRequest({ id, outcome: 'approve' });
    expect((await mayConnect('engineer')).answer.open).toBe(true);
  });

  test('a denial ends it; what was asked longer, without a reason or without a rule is refused', async () => {
    const engineer = world.as('engineer');
    const connection = { name: 'orders' };
    await expect(engineer.access.requestAccess({ connection, ...request })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await world.as('admin').access.createAccessRule({ ...asking, maxSeconds: 600 });
    await expect(engineer.access.requestAccess({ connection, ...request, seconds: 601 })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    await expect(engineer.access.requestAccess({ connection, reason: '', seconds: 60 })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    const { id } = await engineer.access.requestAccess({ connection, ...request });
    await world.as('reviewer').access.decideAccessRequest({ id, outcome: 'deny', comment: 'use staging' });
    expect(await engineer.access.listAccessRequests()).toContainEqual(expect.objectContaining({ id, state: 'denied' }));
    expect((await mayConnect('engineer')).answer.open).toBe(false);
    await expect(world.as('other').access.cancelAccessRequest({ id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('leave to read unmasked is a person’s own: no agent asks for it or gets it', async () => {
    await world.as('admin').access.createAccessRule(asking);
    const connection = { name: 'orders' };
    await expect(
      world.as('agent').access.requestAccess({ connection, kind: 'unmask', ...request }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const { id } = await world.as('engineer').access.requestAccess({ connection, kind: 'unmask', ...request });
    await world.as('reviewer').access.decideAccessRequest({ id, outcome: 'approve' });
    expect((await mayConnect('engineer')).grants.map(({ name }) => name)).toEqual(['unmask']);
    // Reading unmasked is not connecting.
    expect((await mayConnect('engineer')).answer.open).toBe(false);
    expect((await mayConnect('agent')).grants).toEqual([]);
  });
});

describe('break-glass', () => {
  const reason = 'production is down, ticket 1';
  const open = (name: Name, more: { password?: string; seconds?: number } = {}) =>
    world.as(name).access.breakGlass({ connectionId: world.connectionId, reason, ...more });

  test('the pre-authorised only, with their password, for an hour at most; loud, and on a list until another reviews it', async () => {
    await world.as('admin').access.createAccessRule({
      mode: 'break-glass',
      subject: { kind: 'person', id: world.actors.engineer.id },
      scope: prod,
    });
    await expect(open('other')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(open('admin')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(open('agent')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const hash = await hashPassword('correct horse');
    await world.test.database.transaction(async (tx) => {
      await setPasswordHash(tx, world.actors.engineer.id, hash);
    });
    await expect(open('engineer')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(open('engineer', { password: 'wrong' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(open('engineer', { password: 'correct horse', seconds: 3_601 })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    const told: unknown[] = [];
    const stop = world.services.bus.subscribe('sluice_notice', (payload) => told.push(payload));
    const grant = await open('engineer', { password: 'correct horse' });
    expect(grant.expiresAt.getTime() - grant.startsAt.getTime()).toBe(1_800_000);
    expect((await mayConnect('engineer')).answer).toMatchObject({ open: true, until: grant.expiresAt.toISOString() });
    await expect.poll(() => told).toContainEqual({ type: 'access', event: 'glass-broken', id: grant.id });
    stop();
    const events = await world.as('auditor').audit.listEvents({});
    expect(events.items[0]).toMatchObject({ action: 'access.breakGlass', sentence: expect.stringContaining(reason) });
    expect(await world.as('reviewer').access.listEmergencies()).toMatchObject([{ id: grant.id }]);
    expect(await world.as('engineer').access.listEmergencies()).toMatchObject([{ id: grant.id }]);
    expect(await world.as('other').access.listEmergencies()).toEqual([]);
    const review = { id: grant.id, comment: 'restarted the queue, nothing else' };
    await expect(world.as('reviewer').access.reviewEmergency(review)).rejects.toMatchObject({ code: 'CONFLICT' });
    await world.as('engineer').access.revokeGrant({ id: grant.id });
    expect((await mayConnect('engineer')).answer.open).toBe(false);
    const asReviewer = { ...world.actors.engineer, role: 'reviewer' };
    await expect(world.asActor(asReviewer).access.reviewEmergency(review)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await world.as('reviewer').access.reviewEmergency(review);
    expect(await world.as('reviewer').access.listEmergencies()).toEqual([]);
    await expect(world.as('second').access.reviewEmergency(review)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('nobody is pre-authorised in passing', async () => {
    const mode = 'break-glass';
    for (const subject of [{ kind: 'everyone' } as const, { kind: 'service', id: world.actors.agent.id } as const])
      await expect(world.as('admin').access.createAccessRule({ mode, subject, scope: prod })).rejects.toMatchObject({
        code: 'BAD_REQUEST',
      });
  });
});

test('the Access tab says who can, why, and what the caller may do; others’ access is not everybody’s to read', async () => {
  const admin = world.as('admin');
  await admin.access.createAccessRule({ mode: 'connect', subject: { kind: 'role', name: 'reviewer' }, scope: prod });
  await admin.access.createAccessRule(asking);
  await world.test.database.transaction(async (tx) => {
    const now = new Date();
    await createGrant(tx, {
      id: newId(),
      kind: 'just-in-time',
      name: 'just-in-time',
      holder: { kind: 'person', id: world.actors.engineer.id },
      scope: prod,
      bounds: null,
      reason: 'for a test',
      grantedById: null,
      startsAt: now,
      expiresAt: new Date(now.getTime() + 600_000),
    });
  });
  const shown = await admin.access.showConnectionAccess({ connectionId: world.connectionId });
  const entry = (name: string) => shown.everybody?.entries.find(({ actor }) => actor.name === name);
  expect(entry('reviewer')).toMatchObject({
    open: true,
    because: ['Everyone with the role reviewer may connect to connections where env is prod'],
  });
  expect(entry('engineer')).toMatchObject({ open: true, because: ['grant just-in-time: for a test'] });
  expect(entry('agent')).toMatchObject({ open: false });
  expect(shown.mine).toMatchObject({ open: false, mayRequest: { approvers: ['reviewer'] }, mayBreakGlass: null });
  const theirs = await world.as('other').access.showConnectionAccess({ connectionId: world.connectionId });
  expect(theirs).toMatchObject({ everybody: null, mine: { open: false } });
  expect(await findPerson(world.test.database.db, { id: world.actors.other.id })).not.toBeNull();
});

test('a rule for everyone lets nobody in whose role does not connect, and the Access tab says so', async () => {
  const admin = world.as('admin');
  await admin.access.createAccessRule({ mode: 'connect', subject: { kind: 'everyone' }, scope: prod });
  const watcher = { name: 'Otto', email: 'otto@example.com', role: 'auditor' as const, password: 'a long pass phrase' };
  await admin.identities.createPerson(watcher);
  const shown = await admin.access.showConnectionAccess({ connectionId: world.connectionId });
  const entry = (name: string) => shown.everybody?.entries.find(({ actor }) => actor.name === name);
  expect(entry('engineer')).toMatchObject({ open: true });
  expect(entry('Otto')).toMatchObject({ open: false, because: ['No role of theirs lets them connect.'] });
  // An agent may no more than those it acts for, and nothing beyond its scopes: so it is at the door.
  expect(entry('agent')).toMatchObject({ open: true });
  const agent = world.actors.agent.id;
  await admin.identities.updateAgent({ id: agent, scopes: { selector: { env: ['other'] } } });
  const narrowed = await admin.access.showConnectionAccess({ connectionId: world.connectionId });
  expect(narrowed.everybody?.entries.find(({ actor }) => actor.id === agent)).toMatchObject({ open: false });
  await admin.identities.updateAgent({ id: agent, scopes: {} });
});

test('maintenance windows travel with the bundle', async () => {
  const schedule = { zone: 'Europe/Berlin', weekdays: [7], from: '02:00', to: '04:00' };
  const view = await world.as('admin').access.createMaintenanceWindow({ name: 'deploy', ...prod, schedule });
  expect(view).toMatchObject({ when: 'Sun 02:00–04:00 Europe/Berlin', chosen: 'connections where env is prod' });
  expect(await world.as('engineer').access.listMaintenanceWindows()).toHaveLength(1);
  const bundle = async () => {
    const signed = await buildBundle(world.services, world.gateway, 0, new Date());
    return JSON.parse(Buffer.from(signed?.payload ?? '', 'base64url').toString()) as Bundle;
  };
  expect(await bundle()).toMatchObject({ maintenance: [{ name: 'deploy', schedule }] });
  expect((await bundle()).capabilities).toContain('maintenance-1');
  await world.as('admin').access.deleteMaintenanceWindow({ id: view.id });
  expect(await world.as('engineer').access.listMaintenanceWindows()).toEqual([]);
  expect(await bundle()).not.toHaveProperty('maintenance');
});
