import { type Permission, permissionScope, permissions } from './permissions.ts';

/** What a person reads before they give a permission: what its holder may do, following "may". */
export interface PermissionText {
  readonly group: PermissionGroup;
  readonly text: string;
}

/** Permissions that belong together, in the order in which people read them. */
export const permissionGroups = [
  'Connections and access',
  'Statements that wait',
  'Sessions and recordings',
  'Policy',
  'People, agents and roles',
  'The installation',
  'Their own account',
] as const;
export type PermissionGroup = (typeof permissionGroups)[number];

const texts: Readonly<Record<Permission, PermissionText>> = {
  'connections.read': { group: 'Connections and access', text: 'see connections' },
  'connections.connect': {
    group: 'Connections and access',
    text: 'connect, where an access rule or a grant lets them',
  },
  'connections.write': { group: 'Connections and access', text: 'add, change, test and delete connections' },
  'access.request': { group: 'Connections and access', text: 'ask for access, and give their own up' },
  'access.break-glass': { group: 'Connections and access', text: 'take emergency access, where a rule names them' },
  'access.read': { group: 'Connections and access', text: 'see everybody’s access: rules, grants and requests' },
  'access.review': { group: 'Connections and access', text: 'review emergency access afterwards' },
  'access.write': { group: 'Connections and access', text: 'write access rules and end anybody’s grant' },
  'approvals.read.own': { group: 'Statements that wait', text: 'see approvals of their own and those that ask them' },
  'approvals.read': { group: 'Statements that wait', text: 'see everybody’s approvals' },
  'approvals.decide': { group: 'Statements that wait', text: 'decide approvals, where a rule asks them' },
  'sessions.read.own': { group: 'Sessions and recordings', text: 'see sessions of their own and of their agents' },
  'sessions.read': { group: 'Sessions and recordings', text: 'see everybody’s sessions and runs' },
  'sessions.terminate.own': { group: 'Sessions and recordings', text: 'end sessions of their own and of their agents' },
  'sessions.terminate': { group: 'Sessions and recordings', text: 'end anybody’s session' },
  'recordings.read': { group: 'Sessions and recordings', text: 'take recordings away as files' },
  'runs.declare': { group: 'Sessions and recordings', text: 'declare runs: what they work on' },
  'policies.read': { group: 'Policy', text: 'read the policy and its versions' },
  'policies.explain.own': { group: 'Policy', text: 'ask what the policy says to their own statements' },
  'policies.explain': { group: 'Policy', text: 'ask what the policy says to anybody’s statements' },
  'policies.write': { group: 'Policy', text: 'publish the policy and roll it back' },
  'identities.read.own': { group: 'People, agents and roles', text: 'see agents and tokens of their own' },
  'identities.read': { group: 'People, agents and roles', text: 'see all people, agents, groups and tokens' },
  'identities.write.own': { group: 'People, agents and roles', text: 'make agents and tokens of their own' },
  'identities.write': { group: 'People, agents and roles', text: 'make and disable people, agents, groups and tokens' },
  'roles.read': { group: 'People, agents and roles', text: 'see roles, and who can do what' },
  'roles.write': { group: 'People, agents and roles', text: 'make roles and give those that they hold themselves' },
  'gateways.read': { group: 'The installation', text: 'see gateways and keys' },
  'gateways.write': { group: 'The installation', text: 'enrol and revoke gateways, and rotate keys' },
  'audit.read': { group: 'The installation', text: 'read and export the audit log' },
  'streams.read': { group: 'The installation', text: 'see event streams' },
  'streams.write': { group: 'The installation', text: 'add and remove event streams' },
  'notifications.write': { group: 'The installation', text: 'set up mail, Slack and webhooks' },
  'overview.read': { group: 'The installation', text: 'see the overview' },
  'self.read': { group: 'Their own account', text: 'sign in and see who they are' },
  'self.exchange': { group: 'Their own account', text: 'take short-lived tokens in exchange for a longer one' },
  'passkeys.write.own': { group: 'Their own account', text: 'register passkeys, with which they sign decisions' },
  'notifications.write.own': { group: 'Their own account', text: 'choose what they are told of' },
};

/** What the holder of a permission may do. */
export function describePermission(permission: Permission): PermissionText {
  return texts[permission];
}

/** All permissions by group, each group in the order of its words. */
export function permissionsByGroup(): readonly {
  readonly group: PermissionGroup;
  readonly permissions: readonly Permission[];
}[] {
  const order = Object.keys(texts);
  return permissionGroups.map((group) => ({
    group,
    permissions: permissions
      .filter((permission) => texts[permission].group === group)
      .toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
  }));
}

/** Where a permission counts, when it is given for some connections only; null: there too. */
export function permissionLimit(permission: Permission): string | null {
  return permissionScope(permission) === 'installation' ? 'for every connection only' : null;
}
