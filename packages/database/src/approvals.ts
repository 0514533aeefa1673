import type { AlikeOffer, ApprovalState, Assertion, HoldDemands } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { json } from './client.ts';
import { Prisma } from './generated/client.ts';
import { cutPage, type PageOf, type PageRequest } from './page.ts';

const connectionOfApproval = {
  select: { id: true, name: true, protocol: true, labels: true, revision: true, deletedAt: true, stepUp: true },
} satisfies { select: Prisma.ConnectionSelect };

/** Who somebody is at this moment: whether a decision counts is judged by that, not by who they were when they decided. */
const asOfNow = { include: { memberships: { include: { group: { select: { id: true, name: true } } } } } } as const;

const withDecisions = {
  connection: connectionOfApproval,
  decisions: { include: { person: asOfNow, forPerson: asOfNow }, orderBy: { id: 'asc' } },
} satisfies Prisma.ApprovalInclude;
export type ApprovalRow = Prisma.ApprovalGetPayload<{ include: typeof withDecisions }>;
export type DecisionRow = ApprovalRow['decisions'][number];

/** What a list shows of an approval: no texts, which may be long. */
const listed = {
  id: true,
  state: true,
  createdAt: true,
  expiresAt: true,
  command: true,
  kind: true,
  objects: true,
  filter: true,
  actor: true,
  rule: true,
  sessionId: true,
  count: true,
  asked: true,
  connection: connectionOfApproval,
  decisions: { select: { outcome: true } },
} satisfies Prisma.ApprovalSelect;
export type ListedApprovalRow = Prisma.ApprovalGetPayload<{ select: typeof listed }>;

export type NewApproval = Omit<
  Prisma.ApprovalUncheckedCreateInput,
  'state' | 'decisions' | 'actor' | 'binds' | 'demands' | 'alikeOffer'
> & {
  readonly actor: unknown;
  readonly binds: readonly (string | null)[];
  readonly demands: HoldDemands | null;
  readonly alikeOffer: AlikeOffer | null;
};

/** Stores a hold once; a repeated create of the same id changes nothing. */
export async function createApproval(tx: Tx, approval: NewApproval): Promise<boolean> {
  const { actor, binds, demands, alikeOffer, ...columns } = approval;
  const created = await tx.approval.createMany({
    data: [
      {
        ...columns,
        actor: json(actor),
        binds: json(binds),
        ...(demands === null ? {} : { demands: json(demands) }),
        ...(alikeOffer === null ? {} : { alikeOffer: json(alikeOffer) }),
      },
    ],
    skipDuplicates: true,
  });
  return created.count === 1;
}

export function findApproval(db: Db, id: string): Promise<ApprovalRow | null> {
  return db.approval.findUnique({ where: { id }, include: withDecisions });
}

/** Those of these ids that there are. */
export function findApprovals(db: Db, ids: readonly string[]): Promise<ApprovalRow[]> {
  return db.approval.findMany({ where: { id: { in: [...ids] } }, include: withDecisions });
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
  'id' | 'state' | 'actor' | 'binds' | 'impact' | 'undo' | 'revert' | 'effectDigest' | 'demands' | 'alikeOffer'
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

/** Keeps what the gateway offers to put back, and the last revert that was asked for. */
export async function setUndo(
  db: Db,
  id: string,
  change: { readonly undo?: unknown; readonly revert?: unknown },
): Promise<void> {
  const value = (given: unknown) => (given === null ? Prisma.DbNull : json(given));
  await db.approval.update({
    where: { id },
    data: {
      ...(change.undo === undefined ? {} : { undo: value(change.undo) }),
      ...(change.revert === undefined ? {} : { revert: value(change.revert) }),
    },
  });
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
    readonly forPersonId: string | null;
    readonly stage: number;
    readonly outcome: 'approve' | 'deny';
    readonly comment: string | null;
    /** What the person's passkey signed, where the connection asks for that. */
    readonly assertion: Assertion | null;
    readonly alikeMinutes: number | null;
    readonly alikeRows: number | null;
  },
): Promise<void> {
  const { assertion, ...columns } = decision;
  await tx.decision.create({ data: { ...columns, ...(assertion === null ? {} : { assertion: json(assertion) }) } });
}

