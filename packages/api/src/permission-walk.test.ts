import { type BuiltInRole, builtInRoles } from '@sluice/domain';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProcedureMeta } from './procedure.ts';
import { appRouter, createCaller } from './router.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

/** Who may call what, written out by hand: a change of the permission table has to be wanted here too. */
const allowed: Readonly<Record<string, readonly BuiltInRole[]>> = {
  'overview.showOverview': ['admin', 'security', 'reviewer', 'auditor', 'member'],
  'connections.listConnections': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'connections.showConnection': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'connections.createConnection': ['admin'],
  'connections.updateConnection': ['admin'],
  'connections.deleteConnection': ['admin'],
  'connections.testConnection': ['admin'],
  'connections.rotateCredential': ['admin'],
  'connections.issueTicket': ['admin', 'security', 'reviewer', 'member', 'agent'],
  'connections.issueCertificate': ['admin', 'security', 'reviewer', 'member', 'agent'],
  'connections.listSealingKeys': ['admin'],
  'access.showConnectionAccess': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'access.listAccessRules': ['admin', 'security', 'reviewer', 'auditor'],
  'access.createAccessRule': ['admin', 'security'],
  'access.updateAccessRule': ['admin', 'security'],
  'access.deleteAccessRule': ['admin', 'security'],
  'access.requestAccess': ['admin', 'security', 'reviewer', 'member', 'agent'],
  'access.decideAccessRequest': ['admin', 'security', 'reviewer', 'member'],
  'access.cancelAccessRequest': ['admin', 'security', 'reviewer', 'member', 'agent'],
  'access.listAccessRequests': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'access.listGrants': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'access.revokeGrant': ['admin', 'security', 'reviewer', 'member', 'agent'],
  'access.breakGlass': ['admin', 'security', 'reviewer', 'member'],
  'access.listEmergencies': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'access.reviewEmergency': ['admin', 'security', 'reviewer'],
  'access.listMaintenanceWindows': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'access.createMaintenanceWindow': ['admin', 'security'],
  'access.deleteMaintenanceWindow': ['admin', 'security'],
  'gateways.listGateways': ['admin', 'security', 'reviewer', 'auditor'],
  'gateways.confirmMember': ['admin'],
  'keys.listKeys': ['admin', 'security', 'reviewer', 'auditor'],
  'keys.rotateKey': ['admin'],
  'keys.finishRotation': ['admin'],
  'gateways.createEnrolment': ['admin'],
  'gateways.revokeGateway': ['admin'],
  'policies.showActivePolicy': ['admin', 'security', 'reviewer', 'auditor'],
  'policies.listVersions': ['admin', 'security', 'reviewer', 'auditor'],
  'policies.showVersion': ['admin', 'security', 'reviewer', 'auditor'],
  'policies.checkPolicy': ['admin', 'security', 'reviewer', 'auditor'],
  'policies.publishPolicy': ['admin', 'security'],
  'policies.rollBack': ['admin', 'security'],
  'policies.explainStatement': ['admin', 'security', 'reviewer'],
  'approvals.listApprovals': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'approvals.showApproval': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'approvals.decideApproval': ['admin', 'security', 'reviewer', 'member'],
  'approvals.revertApproval': ['admin', 'security', 'reviewer', 'member'],
  'approvals.prepareDecision': ['admin', 'security', 'reviewer', 'member'],
  'approvals.countWaiting': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'approvals.stateReason': ['admin', 'security', 'reviewer', 'member'],
  'approvals.listDelegations': ['admin', 'security', 'reviewer', 'member'],
  'approvals.delegateApprovals': ['admin', 'security', 'reviewer', 'member'],
  'approvals.endDelegation': ['admin', 'security', 'reviewer', 'member'],
  'approvals.listAlikeGrants': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'approvals.endAlikeGrant': ['admin', 'security', 'reviewer', 'member'],
  'sessions.listSessions': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'sessions.showSession': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'sessions.listTimeline': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'sessions.readTerminal': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'sessions.listNotes': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'sessions.terminateSession': ['admin', 'security', 'reviewer', 'member'],
  'sessions.verifySession': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'identities.showMe': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'identities.listPeople': ['admin', 'security', 'reviewer', 'auditor'],
  'identities.listAgents': ['admin', 'security', 'reviewer', 'auditor', 'member'],
  'identities.listGroups': ['admin', 'security', 'reviewer', 'auditor'],
  'identities.createPerson': ['admin'],
  'identities.updatePerson': ['admin'],
  'identities.createAgent': ['admin', 'security', 'reviewer', 'member'],
  'identities.updateAgent': ['admin', 'security', 'reviewer', 'member'],
  'identities.createGroup': ['admin'],
  'identities.updateGroup': ['admin'],
  'identities.listTokens': ['admin', 'security', 'reviewer', 'auditor', 'member'],
  'identities.addKey': ['admin', 'security', 'reviewer', 'member'],
  'identities.createToken': ['admin', 'security', 'reviewer', 'member'],
  'identities.revokeToken': ['admin', 'security', 'reviewer', 'member'],
  'passkeys.listPasskeys': ['admin', 'security', 'reviewer', 'member'],
  'passkeys.preparePasskey': ['admin', 'security', 'reviewer', 'member'],
  'passkeys.addPasskey': ['admin', 'security', 'reviewer', 'member'],
  'passkeys.renamePasskey': ['admin', 'security', 'reviewer', 'member'],
  'passkeys.removePasskey': ['admin', 'security', 'reviewer', 'member'],
  'identities.listRoles': ['admin', 'security', 'auditor'],
  'identities.createRole': ['admin', 'security'],
  'identities.updateRole': ['admin', 'security'],
  'identities.deleteRole': ['admin', 'security'],
  'identities.listAssignments': ['admin', 'security', 'auditor'],
  'identities.assignRole': ['admin', 'security'],
  'identities.revokeAssignment': ['admin', 'security'],
  'identities.explainAccess': ['admin', 'security', 'auditor'],
  'identities.exchangeToken': ['admin', 'security', 'reviewer', 'member', 'agent'],
  'runs.listRuns': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'runs.listStatements': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'runs.showRun': ['admin', 'security', 'reviewer', 'auditor', 'member', 'agent'],
  'runs.startRun': ['admin', 'security', 'reviewer', 'member', 'agent'],
  'runs.endRun': ['admin', 'security', 'reviewer', 'member', 'agent'],
  'notifications.listChannels': ['admin'],
  'notifications.saveChannel': ['admin'],
  'notifications.removeChannel': ['admin'],
  'notifications.testChannel': ['admin'],
  'notifications.retryDelivery': ['admin'],
  'notifications.showPreferences': ['admin', 'security', 'reviewer', 'member'],
  'notifications.savePreferences': ['admin', 'security', 'reviewer', 'member'],
  'notifications.beginSlackLink': ['admin', 'security', 'reviewer', 'member'],
  'notifications.endSlackLink': ['admin', 'security', 'reviewer', 'member'],
  'audit.listEvents': ['admin', 'security', 'reviewer', 'auditor'],
  'streams.listStreams': ['admin', 'security', 'reviewer', 'auditor'],
  'streams.createStream': ['admin'],
  'streams.deleteStream': ['admin'],
  'streams.sendTest': ['admin'],
  'audit.verifyChain': ['admin', 'security', 'reviewer', 'auditor'],
};

