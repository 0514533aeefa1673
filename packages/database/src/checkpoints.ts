import type { Db, Tx } from './client.ts';

export interface CheckpointRow {
  readonly entry: number;
  readonly number: number;
  readonly headNumber: number;
  readonly at: Date;
  readonly hash: string;
  /** The checkpoint as the gateway signed it, and the log's entry as the control plane did. */
  readonly line: string;
  readonly entryHash: string;
  readonly entryLine: string;
}

export interface NewCheckpoint extends CheckpointRow {
  readonly gatewayId: string;
  readonly receivedAt: Date;
}

const columns = {
  entry: true,
  number: true,
  headNumber: true,
  at: true,
  hash: true,
  line: true,
  entryHash: true,
  entryLine: true,
} as const;

export async function createCheckpoint(tx: Tx, checkpoint: NewCheckpoint): Promise<void> {
  await tx.checkpoint.create({ data: checkpoint });
}

/** The newest entry of a gateway's log. */
export function lastCheckpoint(db: Db, gatewayId: string): Promise<CheckpointRow | null> {
  return db.checkpoint.findFirst({ where: { gatewayId }, orderBy: { entry: 'desc' }, select: columns });
}

export function findCheckpoint(db: Db, gatewayId: string, hash: string): Promise<CheckpointRow | null> {
  return db.checkpoint.findUnique({ where: { gatewayId_hash: { gatewayId, hash } }, select: columns });
}

/** The checkpoint with the highest number, whenever it arrived; of two with one number the one that came last. */
export function highestCheckpoint(db: Db, gatewayId: string): Promise<CheckpointRow | null> {
  return db.checkpoint.findFirst({
    where: { gatewayId },
    orderBy: [{ number: 'desc' }, { entry: 'desc' }],
    select: columns,
  });
}

/** Whether a checkpoint of that number is in the log already. */
export async function hasCheckpointNumber(db: Db, gatewayId: string, number: number): Promise<boolean> {
  return (await db.checkpoint.findFirst({ where: { gatewayId, number }, select: { entry: true } })) !== null;
}

/** The entries of a while: from the last one before `from` to the first one after `to`; null leaves that side open. In order. */
export async function listCheckpoints(
  db: Db,
  gatewayId: string,
  range: { readonly from: Date | null; readonly to: Date | null },
  limit: number,
): Promise<readonly CheckpointRow[]> {
  const edge = async (where: object, order: 'asc' | 'desc') =>
    (
      await db.checkpoint.findFirst({
        where: { gatewayId, ...where },
        orderBy: { entry: order },
        select: { entry: true },
      })
    )?.entry;
  const first = range.from === null ? undefined : await edge({ at: { lte: range.from } }, 'desc');
  const last = range.to === null ? undefined : await edge({ at: { gte: range.to } }, 'asc');
  return db.checkpoint.findMany({
    where: {
      gatewayId,
      entry: { ...(first === undefined ? {} : { gte: first }), ...(last === undefined ? {} : { lte: last }) },
    },
    orderBy: { entry: 'asc' },
    take: limit,
    select: columns,
  });
}

export interface NewChainLink {
  readonly sessionId: string;
  readonly chunkIndex: number;
  readonly gatewayId: string;
  readonly number: number;
  readonly hash: string;
}

/** Notes the link that a chunk bears. Returns the session that bears the same number already: the gateway's chain forked. */
export async function createChainLink(tx: Tx, link: NewChainLink): Promise<string | null> {
  const { gatewayId, number } = link;
  const other = await tx.chainLink.findFirst({ where: { gatewayId, number }, select: { sessionId: true } });
  await tx.chainLink.create({ data: link });
  return other?.sessionId ?? null;
}

/** The links of a gateway that were received behind number `after`, in order. */
export async function listLinksAfter(
  db: Db,
  gatewayId: string,
  after: number,
  limit: number,
): Promise<readonly Omit<NewChainLink, 'gatewayId'>[]> {
  return db.chainLink.findMany({
    where: { gatewayId, number: { gt: after } },
    orderBy: { number: 'asc' },
    take: limit,
    select: { sessionId: true, chunkIndex: true, number: true, hash: true },
  });
}

/** The sessions that bear a link of the range, in the order of their first one in it. */
export async function listLinkedSessions(
  db: Db,
  gatewayId: string,
  from: number,
  to: number,
): Promise<readonly string[]> {
  const rows = await db.chainLink.findMany({
    where: { gatewayId, number: { gte: from, lte: to } },
    orderBy: { number: 'asc' },
    select: { sessionId: true },
  });
  return Array.from(new Set(rows.map(({ sessionId }) => sessionId)));
}
