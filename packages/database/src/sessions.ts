import type { Db, Tx } from './client.ts';
import { json } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { cutPage, type PageOf, type PageRequest } from './page.ts';

const withPlace = {
  connection: { select: { id: true, name: true, protocol: true, labels: true } },
  gateway: { select: { id: true, name: true, signingKey: true } },
} satisfies Prisma.SessionInclude;
export type SessionRow = Prisma.SessionGetPayload<{ include: typeof withPlace }>;

/** What of all sessions or approvals somebody sees: those of these actors and of agents that they own, and all on these connections. */
export interface VisibleTo {
  readonly actorIds: readonly string[];
  readonly connectionIds: readonly string[];
}

export interface SessionFilter {
  /** null: everybody's. */
  readonly visibleTo: VisibleTo | null;
  readonly state: string | null;
  readonly actorId: string | null;
  readonly connectionId: string | null;
  readonly runId: string | null;
  /** Only sessions with a statement of this verdict. */
  readonly verdict: string | null;
  /** A part of a statement's text, of the actor's or the connection's name. */
  readonly search: string | null;
  readonly from: Date | null;
  readonly to: Date | null;
}

/** Newest first; the cursor is an id. */
export async function listSessions(db: Db, filter: SessionFilter, page: PageRequest): Promise<PageOf<SessionRow>> {
  const rows = await db.session.findMany({
    where: { AND: [...conditionsOf(filter), page.cursor === null ? {} : { id: { lt: page.cursor } }] },
    include: withPlace,
    orderBy: { id: 'desc' },
    take: page.limit + 1,
  });
  return cutPage(rows, page.limit, (row) => row.id);
}

function conditionsOf(filter: SessionFilter): Prisma.SessionWhereInput[] {
  const conditions: Prisma.SessionWhereInput[] = [];
  if (filter.visibleTo !== null) {
    const ids = [...filter.visibleTo.actorIds];
    const connectionId = { in: [...filter.visibleTo.connectionIds] };
    conditions.push({ OR: [{ actorId: { in: ids } }, { ownerId: { in: ids } }, { connectionId }] });
  }
  if (filter.state !== null) conditions.push({ state: filter.state });
  if (filter.actorId !== null) conditions.push({ OR: [{ actorId: filter.actorId }, { ownerId: filter.actorId }] });
  if (filter.connectionId !== null) conditions.push({ connectionId: filter.connectionId });
  if (filter.runId !== null) conditions.push({ runId: filter.runId });
  if (filter.from !== null) conditions.push({ startedAt: { gte: filter.from } });
  if (filter.to !== null) conditions.push({ startedAt: { lte: filter.to } });
  if (filter.verdict !== null) conditions.push({ statements: { some: { verdict: filter.verdict, shown: true } } });
  if (filter.search !== null) {
    const contains = { contains: filter.search, mode: 'insensitive' as const };
    conditions.push({
      OR: [
        { connection: { name: contains } },
        { actor: { path: ['name'], string_contains: filter.search } },
        { statements: { some: { text: contains, shown: true } } },
      ],
    });
  }
  return conditions;
}

export function findSession(db: Db, id: string): Promise<SessionRow | null> {
  return db.session.findUnique({ where: { id }, include: withPlace });
}

export function countLiveSessions(db: Db, visibleTo: VisibleTo | null): Promise<number> {
  const visible = visibleTo === null ? [] : conditionsOf({ ...anySession, visibleTo });
  return db.session.count({ where: { AND: [{ state: 'live' }, ...visible] } });
}

const anySession: SessionFilter = {
  visibleTo: null,
  state: null,
  actorId: null,
  connectionId: null,
  runId: null,
  verdict: null,
  search: null,
  from: null,
  to: null,
};

export interface NewSession {
  readonly id: string;
  readonly connectionId: string;
  readonly gatewayId: string;
  readonly gatewayStartId: string;
  readonly actorId: string;
  readonly ownerId: string | null;
  readonly actor: unknown;
  readonly startedAt: Date;
  readonly clientAddress: string;
  readonly clientSoftware: string | null;
  readonly path: string;
  readonly policyVersion: number;
  readonly startup: Readonly<Record<string, string>>;
}

