import type { Db, Tx } from './client.ts';
import { refusingDuplicates } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withGroupsAndAgents = {
  memberships: { include: { group: true } },
  agents: { where: { disabledAt: null }, orderBy: { name: 'asc' } },
} satisfies Prisma.PersonInclude;
export type PersonRow = Prisma.PersonGetPayload<{ include: typeof withGroupsAndAgents }>;

export function findPerson(
  db: Db,
  where: { readonly id: string } | { readonly email: string } | { readonly name: string },
): Promise<PersonRow | null> {
  return db.person.findUnique({ where, include: withGroupsAndAgents });
}

/** Everybody, by name. An installation is one organisation: the list is bounded by its people. */
export function listPeople(db: Db): Promise<PersonRow[]> {
  return db.person.findMany({ include: withGroupsAndAgents, orderBy: { name: 'asc' } });
}

export interface NewPerson {
  readonly id: string;
  readonly name: string;
  /** Lower case. */
  readonly email: string;
  readonly role: string;
  readonly passwordHash: string | null;
}

/** Throws SluiceError `conflict` when name or email are taken. */
export function createPerson(tx: Tx, person: NewPerson): Promise<PersonRow> {
  return refusingDuplicates(
    'Somebody already has this name or email.',
    'Choose another name, or edit that person.',
    () => tx.person.create({ data: person, include: withGroupsAndAgents }),
  );
}

export interface PersonChange {
  readonly name?: string;
  readonly role?: string;
  readonly disabledAt?: Date | null;
}

export function updatePerson(tx: Tx, id: string, change: PersonChange): Promise<PersonRow> {
  return refusingDuplicates('Somebody already has this name.', 'Choose another name.', () =>
    tx.person.update({ where: { id }, data: change, include: withGroupsAndAgents }),
  );
}

/** Gives a local user a new password. */
export async function setPasswordHash(tx: Tx, id: string, passwordHash: string): Promise<void> {
  await tx.person.update({ where: { id }, data: { passwordHash } });
}

export async function noteSignIn(db: Db, id: string, at: Date): Promise<void> {
  await db.person.update({ where: { id }, data: { lastSignInAt: at } });
}

/** Admins who may sign in. Locks their rows, so that two changes at once cannot leave none. */
export async function countActiveAdmins(tx: Tx): Promise<number> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "Person" WHERE "role" = 'admin' AND "disabledAt" IS NULL ORDER BY "id" FOR UPDATE`;
  return rows.length;
}

/** Replaces the groups that a person is in. */
export async function setGroupsOfPerson(tx: Tx, personId: string, groupIds: readonly string[]): Promise<void> {
  await tx.membership.deleteMany({ where: { personId } });
  await tx.membership.createMany({ data: groupIds.map((groupId) => ({ groupId, personId })) });
}