/** Changes what a waiting approval carries beside its state. False when it waits no more. */
export async function changeWaiting(
  db: Db,
  id: string,
  change: Pick<ApprovalChange, 'asked' | 'approvers' | 'escalatedAt' | 'statedReason' | 'statedTicket'>,
): Promise<boolean> {
  const { count } = await db.approval.updateMany({ where: { id, state: 'waiting' }, data: change });
  return count === 1;
}

/** Waiting approvals whose escalation is due and not noted yet, locked; the oldest first. */
export async function lockDueEscalations(tx: Tx, now: Date, limit: number): Promise<ApprovalRow[]> {
  const due = await tx.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "Approval"
    WHERE "state" = 'waiting' AND "escalatedAt" IS NULL AND "escalateAt" <= ${now} AND "expiresAt" > ${now}
    ORDER BY "escalateAt" LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
  return tx.approval.findMany({ where: { id: { in: due.map(({ id }) => id) } }, include: withDecisions });
}

/** Whose approvals a caller may see; null means everybody's. */
export interface ApprovalScope {
  /** Actors, and owners of actors. */
  readonly actorIds: readonly string[];
  /** Connections of which all are shown. */
  readonly connectionIds: readonly string[];
  /** Whose holds are shown too. */
  readonly asked: readonly AskedNames[];
}

/** Group and role names by which a rule asks somebody, and on which connections they are theirs; null: on every one. */
export interface AskedNames {
  readonly names: readonly string[];
  readonly connectionIds: readonly string[] | null;
}

export interface ApprovalFilter {
  readonly states: 'waiting' | 'settled' | 'any';
  readonly visible: ApprovalScope | null;
  /** Only those whose open stage asks one of these groups or roles, or that (with `owner: true`) are of this owner's agents. */
  readonly addressedTo: { readonly asked: readonly AskedNames[]; readonly personId: string } | null;
  readonly search: string | null;
  readonly runId: string | null;
}

/** Newest first; the cursor is an id. */
export async function listApprovals(
  db: Db,
  filter: ApprovalFilter,
  now: Date,
  page: PageRequest,
): Promise<PageOf<ListedApprovalRow>> {
  const rows = await db.approval.findMany({
    where: { AND: [whereApproval(filter, now), page.cursor === null ? {} : { id: { lt: page.cursor } }] },
    select: listed,
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
    const { actorIds, connectionIds, asked } = filter.visible;
    conditions.push({
      OR: [
        { actorId: { in: [...actorIds] } },
        { ownerId: { in: [...actorIds] } },
        { connectionId: { in: [...connectionIds] } },
        ...asked.map(({ names, ...on }) => ({ approvers: { hasSome: [...names] }, ...placed(on) })),
      ],
    });
  }
  if (filter.addressedTo !== null) {
    const { asked, personId } = filter.addressedTo;
    conditions.push({
      OR: [
        ...asked.map(({ names, ...on }) => ({
          asked: { hasSome: [...names] },
          ...placed(on),
          NOT: { AND: [{ ownerId: personId }, { ownerCounts: false }] },
        })),
        { ownerId: personId, ownerCounts: true },
      ],
      NOT: [
        { actorId: personId },
        {
          decisions: { some: { OR: [{ personId }, { forPersonId: personId }] } },
          NOT: { demands: { path: ['samePerson'], equals: true } },
        },
      ],
    });
  }
  if (filter.runId !== null) conditions.push({ runId: filter.runId });
  if (filter.search !== null) {
    const contains = { contains: filter.search, mode: 'insensitive' as const };
    conditions.push({
      OR: [{ statementText: contains }, { command: contains }, { rule: contains }, { connection: { name: contains } }],
    });
  }
  return { AND: conditions };
}

function placed({ connectionIds }: Pick<AskedNames, 'connectionIds'>): Prisma.ApprovalWhereInput {
  return connectionIds === null ? {} : { connectionId: { in: [...connectionIds] } };
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