export async function createSession(tx: Tx, session: NewSession): Promise<void> {
  await tx.session.create({ data: { ...session, actor: json(session.actor), startup: json(session.startup) } });
}

export interface SessionProgress {
  readonly chunkCount: number;
  readonly lastChunkHash: string;
  readonly nextSeq: number;
  readonly lastChunkAt: Date;
  readonly sealed: boolean;
  readonly statements: number;
  readonly held: number;
  readonly denied: number;
  readonly terminals: number;
  /** Set by the event that ended the session. */
  readonly end: { readonly state: 'closed' | 'interrupted'; readonly at: Date; readonly reason: string } | null;
}

/** Moves a session on by one chunk. Counts are of this chunk. */
export async function advanceSession(tx: Tx, id: string, progress: SessionProgress): Promise<void> {
  await tx.session.update({
    where: { id },
    data: {
      chunkCount: progress.chunkCount,
      lastChunkHash: progress.lastChunkHash,
      nextSeq: progress.nextSeq,
      lastChunkAt: progress.lastChunkAt,
      sealed: progress.sealed,
      statementCount: { increment: progress.statements },
      heldCount: { increment: progress.held },
      deniedCount: { increment: progress.denied },
      terminalCount: { increment: progress.terminals },
      ...(progress.end === null
        ? {}
        : { state: progress.end.state, endedAt: progress.end.at, endReason: progress.end.reason }),
    },
  });
}

/** Sessions that a gateway's earlier process had open ended with it; its next start says so in their recordings too. */
export async function interruptSessionsOfEarlierStarts(
  tx: Tx,
  gatewayId: string,
  startId: string,
  now: Date,
): Promise<number> {
  const { count } = await tx.session.updateMany({
    where: { gatewayId, state: 'live', gatewayStartId: { not: startId } },
    data: { state: 'interrupted', endedAt: now, endReason: 'the gateway was restarted' },
  });
  return count;
}

export interface RecordedSession {
  readonly id: string;
  readonly chunkCount: number;
  readonly lastChunkHash: string | null;
  readonly nextSeq: number;
  readonly lastChunkAt: Date | null;
  readonly sealed: boolean;
}

const recorded = {
  id: true,
  chunkCount: true,
  lastChunkHash: true,
  nextSeq: true,
  lastChunkAt: true,
  sealed: true,
} as const;

/** How far the recordings of these sessions of a gateway go. */
export function listRecordedSessions(
  db: Db,
  gatewayId: string,
  ids: readonly string[],
): Promise<readonly RecordedSession[]> {
  return db.session.findMany({ where: { gatewayId, id: { in: [...ids] } }, select: recorded });
}

/** Recordings of a gateway that have no seal, oldest first. */
export function listUnsealedSessions(db: Db, gatewayId: string, limit: number): Promise<readonly RecordedSession[]> {
  return db.session.findMany({
    where: { gatewayId, sealed: false },
    select: recorded,
    orderBy: { id: 'asc' },
    take: limit,
  });
}

export async function noteVerification(db: Db, id: string, problems: readonly string[], at: Date): Promise<void> {
  await db.session.update({
    where: { id },
    data: { verifiedAt: at, verifiedOk: problems.length === 0, problems: [...problems] },
  });
}

/** Ended sessions that nobody verified since their last chunk. */
export async function listUnverifiedSessions(db: Db, limit: number): Promise<string[]> {
  const rows = await db.session.findMany({
    where: { sealed: true, verifiedAt: null },
    select: { id: true },
    orderBy: { id: 'asc' },
    take: limit,
  });
  return rows.map((row) => row.id);
}

/** When recordings were last verified, and what came of those of the day before it. */
export async function readLastVerification(db: Db): Promise<{ at: Date; sessions: number; ok: boolean } | null> {
  const last = await db.session.findFirst({
    where: { verifiedAt: { not: null } },
    orderBy: { verifiedAt: 'desc' },
    select: { verifiedAt: true },
  });
  if (last === null || last.verifiedAt === null) return null;
  const sessions = await db.session.count({ where: { verifiedAt: { not: null } } });
  const broken = await db.session.count({ where: { verifiedOk: false } });
  return { at: last.verifiedAt, sessions, ok: broken === 0 };
}
