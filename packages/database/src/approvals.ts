import type { ApprovalState } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { json } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { cutPage, type PageOf, type PageRequest } from './page.ts';

const withDecisions = {
  connection: { select: { id: true, name: true, protocol: true, labels: true } },
  decisions: { include: { person: true }, orderBy: { id: 'asc' } },
} satisfies Prisma.ApprovalInclude;
export type ApprovalRow = Prisma.ApprovalGetPayload<{ include: typeof withDecisions }>;

export type NewApproval = Omit<Prisma.ApprovalUncheckedCreateInput, 'state' | 'decisions' | 'actor' | 'binds'> & {
  readonly actor: unknown;
  readonly binds: readonly (string | null)[];
};

/** Stores a hold once; a repeated create of the same id changes nothing. */
export async function createApproval(tx: Tx, approval: NewApproval): Promise<boolean> {
  const { actor, binds, ...columns } = approval;
  const created = await tx.approval.createMany({
    data: [{ ...columns, actor: json(actor), binds: json(binds) }],
    skipDuplicates: true,
  });
  return created.count === 1;
}

export function findApproval(db: Db, id: string): Promise<ApprovalRow | null> {
  return db.approval.findUnique({ where: { id }, include: withDecisions });
}

/** The newest approval of behaviour `refuse` for the same effect that still waits, or was approved and not used yet. */
export function findApprovalByEffect(
  db: Db,
  effect: {
    readonly gatewayId: string;
    readonly connectionId: string;
    readonly actorId: string;
    readonly effectDigest: string;
  },
  times: { readonly now: Date; readonly approvedAfter: Date },
): Promise<ApprovalRow | null> {
  return db.approval.findFirst({
    where: {
      ...effect,
      behaviour: 'refuse',
      OR: [
        { state: 'waiting', expiresAt: { gt: times.now } },
        { state: 'approved', settledAt: { gt: times.approvedAfter } },
      ],
    },
    include: withDecisions,
    orderBy: { id: 'desc' },
  });
}

/** Reads an approval and keeps everybody else from changing it until the transaction ends. */
export async function lockApproval(tx: Tx, id: string): Promise<ApprovalRow | null> {
  await tx.$queryRaw`SELECT "id" FROM "Approval" WHERE "id" = ${id}::uuid FOR UPDATE`;
  return findApproval(tx, id);
}

export type ApprovalChange = Omit<
  Prisma.ApprovalUncheckedUpdateManyInput,
  'id' | 'state' | 'actor' | 'binds' | 'impact' | 'effectDigest'
>;

/**
 * Compare-and-set: moves an approval from one of `from` to `to`. False when it was in another state, so exactly one of several
 * callers gets true. `where` narrows further (the gateway's start, the digest).
 */
export async function moveApproval(
  db: Db,
  id: string,
  move: { readonly from: readonly ApprovalState[]; readonly to: ApprovalState },
  change: ApprovalChange = {},
  where: Prisma.ApprovalWhereInput = {},
): Promise<boolean> {
  const { count } = await db.approval.updateMany({
    where: { AND: [{ id, state: { in: [...move.from] } }, where] },
    data: { ...change, state: move.to },
  });
  return count === 1;
}

/** Keeps the impact of one that nobody has settled. False: it is settled. */
export async function setImpact(db: Db, id: string, impact: unknown): Promise<boolean> {
  const { count } = await db.approval.updateMany({
    where: { id, state: { in: ['waiting', 'approved'] } },
    data: { impact: json(impact) },
  });
  return count === 1;
}

export async function createDecision(
  tx: Tx,
  decision: {
    readonly id: string;
    readonly approvalId: string;
    readonly personId: string;
    readonly outcome: 'approve' | 'deny';
    readonly comment: string | null;
  },
): Promise<void> {
  await tx.decision.create({ data: decision });
}

/** Whose approvals a caller may see; null means everybody's. */
export interface ApprovalScope {
  /** Actors, and owners of actors. */
  readonly actorIds: readonly string[];
  /** Group and role names whose holds are shown too. */
  readonly approverNames: readonly string[];
}

export interface ApprovalFilter {
  readonly states: 'waiting' | 'settled' | 'any';
  readonly visible: ApprovalScope | null;
  /** Only those that name one of these groups or roles as approvers, or (with `owner: true`) are of this owner's agents. */
  readonly addressedTo: { readonly names: readonly string[]; readonly personId: string } | null;
  readonly search: string | null;
}

