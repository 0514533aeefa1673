import type { Db, Tx } from './client.ts';
import { json } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withHolder = {
  person: { select: { id: true, name: true, role: true } },
  group: { select: { id: true, name: true } },
} satisfies Prisma.RoleAssignmentInclude;
export type RoleAssignmentRow = Prisma.RoleAssignmentGetPayload<{ include: typeof withHolder }>;

/** Assignments that stand at once; each is looked through when rights are made. */
export const maxRoleAssignments = 5_000;

/** Assignments that stand, newest first. */
export function listRoleAssignments(db: Db, now: Date): Promise<RoleAssignmentRow[]> {
  return db.roleAssignment.findMany({
    where: standing(now),
    include: withHolder,
    orderBy: { id: 'desc' },
    take: maxRoleAssignments,
  });
}

/** What stands for any of these people or groups. */
export function listAssignmentsOf(
  db: Db,
  holders: { readonly personIds: readonly string[]; readonly groupIds: readonly string[] },
  now: Date,
): Promise<RoleAssignmentRow[]> {
  const { personIds, groupIds } = holders;
  return db.roleAssignment.findMany({
    where: {
      ...standing(now),
      AND: { OR: [{ personId: { in: [...personIds] } }, { groupId: { in: [...groupIds] } }] },
    },
    include: withHolder,
    take: maxRoleAssignments,
  });
}

function standing(now: Date): Prisma.RoleAssignmentWhereInput {
  return { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
}

export function findRoleAssignment(db: Db, id: string): Promise<RoleAssignmentRow | null> {
  return db.roleAssignment.findUnique({ where: { id }, include: withHolder });
}

export function countRoleAssignments(db: Db, now: Date): Promise<number> {
  return db.roleAssignment.count({ where: standing(now) });
}

export interface NewRoleAssignment {
  readonly id: string;
  readonly role: string;
  readonly holder: { readonly kind: 'person' | 'group'; readonly id: string };
  readonly selector: Readonly<Record<string, readonly string[]>>;
  readonly expiresAt: Date | null;
  readonly createdById: string;
}

export function createRoleAssignment(tx: Tx, assignment: NewRoleAssignment): Promise<RoleAssignmentRow> {
  const { holder, selector, ...columns } = assignment;
  const holderColumn = holder.kind === 'person' ? { personId: holder.id } : { groupId: holder.id };
  return tx.roleAssignment.create({
    data: { ...columns, ...holderColumn, selector: json(selector) },
    include: withHolder,
  });
}

/** Takes an assignment back once; false when that was done already. */
export async function revokeRoleAssignment(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { count } = await tx.roleAssignment.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
  return count === 1;
}
