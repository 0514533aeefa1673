import { type Db, json, refusingDuplicates, type Tx } from './client.ts';

export interface EventStreamRow {
  readonly id: string;
  readonly name: string;
  readonly settings: unknown;
  readonly secretSealed: string | null;
  readonly audit: boolean;
  readonly statements: boolean;
  readonly createdAt: Date;
  readonly auditCursor: number;
  readonly chunkTransaction: bigint;
  readonly chunkArrival: bigint;
  readonly failures: number;
  readonly nextTryAt: Date | null;
  readonly lastError: string | null;
  readonly lastSentAt: Date | null;
  readonly sent: bigint;
}

export interface NewEventStream {
  readonly id: string;
  readonly name: string;
  readonly settings: unknown;
  readonly secretSealed: string | null;
  readonly audit: boolean;
  readonly statements: boolean;
}

export function listEventStreams(db: Db): Promise<EventStreamRow[]> {
  return db.eventStream.findMany({ orderBy: { name: 'asc' } });
}

/** Puts a secret that was sealed anew in the place of the one that was read; nothing where somebody changed it meanwhile. */
export async function resealEventStream(tx: Tx, id: string, from: string, to: string): Promise<void> {
  await tx.eventStream.updateMany({ where: { id, secretSealed: from }, data: { secretSealed: to } });
}

export function findEventStream(db: Db, id: string): Promise<EventStreamRow | null> {
  return db.eventStream.findUnique({ where: { id } });
}

/** A stream begins with what happens from now on. Throws SluiceError `conflict` when the name is taken. */
export async function createEventStream(tx: Tx, stream: NewEventStream): Promise<EventStreamRow> {
  const [last, chunk] = await Promise.all([
    tx.auditEvent.findFirst({ orderBy: { index: 'desc' }, select: { index: true } }),
    tx.recordingChunk.findFirst({
      orderBy: [{ transaction: 'desc' }, { arrival: 'desc' }],
      select: { transaction: true, arrival: true },
    }),
  ]);
  return refusingDuplicates(`There is a stream named ${stream.name} already.`, 'Choose another name.', () =>
    tx.eventStream.create({
      data: {
        ...stream,
        settings: json(stream.settings),
        auditCursor: last?.index ?? 0,
        chunkTransaction: chunk?.transaction ?? 0n,
        chunkArrival: chunk?.arrival ?? 0n,
      },
    }),
  );
}

export async function deleteEventStream(tx: Tx, id: string): Promise<boolean> {
  return (await tx.eventStream.deleteMany({ where: { id } })).count === 1;
}

export type StreamProgress = Partial<
  Pick<
    EventStreamRow,
    'auditCursor' | 'chunkTransaction' | 'chunkArrival' | 'failures' | 'nextTryAt' | 'lastError' | 'lastSentAt' | 'sent'
  >
>;

export async function noteStreamProgress(db: Db, id: string, progress: StreamProgress): Promise<void> {
  await db.eventStream.update({ where: { id }, data: progress });
}

/** What a stream has not sent yet. */
export interface StreamBacklog {
  readonly auditEvents: number;
  readonly chunks: number;
  /** When the oldest of it came to be; null: there is none. */
  readonly since: Date | null;
}

export async function streamBacklog(db: Db, stream: EventStreamRow): Promise<StreamBacklog> {
  const { audit, statements, auditCursor, chunkTransaction: transaction, chunkArrival: arrival } = stream;
  const events = { index: { gt: auditCursor } };
  const chunks = { OR: [{ transaction: { gt: transaction } }, { transaction, arrival: { gt: arrival } }] };
  const [auditEvents, oldestEvent, waitingChunks, oldestChunk] = await Promise.all([
    audit ? db.auditEvent.count({ where: events }) : 0,
    audit ? db.auditEvent.findFirst({ where: events, orderBy: { index: 'asc' }, select: { at: true } }) : null,
    statements ? db.recordingChunk.count({ where: chunks }) : 0,
    statements
      ? db.recordingChunk.findFirst({
          where: chunks,
          orderBy: [{ transaction: 'asc' }, { arrival: 'asc' }],
          select: { receivedAt: true },
        })
      : null,
  ]);
  const times = [oldestEvent?.at, oldestChunk?.receivedAt].filter((at) => at !== undefined).map((at) => at.getTime());
  return { auditEvents, chunks: waitingChunks, since: times.length === 0 ? null : new Date(Math.min(...times)) };
}

export interface ArrivedChunk {
  readonly sessionId: string;
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly transaction: bigint;
  readonly arrival: bigint;
}

/**
 * Chunks that arrived after the cursor, in the order in which they became visible. What was stored by a transaction that is not older
 * than every running one waits: another, with a lower number, may still commit before it.
 */
export function listArrivedChunks(
  db: Db,
  after: { readonly transaction: bigint; readonly arrival: bigint },
  limit: number,
): Promise<ArrivedChunk[]> {
  return db.$queryRaw<ArrivedChunk[]>`
    SELECT "sessionId"::text AS "sessionId", "index", "bytes", "transaction", "arrival" FROM "RecordingChunk"
    WHERE ("transaction", "arrival") > (${after.transaction}, ${after.arrival})
      AND "transaction" < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY "transaction", "arrival" LIMIT ${limit}`;
}
