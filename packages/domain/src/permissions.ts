import { z } from 'zod';
import { type BuiltInRole, builtInRoles } from './actor.ts';

/**
 * What procedures demand. A permission ending in `.own` opens what belongs to the caller: what they or their agents did, and
 * approvals that are addressed to them; the one without it opens everybody's.
 */
export const permissions = [
  'self.read',
  'self.exchange',
  'overview.read',
  'connections.read',
  'connections.connect',
  'connections.write',
  'access.request',
  'access.break-glass',
  'access.read',
  'access.review',
  'access.write',
  'gateways.read',
  'gateways.write',
  'policies.read',
  'policies.write',
  'policies.explain.own',
  'policies.explain',
  'approvals.read.own',
  'approvals.read',
  'approvals.decide',
  'sessions.read.own',
  'sessions.read',
  'sessions.terminate.own',
  'sessions.terminate',
  'runs.declare',
  'recordings.read',
  'identities.read.own',
  'identities.read',
  'identities.write.own',
  'identities.write',
  'passkeys.write.own',
  'notifications.write.own',
  'notifications.write',
  'audit.read',
  'roles.read',
  'roles.write',
  'streams.read',
  'streams.write',
] as const;
export type Permission = (typeof permissions)[number];
export const permissionSchema = z.enum(permissions);

/**
 * What a permission is about. `connection`: held for each connection by its labels. `personal`: about the caller's own things, so
 * that holding it for one connection is holding it. `installation`: about the whole, so that only an assignment without a selector
 * gives it.
 */
export type PermissionScope = 'connection' | 'personal' | 'installation';

const connectionPermissions: ReadonlySet<Permission> = new Set<Permission>([
  'connections.read',
  'connections.connect',
  'connections.write',
  'approvals.read',
  'approvals.decide',
  'sessions.read',
  'sessions.terminate',
  'recordings.read',
]);
const personalPermissions: ReadonlySet<Permission> = new Set<Permission>([
  'self.read',
  'self.exchange',
  'runs.declare',
  'overview.read',
  'approvals.read.own',
  'sessions.read.own',
  'sessions.terminate.own',
  'identities.read.own',
  'identities.write.own',
  'access.request',
  'passkeys.write.own',
  'notifications.write.own',
]);

export function permissionScope(permission: Permission): PermissionScope {
  if (connectionPermissions.has(permission)) return 'connection';
  return personalPermissions.has(permission) ? 'personal' : 'installation';
}

/** What an agent may do: look, connect, and watch what it started. Nothing here changes policy, identities or decisions (invariant 3). */
const agent: readonly Permission[] = [
  'self.read',
  'self.exchange',
  'runs.declare',
  'connections.read',
  'connections.connect',
  'access.request',
  'approvals.read.own',
  'sessions.read.own',
];

/** `approvals.decide` lets a person answer at all; whether an answer counts is judged for each approval (who may, never the requester). */
const member: readonly Permission[] = [
  ...agent,
  'access.break-glass',
  'overview.read',
  'approvals.decide',
  'sessions.terminate.own',
  'recordings.read',
  'identities.read.own',
  'identities.write.own',
  'passkeys.write.own',
  'notifications.write.own',
];

/** What watching over everything takes. Nothing here changes, decides or connects. */
const auditor: readonly Permission[] = [
  'self.read',
  'overview.read',
  'connections.read',
  'access.read',
  'gateways.read',
  'policies.read',
  'approvals.read.own',
  'approvals.read',
  'sessions.read.own',
  'sessions.read',
  'recordings.read',
  'identities.read.own',
  'identities.read',
  'audit.read',
  'roles.read',
  'streams.read',
];

const reviewer: readonly Permission[] = [
  ...member,
  ...auditor.filter((permission) => permission !== 'roles.read'),
  'access.review',
  'policies.explain.own',
];

/** Writes the policy and stops what should not run, but makes no accounts. The default policy asks it for no approval. */
const security: readonly Permission[] = [
  ...reviewer,
  'access.write',
  'policies.write',
  'policies.explain',
  'sessions.terminate',
  'roles.read',
  'roles.write',
];

const byRole: Readonly<Record<BuiltInRole, ReadonlySet<Permission>>> = {
  admin: new Set(permissions),
  security: new Set(security),
  reviewer: new Set(reviewer),
  auditor: new Set(auditor),
  member: new Set(member),
  agent: new Set(agent),
};

/** What a built-in role may do; null for a name that is none. */
export function builtInPermissions(role: string): readonly Permission[] | null {
  const builtIn = builtInRoles.find((known) => known === role);
  return builtIn === undefined ? null : permissions.filter((permission) => byRole[builtIn].has(permission));
}
