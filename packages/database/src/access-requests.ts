import type { Db, Tx } from './client.ts';
import type { Prisma } from './generated/client.ts';
import type { Holder } from './grants.ts';

const named = { select: { id: true, name: true } } as const;
const withNames = {
  person: named,
  serviceIdentity: { select: { id: true, name: true, owner: named, ownerGroup: named } },
  connection: { select: { id: true, name: true, labels: true } },
  grant: { select: { id: true, expiresAt: true, revokedAt: true } },
  decisions: { include: { person: named }, orderBy: { id: 'asc' } },
} satisfies Prisma.AccessRequestInclude;
export type AccessRequestRow = Prisma.AccessRequestGetPayload<{ include: typeof withNames }>;

export interface NewAccessRequest {
  readonly id: string;
  readonly kind: 'just-in-time' | 'unmask';
  readonly requester: Holder;
  readonly connectionId: string;
  readonly reason: string;
  readonly seconds: number;
  readonly approvers: readonly string[];
  readonly approvalCount: number;
  readonly expiresAt: Date;
}

export function createAccessRequest(tx: Tx, request: NewAccessRequest): Promise<AccessRequestRow> {
  const { requester, approvers, ...columns } = request;
  const owner = requester.kind === 'person' ? { personId: requester.id } : { serviceIdentityId: requester.id };
  return tx.accessRequest.create({ data: { ...columns, ...owner, approvers: [...approvers] }, include: withNames });
}

/** The row, locked until the transaction ends, so that answers are judged one after the other. */
export async function lockAccessRequest(tx: Tx, id: string): Promise<AccessRequestRow | null> {
  await tx.$executeRaw`SELECT 1 FROM "AccessRequest" WHERE "id" = ${id}::uuid FOR UPDATE`;
  return findAccessRequest(tx, id);
}

export function findAccessRequest(db: Db, id: string): Promise<AccessRequestRow | null> {
  return db.accessRequest.findUnique({ where: { id }, include: withNames });
}

/** How many requests of one requester wait for an answer. */
export function countWaitingAccessRequests(db: Db, requester: Holder, now: Date): Promise<number> {
  const owner = requester.kind === 'person' ? { personId: requester.id } : { serviceIdentityId: requester.id };
  return db.accessRequest.count({ where: { ...owner, state: 'waiting', expiresAt: { gt: now } } });
}

/** Newest first, everybody's. */
export function listAccessRequests(
  db: Db,
  filter: { readonly connectionId?: string; readonly waitingAt?: Date },
  take: number,
): Promise<AccessRequestRow[]> {
  const { connectionId, waitingAt } = filter;
  return db.accessRequest.findMany({
    where: {
      ...(connectionId === undefined ? {} : { connectionId }),
      ...(waitingAt === undefined ? {} : { state: 'waiting', expiresAt: { gt: waitingAt } }),
    },
    include: withNames,
    orderBy: { id: 'desc' },
    take,
  });
}

export async function createAccessDecision(
  tx: Tx,
  decision: {
    readonly id: string;
    readonly requestId: string;
    readonly personId: string;
    readonly outcome: 'approve' | 'deny';
    readonly comment: string | null;
  },
): Promise<void> {
  await tx.accessDecision.create({ data: decision });
}

export async function settleAccessRequest(
  tx: Tx,
  id: string,
  settled: { readonly state: 'granted' | 'denied' | 'cancelled'; readonly settledAt: Date; readonly grantId?: string },
): Promise<void> {
  await tx.accessRequest.update({ where: { id }, data: settled });
}
