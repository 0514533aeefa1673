import { type ActorRole, actorRoles } from '@sluice/domain';
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
const allowed: Readonly<Record<string, readonly ActorRole[]>> = {
  'overview.showOverview': ['admin', 'reviewer', 'engineer'],
  'connections.listConnections': ['admin', 'reviewer', 'engineer', 'agent'],
  'connections.showConnection': ['admin', 'reviewer', 'engineer', 'agent'],
  'connections.createConnection': ['admin'],
  'connections.updateConnection': ['admin'],
  'connections.deleteConnection': ['admin'],
  'connections.testConnection': ['admin'],
  'connections.rotateCredential': ['admin'],
  'connections.issueTicket': ['admin', 'reviewer', 'engineer', 'agent'],
  'connections.listSealingKeys': ['admin'],
  'gateways.listGateways': ['admin', 'reviewer'],
  'gateways.createEnrolment': ['admin'],
  'gateways.revokeGateway': ['admin'],
  'policies.showActivePolicy': ['admin', 'reviewer'],
  'policies.listVersions': ['admin', 'reviewer'],
  'policies.showVersion': ['admin', 'reviewer'],
  'policies.checkPolicy': ['admin', 'reviewer'],
  'policies.publishPolicy': ['admin'],
  'policies.rollBack': ['admin'],
  'policies.explainStatement': ['admin', 'reviewer'],
  'approvals.listApprovals': ['admin', 'reviewer', 'engineer', 'agent'],
  'approvals.showApproval': ['admin', 'reviewer', 'engineer', 'agent'],
  'approvals.decideApproval': ['admin', 'reviewer', 'engineer'],
  'approvals.countWaiting': ['admin', 'reviewer', 'engineer', 'agent'],
  'sessions.listSessions': ['admin', 'reviewer', 'engineer', 'agent'],
  'sessions.showSession': ['admin', 'reviewer', 'engineer', 'agent'],
  'sessions.listTimeline': ['admin', 'reviewer', 'engineer', 'agent'],
  'sessions.terminateSession': ['admin', 'reviewer', 'engineer'],
  'sessions.verifySession': ['admin', 'reviewer', 'engineer', 'agent'],
  'identities.showMe': ['admin', 'reviewer', 'engineer', 'agent'],
  'identities.listPeople': ['admin', 'reviewer'],
  'identities.listAgents': ['admin', 'reviewer', 'engineer'],
  'identities.listGroups': ['admin', 'reviewer'],
  'identities.createPerson': ['admin'],
  'identities.updatePerson': ['admin'],
  'identities.createAgent': ['admin', 'reviewer', 'engineer'],
  'identities.updateAgent': ['admin', 'reviewer', 'engineer'],
  'identities.createGroup': ['admin'],
  'identities.updateGroup': ['admin'],
  'identities.listTokens': ['admin', 'reviewer', 'engineer'],
  'identities.createToken': ['admin', 'reviewer', 'engineer'],
  'identities.revokeToken': ['admin', 'reviewer', 'engineer'],
  'audit.listEvents': ['admin', 'reviewer'],
  'audit.verifyChain': ['admin', 'reviewer'],
};

const procedures = appRouter._def.procedures as unknown as Record<
  string,
  { readonly _def: { readonly meta?: ProcedureMeta } }
>;
const actorNames = { admin: 'admin', reviewer: 'reviewer', engineer: 'engineer', agent: 'agent' } as const;

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
  for (const role of actorRoles) {
    const forbidden = await isForbidden(world.as(actorNames[role]), path);
    expect(forbidden, `${path} as ${role}`).toBe(allowed[path]?.includes(role) !== true);
  }
  const nobody = createCaller({ services: world.services, caller: null, refusal: null, address: null });
  await expect(procedureOf(nobody, path)(nonsense)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
});

test('invariant 3: no service identity changes policy or identities or decides', () => {
  const mutations = Object.entries(procedures).filter(([, procedure]) => procedure._def.meta?.kind === 'mutation');
  const open = mutations.map(([path]) => path).filter((path) => allowed[path]?.includes('agent'));
  expect(open).toEqual(['connections.issueTicket']);
});
