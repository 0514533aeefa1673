import type { GrantKind, LabelSelector } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { json } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { bumpRevocationEpoch } from './installation.ts';

const named = { select: { id: true, name: true } } as const;
const withNames = {
  person: named,
  serviceIdentity: { select: { id: true, name: true, owner: named, ownerGroup: named } },
  connection: { select: { id: true, name: true, labels: true } },
  grantedBy: named,
  revokedBy: named,
  reviewedBy: named,
} satisfies Prisma.GrantInclude;
export type GrantRow = Prisma.GrantGetPayload<{ include: typeof withNames }>;

export interface Holder {
  readonly kind: 'person' | 'service';
  readonly id: string;
}

export interface NewGrant {
  readonly id: string;
  readonly kind: GrantKind;
  readonly name: string;
  readonly holder: Holder;
  /** One connection, or those that a selector chooses. */
  readonly scope: { readonly connectionId: string } | { readonly selector: LabelSelector };
  readonly bounds: Record<string, unknown> | null;
  readonly reason: string;
  readonly grantedById: string | null;
  readonly startsAt: Date;
  readonly expiresAt: Date;
}

/** Gives a grant. It moves the revocation epoch, so that gateways ask for it within two seconds. */
export async function createGrant(tx: Tx, grant: NewGrant): Promise<GrantRow> {
  const { holder, scope, bounds, ...columns } = grant;
  const holderColumn = holder.kind === 'person' ? { personId: holder.id } : { serviceIdentityId: holder.id };
  const scopeColumn =
    'connectionId' in scope ? { connectionId: scope.connectionId } : { selector: json(scope.selector) };
  const row = await tx.grant.create({
    data: { ...columns, ...holderColumn, ...scopeColumn, ...(bounds === null ? {} : { bounds: json(bounds) }) },
    include: withNames,
  });
  await bumpRevocationEpoch(tx);
  return row;
}

/** Ends a grant early, once; false when it had ended before. It moves the revocation epoch. */
export async function revokeGrant(tx: Tx, id: string, byId: string | null, at: Date): Promise<boolean> {
  const { count } = await tx.grant.updateMany({
    where: { id, revokedAt: null, expiresAt: { gt: at } },
    data: { revokedAt: at, revokedById: byId },
  });
  if (count === 1) await bumpRevocationEpoch(tx);
  return count === 1;
}

export function findGrant(db: Db, id: string): Promise<GrantRow | null> {
  return db.grant.findUnique({ where: { id }, include: withNames });
}

/** Grants of one holder that are in force now or begin later, those that end last first. */
export function listStandingGrants(db: Db, holder: Holder, now: Date, take: number): Promise<GrantRow[]> {
  const owner = holder.kind === 'person' ? { personId: holder.id } : { serviceIdentityId: holder.id };
  return db.grant.findMany({
    where: { ...owner, revokedAt: null, expiresAt: { gt: now } },
    include: withNames,
    orderBy: [{ expiresAt: 'desc' }, { id: 'desc' }],
    take,
  });
}

/** Grants on one connection, or on every one, that are in force now or begin later; those that end last first. */
export function listGrantsInForce(
  db: Db,
  filter: { readonly now: Date; readonly kinds?: readonly GrantKind[] },
  take: number,
): Promise<GrantRow[]> {
  const { now, kinds } = filter;
  return db.grant.findMany({
    where: { revokedAt: null, expiresAt: { gt: now }, ...(kinds === undefined ? {} : { kind: { in: [...kinds] } }) },
    include: withNames,
    orderBy: [{ expiresAt: 'desc' }, { id: 'desc' }],
    take,
  });
}

/** Emergencies that nobody has looked at afterwards, those still in force included; oldest first. */
export function listUnreviewedGrants(db: Db, take: number): Promise<GrantRow[]> {
  return db.grant.findMany({
    where: { kind: 'break-glass', reviewedAt: null },
    include: withNames,
    orderBy: { id: 'asc' },
    take,
  });
}

/** Notes that somebody looked at what was done under a grant, once; false when somebody had. */
export async function reviewGrant(
  tx: Tx,
  id: string,
  review: { readonly reviewedAt: Date; readonly reviewedById: string; readonly reviewComment: string },
): Promise<boolean> {
  const { count } = await tx.grant.updateMany({ where: { id, kind: 'break-glass', reviewedAt: null }, data: review });
  return count === 1;
}
