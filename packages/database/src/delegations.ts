import type { Db, Tx } from './client.ts';
import { advisoryLock } from './client.ts';
import type { Prisma } from './generated/client.ts';

const asOfNow = { include: { memberships: { include: { group: { select: { id: true, name: true } } } } } } as const;
const withPeople = { fromPerson: asOfNow, toPerson: asOfNow } satisfies Prisma.DelegationInclude;
export type DelegationRow = Prisma.DelegationGetPayload<{ include: typeof withPeople }>;

/** Delegations that a list shows. */
const maxListed = 100;

/** In force at this moment, both people not disabled. */
function inForce(now: Date): Prisma.DelegationWhereInput {
  return {
    startsAt: { lte: now },
    endsAt: { gt: now },
    endedAt: null,
    fromPerson: { disabledAt: null },
    toPerson: { disabledAt: null },
  };
}

/** Those in whose stead this person may answer now. */
export function listDelegationsTo(db: Db, toPersonId: string, now: Date): Promise<DelegationRow[]> {
  return db.delegation.findMany({
    where: { AND: [inForce(now), { toPersonId }] },
    include: withPeople,
    orderBy: { id: 'asc' },
    take: maxListed,
  });
}

/** What a person has arranged, or was asked to stand in for, and is not over. */
export function listDelegationsOf(db: Db, personId: string, now: Date): Promise<DelegationRow[]> {
  return db.delegation.findMany({
    where: { endedAt: null, endsAt: { gt: now }, OR: [{ fromPersonId: personId }, { toPersonId: personId }] },
    include: withPeople,
    orderBy: { startsAt: 'asc' },
    take: maxListed,
  });
}

export interface NewDelegation {
  readonly id: string;
  readonly fromPersonId: string;
  readonly toPersonId: string;
  readonly reason: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** Stores it unless the same person has one in that time already: one is away, and one stands in. */
export async function createDelegation(tx: Tx, delegation: NewDelegation): Promise<DelegationRow | null> {
  const { fromPersonId, startsAt, endsAt } = delegation;
  await advisoryLock(tx, `delegation ${fromPersonId}`);
  const other = await tx.delegation.findFirst({
    where: { fromPersonId, endedAt: null, startsAt: { lt: endsAt }, endsAt: { gt: startsAt } },
    select: { id: true },
  });
  return other === null ? tx.delegation.create({ data: delegation, include: withPeople }) : null;
}

/** Ends one before its time, for whoever gave or got it. Null when there is none such, or it is over. */
export async function endDelegation(tx: Tx, id: string, personId: string, now: Date): Promise<DelegationRow | null> {
  const { count } = await tx.delegation.updateMany({
    where: { id, endedAt: null, endsAt: { gt: now }, OR: [{ fromPersonId: personId }, { toPersonId: personId }] },
    data: { endedAt: now },
  });
  return count === 1 ? tx.delegation.findUniqueOrThrow({ where: { id }, include: withPeople }) : null;
}

/** People to whom somebody can delegate: everybody else who is not disabled, by name. */
export function listPossibleDelegates(db: Db, exceptId: string): Promise<{ id: string; name: string; role: string }[]> {
  return db.person.findMany({
    where: { disabledAt: null, id: { not: exceptId } },
    select: { id: true, name: true, role: true },
    orderBy: { name: 'asc' },
  });
}
