import type { Db, Tx } from './client.ts';
import { refusingDuplicates } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withMembers = {
  memberships: { include: { person: true }, orderBy: { person: { name: 'asc' } } },
} satisfies Prisma.GroupInclude;
export type GroupRow = Prisma.GroupGetPayload<{ include: typeof withMembers }>;

export function listGroups(db: Db): Promise<GroupRow[]> {
  return db.group.findMany({ include: withMembers, orderBy: { name: 'asc' } });
}

export function findGroup(db: Db, id: string): Promise<GroupRow | null> {
  return db.group.findUnique({ where: { id }, include: withMembers });
}

export function findGroupByName(db: Db, name: string): Promise<GroupRow | null> {
  return db.group.findUnique({ where: { name }, include: withMembers });
}

const nameTaken = ['A group already has this name.', 'Choose another name, or edit that group.'] as const;

export function createGroup(
  tx: Tx,
  group: { id: string; name: string; memberIds: readonly string[] },
): Promise<GroupRow> {
  const { id, name, memberIds } = group;
  const memberships = { create: memberIds.map((personId) => ({ personId })) };
  return refusingDuplicates(...nameTaken, () =>
    tx.group.create({ data: { id, name, memberships }, include: withMembers }),
  );
}

/** Renames a group and, when given, replaces its members. */
export async function updateGroup(
  tx: Tx,
  id: string,
  change: { readonly name?: string; readonly memberIds?: readonly string[] },
): Promise<GroupRow> {
  if (change.memberIds !== undefined) {
    await tx.membership.deleteMany({ where: { groupId: id } });
    await tx.membership.createMany({ data: change.memberIds.map((personId) => ({ groupId: id, personId })) });
  }
  const data = change.name === undefined ? {} : { name: change.name };
  return refusingDuplicates(...nameTaken, () => tx.group.update({ where: { id }, data, include: withMembers }));
}

/** How many of these ids are people. */
export function countPeople(db: Db, ids: readonly string[]): Promise<number> {
  return db.person.count({ where: { id: { in: [...ids] } } });
}

export function countGroups(db: Db, ids: readonly string[]): Promise<number> {
  return db.group.count({ where: { id: { in: [...ids] } } });
}

/** The people of a group who are not disabled, with the groups that they are in. */
export function listActiveMembers(db: Db, groupId: string) {
  return db.person.findMany({
    where: { disabledAt: null, memberships: { some: { groupId } } },
    include: { memberships: { include: { group: true } } },
    orderBy: { name: 'asc' },
  });
}
