import { readCounters } from '@sluice/database';
import type { Permission } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { judged, recordSession } from '@sluice/testkit/recordings';
import { connectionInput, makeWorld, type Name, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeChunk } from '../gateway/accept-chunk.ts';
import { raiseApproval } from '../gateway/approvals.ts';

/** Two connections, `orders` (env=prod) and `trial` (env=staging), and people whose base role may do next to nothing. */
let world: World;
let trialId: string;
const onProd = { env: ['prod'] };
const guest: Permission[] = ['self.read', 'overview.read'];

beforeAll(async () => {
  world = await makeWorld();
  trialId = newId();
  const admin = world.as('admin');
  await admin.connections.createConnection({
    ...connectionInput,
    id: trialId,
    name: 'trial',
    labels: { env: 'staging' },
    groupId: world.gateway.id,
  });
  await admin.identities.createRole({ name: 'guest', description: 'Looks on.', permissions: guest });
  await admin.identities.createRole({
    name: 'operator',
    description: 'Runs connections.',
    permissions: ['connections.read', 'connections.connect', 'connections.write', 'sessions.read', 'recordings.read'],
  });
  for (const name of ['other', 'second'] as const)
    await admin.identities.updatePerson({ id: world.actors[name].id, role: 'guest' });
});
afterAll(() => world.stop());

const assign = (
  by: Name,
  role: string,
  holder: { kind: 'person' | 'group'; id: string },
  selector: Record<string, string[]> = {},
  expiresAt: Date | null = null,
) => world.as(by).identities.assignRole({ role, holder, selector, expiresAt });
const person = (name: Name) => ({ kind: 'person' as const, id: world.actors[name].id });