/** Newest first; the cursor is an id. */
export async function listApprovals(
  db: Db,
  filter: ApprovalFilter,
  now: Date,
  page: PageRequest,
): Promise<PageOf<ApprovalRow>> {
  const rows = await db.approval.findMany({
    where: { AND: [whereApproval(filter, now), page.cursor === null ? {} : { id: { lt: page.cursor } }] },
    include: withDecisions,
    orderBy: { id: 'desc' },
    take: page.limit + 1,
  });
  return cutPage(rows, page.limit, (row) => row.id);
}

export function countApprovals(db: Db, filter: ApprovalFilter, now: Date): Promise<number> {
  return db.approval.count({ where: whereApproval(filter, now) });
}

function whereApproval(filter: ApprovalFilter, now: Date): Prisma.ApprovalWhereInput {
  const waiting: Prisma.ApprovalWhereInput = { state: 'waiting', expiresAt: { gt: now } };
  const conditions: Prisma.ApprovalWhereInput[] = [];
  if (filter.states === 'waiting') conditions.push(waiting);
  if (filter.states === 'settled') conditions.push({ NOT: waiting });
  if (filter.visible !== null) {
    const { actorIds, approverNames } = filter.visible;
    conditions.push({
      OR: [
        { actorId: { in: [...actorIds] } },
        { ownerId: { in: [...actorIds] } },
        { approvers: { hasSome: [...approverNames] } },
      ],
    });
  }
  if (filter.addressedTo !== null) {
    const { names, personId } = filter.addressedTo;
    conditions.push({
      OR: [
        { approvers: { hasSome: [...names] }, NOT: { AND: [{ ownerId: personId }, { ownerCounts: false }] } },
        { ownerId: personId, ownerCounts: true },
      ],
      NOT: [{ actorId: personId }, { decisions: { some: { personId } } }],
    });
  }
  if (filter.search !== null) {
    const contains = { contains: filter.search, mode: 'insensitive' as const };
    conditions.push({
      OR: [{ statementText: contains }, { command: contains }, { rule: contains }, { connection: { name: contains } }],
    });
  }
  return { AND: conditions };
}

/** How others of the same shape on the same connection were decided since `since`. */
export async function countEarlier(
  db: Db,
  approval: { readonly id: string; readonly connectionId: string; readonly shape: string },
  since: Date,
): Promise<{ approved: number; denied: number }> {
  const like = {
    connectionId: approval.connectionId,
    shape: approval.shape,
    createdAt: { gte: since },
    id: { not: approval.id },
  };
  const approved = await db.approval.count({
    where: { ...like, state: { in: ['approved', 'consumed', 'succeeded', 'failed', 'outcome-unknown'] } },
  });
  return { approved, denied: await db.approval.count({ where: { ...like, state: 'denied' } }) };
}

/** Marks every waiting approval past its time as expired. */
export async function expireApprovals(db: Db, now: Date): Promise<number> {
  const { count } = await db.approval.updateMany({
    where: { state: 'waiting', expiresAt: { lte: now } },
    data: { state: 'expired', settledAt: now },
  });
  return count;
}

/**
 * What a gateway's new start means for its earlier ones: their waiting holds lost the client that waited, and what was consumed
 * without an outcome may or may not have run. Holds of behaviour `refuse` wait for nobody's socket and live on.
 */
export async function endApprovalsOfEarlierStarts(
  tx: Tx,
  gatewayId: string,
  startId: string,
  now: Date,
): Promise<{ cancelled: number; unknown: number }> {
  const cancelled = await tx.approval.updateMany({
    where: {
      gatewayId,
      gatewayStartId: { not: startId },
      behaviour: 'wait',
      state: { in: ['waiting', 'approved'] },
    },
    data: { state: 'cancelled', settledAt: now, comment: 'The gateway was restarted while the statement waited.' },
  });
  const unknown = await tx.approval.updateMany({
    where: { gatewayId, state: 'consumed', consumedByStartId: { not: startId } },
    data: {
      state: 'outcome-unknown',
      outcomeAt: now,
      outcomeError: 'The gateway ended before it could say what became of the statement.',
    },
  });
  return { cancelled: cancelled.count, unknown: unknown.count };
}
