import type { RoleAssignmentRow, RoleRow } from '@sluice/database';
import type { Permission } from '@sluice/domain';
import { builtInPermissions, describeSelector, labelSelectorSchema, permissions, personRoles } from '@sluice/domain';
import type { RoleAssignmentView, RoleView } from '../role-views.ts';

const descriptions = {
  admin: 'Everything: policy, connections, gateways, identities and roles.',
  security: 'Writes the policy, assigns roles, reads everything and ends sessions; makes no accounts.',
  reviewer: 'Decides what waits, and reads everything.',
  auditor: 'Reads everything; changes nothing, decides nothing and connects to nothing.',
  member: 'Connects, owns agents, and sees what they and their agents do.',
} as const;

/** The roles that are data in code, for the same list as the others. */
export function builtInRoleViews(): readonly RoleView[] {
  return personRoles.map((name) => ({
    id: null,
    name,
    description: descriptions[name],
    permissions: builtInPermissions(name) ?? [],
    builtIn: true,
  }));
}

export function toRoleView(row: RoleRow): RoleView {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    permissions: knownPermissions(row),
    builtIn: false,
  };
}

export function knownPermissions(row: RoleRow): readonly Permission[] {
  return permissions.filter((permission) => row.permissions.includes(permission));
}

export function toAssignmentView(row: RoleAssignmentRow): RoleAssignmentView {
  const selector = labelSelectorSchema.safeParse(row.selector);
  return {
    id: row.id,
    role: row.role,
    holder: holderOf(row),
    selector: selector.success ? selector.data : {},
    where: selector.success ? describeSelector(selector.data) : 'nothing: its selector cannot be read',
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
  };
}

/** The database holds that there is exactly one. */
export function holderOf(row: RoleAssignmentRow): RoleAssignmentView['holder'] {
  if (row.person !== null) return { kind: 'person', id: row.person.id, name: row.person.name };
  if (row.group !== null) return { kind: 'group', id: row.group.id, name: row.group.name };
  throw new Error('an assignment has a holder');
}