test('a role is for the connections of its assignment, by every road', async () => {
  const other = world.as('other');
  expect(await other.connections.listConnections({}).catch((error: { code: string }) => error.code)).toBe('FORBIDDEN');
  const made = await assign('admin', 'operator', person('other'), onProd);
  expect((await other.connections.listConnections({})).map(({ name }) => name)).toEqual(['orders']);
  await expect(other.connections.showConnection({ id: world.connectionId })).resolves.toBeDefined();
  for (const road of [
    () => other.connections.showConnection({ id: trialId }),
    () => other.connections.updateConnection({ id: trialId, revision: 1, name: 'mine' }),
    () => other.connections.deleteConnection({ id: trialId }),
    () => other.connections.testConnection({ id: trialId }),
    () => other.connections.rotateCredential({ id: trialId, purpose: 'writer' }),
    () => other.connections.issueTicket({ id: trialId, secretHash: 'x'.repeat(43) }),
  ])
    await expect(road()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  // Neither made nor moved to where the role does not reach.
  const elsewhere = { ...connectionInput, id: newId(), name: 'elsewhere', groupId: world.gateway.id };
  await expect(other.connections.createConnection({ ...elsewhere, labels: {} })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  const { revision } = await other.connections.showConnection({ id: world.connectionId });
  await expect(
    other.connections.updateConnection({ id: world.connectionId, revision, labels: { env: 'staging' } }),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await world.as('admin').identities.revokeAssignment({ id: made.id });
  await expect(other.connections.listConnections({})).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('sessions, recordings and approvals are those of the assignment’s connections', async () => {
  const ids: Record<string, { session: string; approval: string }> = {};
  for (const [env, connectionId] of Object.entries({ prod: world.connectionId, staging: trialId })) {
    const { sessionId, chunks } = await recordSession({ ...world, connectionId }, 'agent', [
      [judged(0, `select '${env}'`)],
    ]);
    for (const chunk of chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
    const hold = world.hold('agent', { connectionId, approvers: ['dba'] });
    await raiseApproval(world.services, world.gateway, hold, new Date());
    ids[env] = { session: sessionId, approval: hold.id };
  }
  const group = await world.as('admin').identities.createGroup({ name: 'dba', memberIds: [world.actors.second.id] });
  await assign('admin', 'reviewer', { kind: 'group', id: group.id }, onProd);
  const second = world.as('second');
  expect((await second.sessions.listSessions({})).items.map(({ id }) => id)).toEqual([ids.prod?.session]);
  await expect(second.sessions.showSession({ id: ids.prod?.session ?? '' })).resolves.toBeDefined();
  const hidden = ids.staging ?? { session: '', approval: '' };
  for (const road of [
    () => second.sessions.showSession({ id: hidden.session }),
    () => second.sessions.listTimeline({ id: hidden.session }),
    () => second.sessions.verifySession({ id: hidden.session }),
    () => second.sessions.terminateSession({ id: ids.prod?.session ?? '' }),
  ])
    await expect(road()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const decide = (id: string) => second.approvals.decideApproval({ id, outcome: 'approve' });
  await expect(second.approvals.showApproval({ id: ids.prod?.approval ?? '' })).resolves.toMatchObject({
    mayDecide: { yes: true },
  });
  await expect(decide(hidden.approval)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(decide(ids.prod?.approval ?? '')).resolves.toMatchObject({ state: 'approved' });
  // The installation's own is not reached by a role on some connections.
  for (const road of [
    () => second.audit.listEvents({}),
    () => second.identities.listPeople(),
    () => second.policies.listVersions(),
  ])
    await expect(road()).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('nobody gives what they do not hold', async () => {
  const forbidden = { code: 'FORBIDDEN' };
  const security = world.as('security');
  await expect(assign('security', 'admin', person('other'))).rejects.toMatchObject(forbidden);
  await expect(assign('security', 'operator', person('security'))).rejects.toMatchObject(forbidden);
  await expect(
    security.identities.createRole({ name: 'helper', description: 'x', permissions: ['identities.write'] }),
  ).rejects.toMatchObject(forbidden);
  const small = await security.identities.createRole({ name: 'helper', description: 'x', permissions: ['audit.read'] });
  await expect(
    security.identities.updateRole({ id: small.id ?? '', permissions: ['audit.read', 'gateways.write'] }),
  ).rejects.toMatchObject(forbidden);
  await expect(assign('security', 'reviewer', person('engineer'), onProd)).resolves.toMatchObject({ role: 'reviewer' });
  // Nor through an account: who may make accounts makes none above their own.
  const admin = world.as('admin');
  await admin.identities.createRole({
    name: 'helpdesk',
    description: 'Makes accounts.',
    permissions: ['self.read', 'identities.read', 'identities.write'],
  });
  await admin.identities.updatePerson({ id: world.actors.other.id, role: 'helpdesk' });
  const helpdesk = world.as('other');
  const account = { name: 'new', email: 'new@demo.test', password: 'a long enough password' };
  await expect(helpdesk.identities.createPerson({ ...account, role: 'admin' })).rejects.toMatchObject(forbidden);
  await expect(helpdesk.identities.updatePerson({ id: world.actors.other.id, role: 'admin' })).rejects.toMatchObject(
    forbidden,
  );
  await expect(helpdesk.identities.updatePerson({ id: world.actors.admin.id, role: 'helpdesk' })).rejects.toBeDefined();
  // Nor through a group that has more.
  const group = await admin.identities.createGroup({ name: 'root', memberIds: [] });
  await assign('admin', 'admin', { kind: 'group', id: group.id });
  const join = helpdesk.identities.updateGroup({ id: group.id, memberIds: [world.actors.other.id] });
  await expect(join).rejects.toMatchObject(forbidden);
  const join2 = helpdesk.identities.updatePerson({ id: world.actors.other.id, groupIds: [group.id] });
  await expect(join2).rejects.toMatchObject(forbidden);
  await expect(helpdesk.identities.createPerson({ ...account, role: 'guest' })).rejects.toMatchObject(forbidden);
  await admin.identities.updatePerson({ id: world.actors.other.id, role: 'guest' });
});

test('an assignment moves the revocation epoch, ends by itself, and names nobody unknown', async () => {
  const epoch = async () => (await readCounters(world.test.database.db)).revocationEpoch;
  const before = await epoch();
  const soon = new Date(Date.now() + 60_000);
  const made = await assign('admin', 'member', person('other'), {}, soon);
  expect(made).toMatchObject({ where: 'every connection', expiresAt: soon });
  expect(await epoch()).toBeGreaterThan(before);
  await world.test.query(`UPDATE "RoleAssignment" SET "expiresAt" = now() - interval '1 second' WHERE id = $1`, [
    made.id,
  ]);
  await expect(world.as('other').connections.listConnections({})).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(assign('admin', 'member', { kind: 'group', id: newId() })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(assign('admin', 'nobody-knows', person('other'))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  await expect(assign('admin', 'agent', person('other'))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  await expect(assign('admin', 'member', { kind: 'person', id: world.actors.agent.id })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('a role that is in use stays, and built-in ones are not edited', async () => {
  const admin = world.as('admin');
  const roles = await admin.identities.listRoles();
  expect(roles.filter((role) => role.builtIn).map(({ name }) => name)).toEqual([
    'admin',
    'security',
    'reviewer',
    'auditor',
    'member',
  ]);
  const guestRole = roles.find(({ name }) => name === 'guest');
  await expect(admin.identities.deleteRole({ id: guestRole?.id ?? '' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  for (const name of ['admin', 'agent'])
    await expect(admin.identities.createRole({ name, description: 'x', permissions: [] })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
  await expect(admin.identities.createGroup({ name: 'guest', memberIds: [] })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
  await expect(admin.identities.createRole({ name: 'dba', description: 'x', permissions: [] })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
});

test('who can do what, and why', async () => {
  const auditor = world.as('auditor');
  const about = await auditor.identities.explainAccess({ identityId: world.actors.second.id });
  const row = (name: string) => about.rows.find((one) => one.connection?.name === name)?.answers;
  expect(row('orders')?.approve).toMatchObject({
    yes: true,
    because: 'by role reviewer through group dba on connections where env is prod',
  });
  expect(row('trial')?.approve).toMatchObject({
    yes: false,
    because: 'role reviewer gives it on connections where env is prod, which this is not',
  });
  expect(row('orders')?.change).toMatchObject({ yes: false, because: 'no role gives it (guest, reviewer)' });
  const there = await auditor.identities.explainAccess({ connectionId: world.connectionId });
  const of = (name: Name) => there.rows.find((one) => one.actor?.name === name)?.answers;
  expect(of('auditor')?.connect.yes).toBe(false);
  expect(of('agent')?.connect.because).toMatch(/^by role agent on every connection, within engineer’s: by role/);
  expect(of('agent')?.approve).toMatchObject({ yes: false, because: 'no role gives it (agent)' });
  expect(of('stray')?.connect).toMatchObject({ yes: false });
  const rule = 'Everyone may connect to every connection';
  expect(of('agent')?.connect).toMatchObject({ yes: true, because: expect.stringContaining(`access: “${rule}”`) });
  expect(of('auditor')?.connect.because).toContain(`although access is given: “${rule}”`);
  const [everyone] = await world.as('admin').access.listAccessRules();
  await world.as('admin').access.deleteAccessRule({ id: everyone?.id ?? '' });
  const without = await auditor.identities.explainAccess({ identityId: world.actors.second.id });
  expect(without.rows[0]?.answers.connect).toEqual({
    yes: false,
    because: 'no access rule or grant lets them connect',
    until: null,
  });
});
