import {
  type ArrivedChunk,
  type AuditEventRow,
  type Database,
  type EventStreamRow,
  findEventStream,
  findSession,
  listArrivedChunks,
  listEventStreams,
  noteStreamProgress,
  readAuditEvents,
  type StreamProgress,
  type Tx,
  tryAdvisoryLock,
} from '@sluice/database';
import { type AtRest, streamSecretContext } from '@sluice/keys';
import { decodeEvents, type RecordingEvent, readChunk } from '@sluice/recording';
import { sendEvents } from './send-events.ts';
import { type StreamEvent, streamSettingsSchema } from './stream-settings.ts';

/** Audit events, and chunks, of one batch. */
const batchEvents = 200;
const batchChunks = 20;
/** Batches of one stream in a row, before another stream has its turn. */
const batchesInARow = 10;
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;
/** Characters of an error that are kept. */
const maxErrorLength = 500;

export interface ExportOptions {
  readonly database: Database;
  readonly atRest: AtRest;
  readonly folder: string | null;
}

/**
 * Sends what every stream has not got yet. Each batch is one transaction that holds the stream's lock: one node sends at a time, and the
 * cursor moves only after the other side has everything. A node that dies in between sends the batch again: at least once.
 */
export async function exportEvents(options: ExportOptions, now: () => Date): Promise<void> {
  for (const { id } of await listEventStreams(options.database.db)) {
    for (let batch = 0; batch < batchesInARow; batch += 1) if (!(await exportBatch(options, id, now()))) break;
  }
}

/** Returns whether there may be more to send at once. */
function exportBatch(options: ExportOptions, id: string, now: Date): Promise<boolean> {
  return options.database.transaction(async (tx) => {
    if (!(await tryAdvisoryLock(tx, `event-stream:${id}`))) return false;
    const stream = await findEventStream(tx, id);
    if (stream === null || (stream.nextTryAt !== null && stream.nextTryAt > now)) return false;
    const batch = await nextBatch(tx, stream);
    if (batch === null) return false;
    try {
      const secret =
        stream.secretSealed === null ? null : options.atRest.open(stream.secretSealed, streamSecretContext(id));
      const settings = streamSettingsSchema.parse(stream.settings);
      await sendEvents({ settings, secret, folder: options.folder }, batch.events);
    } catch (error) {
      const failures = stream.failures + 1;
      const delay = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 10));
      const lastError = (error instanceof Error ? error.message : String(error)).slice(0, maxErrorLength);
      await noteStreamProgress(tx, id, { failures, lastError, nextTryAt: new Date(now.getTime() + delay) });
      return false;
    }
    const sent = stream.sent + BigInt(batch.events.length);
    await noteStreamProgress(tx, id, {
      ...batch.progress,
      sent,
      failures: 0,
      nextTryAt: null,
      lastError: null,
      lastSentAt: now,
    });
    return true;
  });
}

interface Batch {
  readonly events: readonly StreamEvent[];
  readonly progress: StreamProgress;
}

async function nextBatch(tx: Tx, stream: EventStreamRow): Promise<Batch | null> {
  const progress: { -readonly [Key in keyof StreamProgress]: StreamProgress[Key] } = {};
  const events: StreamEvent[] = [];
  if (stream.audit) {
    for await (const rows of readAuditEvents(tx, stream.auditCursor + 1)) {
      const taken = rows.slice(0, batchEvents);
      events.push(...taken.map(toAuditEvent));
      progress.auditCursor = taken.at(-1)?.index ?? stream.auditCursor;
      break;
    }
  }
  if (stream.statements) {
    const after = { transaction: stream.chunkTransaction, arrival: stream.chunkArrival };
    for (const chunk of await listArrivedChunks(tx, after, batchChunks)) {
      events.push(...(await statementEvents(tx, chunk)));
      progress.chunkTransaction = chunk.transaction;
      progress.chunkArrival = chunk.arrival;
    }
  }
  return Object.keys(progress).length === 0 ? null : { events, progress };
}

function toAuditEvent(row: AuditEventRow): StreamEvent {
  const { id, at, action, index, previousHash, hash } = row;
  const body = { index, previousHash, hash, event: JSON.parse(row.body) as unknown };
  return { id, kind: 'audit', at: at.getTime(), name: action, warning: false, body };
}

/** What a chunk says of statements and of its session's beginning and end, without rows. */
async function statementEvents(tx: Tx, chunk: ArrivedChunk): Promise<StreamEvent[]> {
  const session = await findSession(tx, chunk.sessionId);
  const who = session === null ? null : { actor: session.actor, connection: session.connection.name };
  return decodeEvents(readChunk(Buffer.from(chunk.bytes))).map((event) => ({
    id: `${chunk.sessionId}.${event.seq}`,
    kind: 'statement',
    at: event.at,
    name: event.type,
    warning: isWarning(event),
    body: { sessionId: chunk.sessionId, ...who, event: withoutRows(event) },
  }));
}

function withoutRows(event: RecordingEvent): unknown {
  if (event.type !== 'statement.result') return event;
  const { rows, ...rest } = event;
  return { ...rest, keptRows: rows.length };
}

function isWarning(event: RecordingEvent): boolean {
  if (event.type === 'statement.judged') return event.action === 'deny';
  return ['statement.refused', 'statement.failed', 'gap', 'session.interrupted'].includes(event.type);
}
