import type { Db, Tx } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { cutPage, type PageOf, type PageRequest } from './page.ts';
import type { VisibleTo } from './sessions.ts';

export type StatementRow = Prisma.StatementGetPayload<object>;
/** What is not known yet may be left out. */
export type NewStatement = Omit<StatementRow, 'rows' | 'durationMs' | 'errorCode'> &
  Partial<Pick<StatementRow, 'rows' | 'durationMs' | 'errorCode'>>;
export type StatementChange = Partial<
  Pick<StatementRow, 'rows' | 'durationMs' | 'errorCode' | 'approvalId' | 'shown' | 'toChunk'>
>;

/**
 * Inserts statements as one JSON parameter: a chunk of a busy session holds hundreds, and this costs a third of as many rows of
 * parameters. A statement that is there already stays as it is.
 */
export async function createStatements(tx: Tx, statements: readonly NewStatement[]): Promise<void> {
  if (statements.length === 0) return;
  // JSON has no bigint; Postgres reads the digits.
  const rows = JSON.stringify(statements, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  await tx.$executeRaw`
    INSERT INTO "Statement" ("id", "sessionId", "connectionId", "actorId", "ordinal", "at", "origin", "phase", "shown", "text",
      "fingerprint", "command", "kind", "objects", "verdict", "rule", "approvalId", "rows", "durationMs", "errorCode", "fromChunk", "toChunk")
    SELECT r."id", r."sessionId", r."connectionId", r."actorId", r."ordinal", r."at", r."origin", r."phase", r."shown", r."text",
      r."fingerprint", r."command", r."kind", r."objects", r."verdict", r."rule", r."approvalId", r."rows", r."durationMs", r."errorCode",
      r."fromChunk", r."toChunk"
    FROM jsonb_to_recordset(${rows}::jsonb) AS r("id" uuid, "sessionId" uuid, "connectionId" uuid, "actorId" uuid, "ordinal" int,
      "at" timestamptz, "origin" text, "phase" text, "shown" boolean, "text" text, "fingerprint" text, "command" text, "kind" text,
      "objects" text[], "verdict" text, "rule" text, "approvalId" uuid, "rows" bigint, "durationMs" float8, "errorCode" text,
      "fromChunk" int, "toChunk" int)
    ON CONFLICT DO NOTHING`;
}

/** Adds what later events tell of a statement. Nothing happens when the session has no such statement. */
export async function changeStatement(tx: Tx, sessionId: string, id: string, change: StatementChange): Promise<void> {
  await tx.statement.updateMany({ where: { id, sessionId }, data: change });
}

export function findStatements(db: Db, sessionId: string, ids: readonly string[]): Promise<StatementRow[]> {
  return db.statement.findMany({ where: { sessionId, id: { in: [...ids] } } });
}

/** A session's timeline in order; the cursor is an ordinal. */
export async function listTimelineStatements(
  db: Db,
  sessionId: string,
  page: { readonly cursor: number | null; readonly limit: number },
): Promise<PageOf<StatementRow>> {
  const rows = await db.statement.findMany({
    where: { sessionId, shown: true, ...(page.cursor === null ? {} : { ordinal: { gt: page.cursor } }) },
    orderBy: { ordinal: 'asc' },
    take: page.limit + 1,
  });
  return cutPage(rows, page.limit, (row) => String(row.ordinal));
}

const withSession = {
  session: { select: { connection: { select: { id: true, name: true, protocol: true } } } },
} satisfies Prisma.StatementInclude;
export type RunStatementRow = Prisma.StatementGetPayload<{ include: typeof withSession }>;

/** What clients ran in one run, of what somebody sees (`visibleTo` null: all of it). Newest first; the cursor is an id. */
export async function listRunStatements(
  db: Db,
  runId: string,
  visibleTo: VisibleTo | null,
  page: PageRequest,
): Promise<PageOf<RunStatementRow>> {
  const ids = [...(visibleTo?.actorIds ?? [])];
  const connectionId = { in: [...(visibleTo?.connectionIds ?? [])] };
  const seen = visibleTo === null ? {} : { OR: [{ actorId: { in: ids } }, { ownerId: { in: ids } }, { connectionId }] };
  const rows = await db.statement.findMany({
    where: {
      session: { runId, ...seen },
      shown: true,
      origin: 'client',
      ...(page.cursor === null ? {} : { id: { lt: page.cursor } }),
    },
    include: withSession,
    orderBy: { id: 'desc' },
    take: page.limit + 1,
  });
  return cutPage(rows, page.limit, (row) => row.id);
}

export interface StatementStatistics {
  readonly byHour: readonly { readonly hour: Date; readonly verdict: string; readonly count: number }[];
  readonly topConnections: readonly { readonly id: string; readonly name: string; readonly statements: number }[];
  readonly topRefusals: readonly { readonly rule: string | null; readonly command: string; readonly count: number }[];
}

/** Rows of each "top" list. */
const topRows = 5;

/** What clients ran since `since`, of everybody (`visibleTo` null) or what somebody sees. */
export async function readStatistics(db: Db, visibleTo: VisibleTo | null, since: Date): Promise<StatementStatistics> {
  const all = visibleTo === null;
  const ids = [...(visibleTo?.actorIds ?? [])];
  const places = [...(visibleTo?.connectionIds ?? [])];
  const byHour = await db.$queryRaw<{ hour: Date; verdict: string; count: number }[]>`
    SELECT date_trunc('hour', s."at", 'UTC') AS hour, s."verdict" AS verdict, count(*)::int AS count
    FROM "Statement" s JOIN "Session" n ON n."id" = s."sessionId"
    WHERE s."at" > ${since} AND s."shown" AND s."origin" = 'client'
      AND (${all} OR n."actorId" = ANY(${ids}::uuid[]) OR n."ownerId" = ANY(${ids}::uuid[])
        OR n."connectionId" = ANY(${places}::uuid[]))
    GROUP BY 1, 2 ORDER BY 1`;
  const topConnections = await db.$queryRaw<{ id: string; name: string; statements: number }[]>`
    SELECT c."id"::text AS id, c."name" AS name, count(*)::int AS statements
    FROM "Statement" s JOIN "Session" n ON n."id" = s."sessionId" JOIN "Connection" c ON c."id" = s."connectionId"
    WHERE s."at" > ${since} AND s."shown" AND s."origin" = 'client'
      AND (${all} OR n."actorId" = ANY(${ids}::uuid[]) OR n."ownerId" = ANY(${ids}::uuid[])
        OR n."connectionId" = ANY(${places}::uuid[]))
    GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT ${topRows}`;
  const topRefusals = await db.$queryRaw<{ rule: string | null; command: string; count: number }[]>`
    SELECT s."rule" AS rule, s."command" AS command, count(*)::int AS count
    FROM "Statement" s JOIN "Session" n ON n."id" = s."sessionId"
    WHERE s."at" > ${since} AND s."shown" AND s."origin" = 'client' AND s."verdict" = 'deny'
      AND (${all} OR n."actorId" = ANY(${ids}::uuid[]) OR n."ownerId" = ANY(${ids}::uuid[])
        OR n."connectionId" = ANY(${places}::uuid[]))
    GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT ${topRows}`;
  return { byHour, topConnections, topRefusals };
}

export async function hasClientStatement(db: Db): Promise<boolean> {
  return (await db.statement.findFirst({ where: { origin: 'client' }, select: { id: true } })) !== null;
}
