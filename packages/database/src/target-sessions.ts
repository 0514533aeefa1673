import type { TargetSession, TargetSessionsReport } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { json } from './client.ts';
import { servedBy } from './connections.ts';

const maxNamed = 20;

/** Connections at whose targets sessions are that did not come through Sluice and do not claim to, by name, at most 20. */
export async function listConnectionsWithOthers(db: Db): Promise<{ readonly name: string; readonly others: number }[]> {
  const rows = await db.targetSessionCheck.findMany({
    where: { connection: { deletedAt: null }, total: { gt: db.targetSessionCheck.fields.claiming } },
    select: { total: true, claiming: true, connection: { select: { name: true } } },
    orderBy: { connection: { name: 'asc' } },
    take: maxNamed,
  });
  return rows.map(({ total, claiming, connection }) => ({ name: connection.name, others: total - claiming }));
}

/** What the last look found; null before the first. */
export async function findOtherSessions(db: Db, connectionId: string): Promise<readonly TargetSession[]> {
  const row = await db.targetSessionCheck.findUnique({ where: { connectionId }, select: { sessions: true } });
  return (row?.sessions ?? []) as unknown as readonly TargetSession[];
}

/**
 * Keeps what a gateway found at the target of a connection of its own; a look that failed keeps the sessions that were known. Returns
 * those that were not there before; null when the connection is not this gateway's.
 */
export async function noteOtherSessions(
  tx: Tx,
  gatewayId: string,
  report: TargetSessionsReport,
  at: Date,
): Promise<{
  readonly name: string;
  readonly gatewayName: string;
  readonly appeared: readonly TargetSession[];
} | null> {
  const { connectionId, sessions, total, problem } = report;
  const connection = await tx.connection.findFirst({
    where: { id: connectionId, ...servedBy(gatewayId), deletedAt: null },
    select: { name: true, group: { select: { gateways: { where: { id: gatewayId }, select: { name: true } } } } },
  });
  if (connection === null) return null;
  const before = new Set((await findOtherSessions(tx, connectionId)).map(keyOf));
  const found =
    problem === null ? { sessions: json(sessions), total, claiming: sessions.filter((one) => one.claims).length } : {};
  const data = { gatewayId, checkedAt: at, problem, ...found };
  await tx.targetSessionCheck.upsert({ where: { connectionId }, create: { connectionId, ...data }, update: data });
  const gatewayName = connection.group?.gateways[0]?.name ?? 'gateway';
  return { name: connection.name, gatewayName, appeared: sessions.filter((session) => !before.has(keyOf(session))) };
}

/** A target gives a name again, but not for the same beginning. */
function keyOf({ id, since }: TargetSession): string {
  return `${id} ${since ?? ''}`;
}
