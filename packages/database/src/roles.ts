import type { Db, Tx } from './client.ts';
import { refusingDuplicates } from './client.ts';
import type { Prisma } from './generated/client.ts';

export type RoleRow = Prisma.RoleGetPayload<object>;

/** Custom roles of one installation: people choose from them by name. */
export const maxRoles = 200;

/** Custom roles that are there, by name. */
export function listRoles(db: Db): Promise<RoleRow[]> {
  return db.role.findMany({ where: { deletedAt: null }, orderBy: { name: 'asc' }, take: maxRoles });
}

/** The custom roles of these names that are there. */
export function findRoles(db: Db, names: readonly string[]): Promise<RoleRow[]> {
  return db.role.findMany({ where: { liveName: { in: [...names] } } });
}

export function findRole(db: Db, id: string): Promise<RoleRow | null> {
  return db.role.findFirst({ where: { id, deletedAt: null } });
}

export interface NewRole {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
}

/** Throws SluiceError `conflict` when the name is taken. */
export function createRole(tx: Tx, role: NewRole): Promise<RoleRow> {
  return refusingDuplicates('A role already has this name.', 'Choose another name, or edit that role.', () =>
    tx.role.create({ data: { ...role, liveName: role.name, permissions: [...role.permissions] } }),
  );
}

export function updateRole(
  tx: Tx,
  id: string,
  change: { readonly description?: string; readonly permissions?: readonly string[] },
): Promise<RoleRow> {
  const { description, permissions } = change;
  return tx.role.update({
    where: { id },
    data: {
      ...(description === undefined ? {} : { description }),
      ...(permissions === undefined ? {} : { permissions: [...permissions] }),
    },
  });
}

/** Its name may be given again; what it was stays. */
export async function deleteRole(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.role.update({ where: { id }, data: { deletedAt: at, liveName: null } });
}

/** How many people have it as their base role, or by an assignment that was not revoked. */
export async function countUsesOfRole(db: Db, name: string): Promise<number> {
  const assigned = await db.roleAssignment.count({ where: { role: name, revokedAt: null } });
  return assigned + (await db.person.count({ where: { role: name } }));
}
