import type { Db } from '@sluice/database';
import { findRoles, listAssignmentsOf, type RoleAssignmentRow } from '@sluice/database';
import type { HeldRole, Permission, Rights } from '@sluice/domain';
import { agentScopesSchema, builtInPermissions, labelSelectorSchema, noRights, permissions } from '@sluice/domain';
import type { AgentLike, PersonLike } from './actors.ts';
import { activeOwners, agentIsActive } from './actors.ts';

/** What each of these people may do at this moment, by their id. Whoever is disabled may do nothing. */
export async function rightsOfPeople(
  db: Db,
  people: readonly PersonLike[],
  now: Date,
): Promise<ReadonlyMap<string, Rights>> {
  const groupIds = new Set(people.flatMap((person) => person.memberships.map(({ group }) => group.id)));
  const holders = { personIds: people.map(({ id }) => id), groupIds: [...groupIds] };
  const assignments = await listAssignmentsOf(db, holders, now);
  const names = [...people.map(({ role }) => role), ...assignments.map(({ role }) => role)];
  const permissionsOf = await readPermissions(db, names);
  return new Map(people.map((person) => [person.id, rightsFrom(person, assignments, permissionsOf)]));
}

export async function rightsOfPerson(db: Db, person: PersonLike, now: Date): Promise<Rights> {
  return (await rightsOfPeople(db, [person], now)).get(person.id) ?? noRights;
}

/**
 * What an agent may do: what every agent may, on the connections of its scopes, within what at least one of the active people it acts
 * for may do. A disabled or expired agent may do nothing.
 */
export async function rightsOfServiceIdentity(db: Db, agent: AgentLike, now: Date): Promise<Rights> {
  return rightsWithin(agent, await rightsOfPeople(db, activeOwners(agent), now), now);
}

/** The same, of an agent whose people's rights are known, by their id. */
export function rightsWithin(agent: AgentLike, rights: ReadonlyMap<string, Rights>, now: Date): Rights {
  const scopes = agentScopesSchema.safeParse(agent.scopes);
  if (!agentIsActive(agent, now) || !scopes.success) return noRights;
  const { connectionIds, selector } = scopes.data;
  const owners = activeOwners(agent);
  return {
    roles: [
      {
        role: 'agent',
        permissions: builtInPermissions('agent') ?? [],
        selector,
        connectionIds: connectionIds.length === 0 ? null : connectionIds,
        via: { kind: 'base' },
        expiresAt: agent.expiresAt,
      },
    ],
    within: owners.map(({ id, name }) => ({ name, rights: rights.get(id) ?? noRights })),
  };
}

function rightsFrom(
  person: PersonLike,
  assignments: readonly RoleAssignmentRow[],
  permissionsOf: (role: string) => readonly Permission[],
): Rights {
  if (person.disabledAt !== null) return noRights;
  const base: HeldRole = {
    role: person.role,
    permissions: permissionsOf(person.role),
    selector: {},
    connectionIds: null,
    via: { kind: 'base' },
    expiresAt: null,
  };
  const groups = new Map(person.memberships.map(({ group }) => [group.id, group.name]));
  const assigned = assignments.flatMap((row): HeldRole[] => {
    const group = row.groupId === null ? undefined : groups.get(row.groupId);
    if (row.personId !== person.id && group === undefined) return [];
    // A selector that cannot be read chooses nothing.
    const selector = labelSelectorSchema.safeParse(row.selector);
    if (!selector.success) return [];
    return [
      {
        role: row.role,
        permissions: permissionsOf(row.role),
        selector: selector.data,
        connectionIds: null,
        via: group === undefined ? { kind: 'person' } : { kind: 'group', group },
        expiresAt: row.expiresAt,
      },
    ];
  });
  return { roles: [base, ...assigned], within: null };
}

/** What roles may do, by their names. A role that is not there may do nothing, nor may a permission that is no longer known. */
async function readPermissions(db: Db, names: readonly string[]): Promise<(role: string) => readonly Permission[]> {
  const custom = [...new Set(names)].filter((name) => builtInPermissions(name) === null);
  const rows = custom.length === 0 ? [] : await findRoles(db, custom);
  const found = new Map(rows.map((row) => [row.name, permissions.filter((one) => row.permissions.includes(one))]));
  return (role) => builtInPermissions(role) ?? found.get(role) ?? [];
}
