import type { Db } from '@sluice/database';
import { findRoles, listAssignmentsOf } from '@sluice/database';
import type { LabelSelector, Permission, Rights } from '@sluice/domain';
import { builtInPermissions, labelSelectorSchema, mayGive, SluiceError } from '@sluice/domain';
import { refusedInput } from '../errors.ts';
import { knownPermissions } from './role-views.ts';

/** What a role that people can have may do. Throws SluiceError `bad-request` when there is none of this name. */
export async function permissionsOfRole(db: Db, name: string): Promise<readonly Permission[]> {
  const builtIn = name === 'agent' ? null : builtInPermissions(name);
  if (builtIn !== null) return builtIn;
  const [row] = await findRoles(db, [name]);
  if (row === undefined) throw refusedInput(`There is no role ${name}.`, 'The Roles tab lists them.');
  return knownPermissions(row);
}

/**
 * Nobody gives what they do not hold themselves: for the same connections, and as long. Throws SluiceError `forbidden` that names what
 * is missing.
 */
export function demandHolds(
  rights: Rights,
  given: readonly Permission[],
  selector: LabelSelector,
  until: Date | null,
): void {
  const missing = given.filter((permission) => !mayGive(rights, permission, selector, until));
  if (missing.length === 0) return;
  throw new SluiceError('forbidden', `You do not hold what this gives: ${missing.join(', ')}.`, {
    audience: 'person',
    hint: 'Ask somebody who does, such as an admin, or give less.',
  });
}

/** The same for a role by its name. */
export async function demandMayGiveRole(
  db: Db,
  rights: Rights,
  role: string,
  selector: LabelSelector,
  until: Date | null,
): Promise<void> {
  demandHolds(rights, await permissionsOfRole(db, role), selector, until);
}

/** Bringing somebody into a group gives them what is assigned to the group. */
export async function demandMayGiveGroups(
  db: Db,
  rights: Rights,
  groupIds: readonly string[],
  now: Date,
): Promise<void> {
  if (groupIds.length === 0) return;
  for (const row of await listAssignmentsOf(db, { personIds: [], groupIds }, now)) {
    const selector = labelSelectorSchema.safeParse(row.selector);
    // One that cannot be read, or whose role is gone, gives nothing.
    if (!selector.success) continue;
    const custom = builtInPermissions(row.role) === null ? await findRoles(db, [row.role]) : [];
    const given = builtInPermissions(row.role) ?? custom.flatMap(knownPermissions);
    demandHolds(rights, given, selector.data, row.expiresAt);
  }
}