const procedures = appRouter._def.procedures as unknown as Record<
  string,
  { readonly _def: { readonly meta?: ProcedureMeta } }
>;
const actorNames = {
  admin: 'admin',
  security: 'security',
  reviewer: 'reviewer',
  auditor: 'auditor',
  member: 'engineer',
  agent: 'agent',
} as const;

function procedureOf(caller: ReturnType<typeof createCaller>, path: string): (input: unknown) => Promise<unknown> {
  return path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], caller) as (
    input: unknown,
  ) => Promise<unknown>;
}

/** An input that no procedure accepts: who gets past the permission fails there, before anything happens. */
const nonsense = Symbol('nonsense');

async function isForbidden(caller: ReturnType<typeof createCaller>, path: string): Promise<boolean> {
  return procedureOf(
    caller,
    path,
  )(nonsense).then(
    () => false,
    (error: { readonly code?: string }) => error.code === 'FORBIDDEN',
  );
}

test('every procedure declares a permission, and the table names every procedure', () => {
  expect(Object.keys(procedures).sort()).toEqual(Object.keys(allowed).sort());
  for (const [path, procedure] of Object.entries(procedures))
    expect(procedure._def.meta?.permission, path).toBeTypeOf('string');
});

test.each(Object.keys(allowed))('%s is open to exactly the roles of the table', async (path) => {
  for (const role of builtInRoles) {
    const forbidden = await isForbidden(world.as(actorNames[role]), path);
    expect(forbidden, `${path} as ${role}`).toBe(allowed[path]?.includes(role) !== true);
  }
  const nobody = createCaller({ services: world.services, caller: null, refusal: null, address: null, software: null });
  await expect(procedureOf(nobody, path)(nonsense)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
});

test('an auditor calls no mutation at all', () => {
  const mutations = Object.entries(procedures).filter(([, procedure]) => procedure._def.meta?.kind === 'mutation');
  expect(mutations.map(([path]) => path).filter((path) => allowed[path]?.includes('auditor'))).toEqual([]);
});

test('invariant 3: no service identity changes policy or identities or decides', () => {
  const mutations = Object.entries(procedures).filter(([, procedure]) => procedure._def.meta?.kind === 'mutation');
  const open = mutations.map(([path]) => path).filter((path) => allowed[path]?.includes('agent'));
  // It may connect, declare what it works on and take short-lived tokens, ask for access, take that back and give access up: none of it gives anybody anything.
  const harmless = ['access.cancelAccessRequest', 'access.requestAccess', 'access.revokeGrant'];
  const own = [
    'connections.issueCertificate',
    'connections.issueTicket',
    'identities.exchangeToken',
    'runs.endRun',
    'runs.startRun',
  ];
  expect(open.sort()).toEqual([...harmless, ...own]);
});

test('a custom role opens what its permissions open, and nothing else', async () => {
  const given = ['self.read', 'policies.read', 'sessions.read'] as const;
  const admin = world.as('admin');
  await admin.identities.createRole({ name: 'watcher', description: 'Watches.', permissions: [...given] });
  await admin.identities.updatePerson({ id: world.actors.other.id, role: 'watcher' });
  for (const [path, procedure] of Object.entries(procedures)) {
    const needed = procedure._def.meta?.permission;
    const forbidden = await isForbidden(world.as('other'), path);
    expect(forbidden, path).toBe(!given.some((permission) => permission === needed));
  }
  await admin.identities.updatePerson({ id: world.actors.other.id, role: 'member' });
});

/** Some hundred calls one after the other, each with its own look-up of rights. In ms. */
const walkTimeoutMs = 240_000;

test('invariant 3: an agent reaches no more for its owner being an admin, nor for its team being everything', {
  timeout: walkTimeoutMs,
}, async () => {
  const admin = world.as('admin');
  const roles = ['admin', 'security', 'reviewer'] as const;
  const team = await admin.identities.createGroup({
    name: 'everything',
    memberIds: roles.map((role) => world.actors[role].id),
  });
  for (const role of roles) await admin.identities.assignRole({ role, holder: { kind: 'group', id: team.id } });
  const agents = [
    await admin.identities.createAgent({ name: 'of-admin', ownerId: world.actors.admin.id }),
    await admin.identities.createAgent({ name: 'of-team', teamId: team.id }),
  ];
  for (const { id, name, owner } of agents) {
    const caller = world.asActor({ ...world.actors.agent, id, name, onBehalfOf: owner });
    for (const path of Object.keys(allowed))
      expect(await isForbidden(caller, path), `${path} as ${name}`).toBe(allowed[path]?.includes('agent') !== true);
  }
  // An agent of nobody who is active reaches nothing at all.
  const lonely = await admin.identities.createGroup({ name: 'nobody', memberIds: [] });
  const { id, name, owner } = await admin.identities.createAgent({ name: 'of-nobody', teamId: lonely.id });
  const caller = world.asActor({ ...world.actors.agent, id, name, onBehalfOf: owner });
  for (const path of Object.keys(allowed)) expect(await isForbidden(caller, path), path).toBe(true);
});
