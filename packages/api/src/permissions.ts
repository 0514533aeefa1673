import type { ActorRole } from '@sluice/domain';

/**
 * What procedures demand. A permission ending in `.own` opens what belongs to the caller: what they or their agents did, and
 * approvals that are addressed to them; the one without it opens everybody's.
 */
export const permissions = [
  'self.read',
  'overview.read',
  'connections.read',
  'connections.connect',
  'connections.write',
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
  'recordings.read',
  'identities.read.own',
  'identities.read',
  'identities.write.own',
  'identities.write',
  'audit.read',
] as const;
export type Permission = (typeof permissions)[number];

/** What an agent may do: look, connect, and watch what it started. Nothing here changes policy, identities or decisions (invariant 3). */
const agent: readonly Permission[] = [
  'self.read',
  'connections.read',
  'connections.connect',
  'approvals.read.own',
  'sessions.read.own',
];

/** `approvals.decide` lets a person answer at all; whether an answer counts is judged for each approval (who may, never the requester). */
const engineer: readonly Permission[] = [
  ...agent,
  'overview.read',
  'approvals.decide',
  'sessions.terminate.own',
  'recordings.read',
  'identities.read.own',
  'identities.write.own',
];

const reviewer: readonly Permission[] = [
  ...engineer,
  'gateways.read',
  'policies.read',
  'policies.explain.own',
  'approvals.read',
  'sessions.read',
  'identities.read',
  'audit.read',
];

const byRole: Readonly<Record<ActorRole, ReadonlySet<Permission>>> = {
  admin: new Set(permissions),
  reviewer: new Set(reviewer),
  engineer: new Set(engineer),
  agent: new Set(agent),
};

export function permissionsOf(role: ActorRole): readonly Permission[] {
  return permissions.filter((permission) => byRole[role].has(permission));
}

export function hasPermission(role: ActorRole, permission: Permission): boolean {
  return byRole[role].has(permission);
}
