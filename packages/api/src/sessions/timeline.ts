import type { Db, StatementRow } from '@sluice/database';
import { readChunksAt } from '@sluice/database';
import type { RecordingEvent } from '@sluice/recording';
import { decodeEvents, decodeText, readChunk } from '@sluice/recording';
import type { TimelineEntry } from '../views.ts';

/** Every event but those of the session as a whole. */
type StatementEvent = Extract<RecordingEvent, { readonly statementId: string }>;
type Output = Extract<RecordingEvent, { readonly type: 'statement.output' }>;
type Judged = Extract<RecordingEvent, { readonly type: 'statement.judged' }>;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Reads the recording's events of these statements and folds them to entries, in the statements' order. */
export async function readTimeline(db: Db, sessionId: string, rows: readonly StatementRow[]): Promise<TimelineEntry[]> {
  if (rows.length === 0) return [];
  const events = new Map<string, StatementEvent[]>(rows.map((row) => [row.id, []]));
  for await (const { bytes } of readChunksAt(db, sessionId, chunksOf(rows))) {
    for (const event of decodeEvents(readChunk(bytes)))
      if ('statementId' in event && event.type !== 'terminal.opened') events.get(event.statementId)?.push(event);
  }
  return rows.flatMap((row) => foldStatement(events.get(row.id) ?? []) ?? []);
}

/**
 * Of a statement that spans more chunks than this only as many are read at each of its ends: its judgement, and how it ended. What lies
 * between is a terminal of hours, which has a view of its own; results keep to their budget long before.
 */
const maxEndChunks = 50;

function chunksOf(rows: readonly StatementRow[]): number[] {
  const indexes = new Set<number>();
  for (const { fromChunk, toChunk } of rows) {
    for (let index = fromChunk; index <= toChunk; index += 1) {
      if (index === fromChunk + maxEndChunks) index = Math.max(index, toChunk - maxEndChunks + 1);
      indexes.add(index);
    }
  }
  return [...indexes].sort((a, b) => a - b);
}

/** One entry from a statement's events, null when its judgement is not among them. */
export function foldStatement(events: readonly StatementEvent[]): TimelineEntry | null {
  const judged = events.find((event): event is Judged => event.type === 'statement.judged');
  if (judged === undefined) return null;
  const entry: Mutable<TimelineEntry> = {
    id: judged.statementId,
    at: new Date(judged.at),
    origin: judged.origin,
    text: judged.truncatedChars > 0 ? `${judged.text}… (${judged.truncatedChars} more characters)` : judged.text,
    command: judged.command,
    kind: judged.kind,
    verdict: judged.action,
    rule: judged.rule,
    reason: judged.reason,
    matched: judged.matched,
    binds: judged.binds,
    held: null,
    results: [],
    outputs: [],
    error: null,
    durationMs: null,
    asWriter: false,
  };
  for (const event of events) apply(entry, event);
  return entry;
}

/** Characters of a statement's output that an entry carries; the recording may hold more. */
const maxShownOutput = 64 * 1024;

function withOutput(before: TimelineEntry['outputs'], event: Output): TimelineEntry['outputs'] {
  const text = event.encoding === undefined ? event.text : decodeText(event).toString('utf8');
  const room = maxShownOutput - before.reduce((sum, output) => sum + output.text.length, 0);
  const shown = text.slice(0, Math.max(0, room));
  const omittedBytes = event.omittedBytes + Buffer.byteLength(text.slice(shown.length));
  const last = before.at(-1);
  if (last?.stream !== event.stream) return [...before, { stream: event.stream, text: shown, omittedBytes }];
  const joined = { ...last, text: last.text + shown, omittedBytes: last.omittedBytes + omittedBytes };
  return [...before.slice(0, -1), joined];
}

function apply(entry: Mutable<TimelineEntry>, event: StatementEvent): void {
  switch (event.type) {
    case 'statement.judged':
      return;
    case 'statement.held':
      entry.held = { approvalId: event.approvalId, outcome: null, by: [], comment: null, waitedMs: null };
      return;
    case 'statement.decided': {
      const { approvalId, outcome, by, comment, waitedMs } = event;
      entry.held = { approvalId, outcome, by, comment, waitedMs };
      return;
    }
    case 'statement.refused':
      entry.error = { code: event.code, message: event.message };
      return;
    case 'statement.result': {
      const { columns, rows, rowCount, omittedRows, tag } = event;
      entry.results = [...entry.results, { columns, rows, rowCount, omittedRows, tag }];
      entry.durationMs = Math.max(entry.durationMs ?? 0, event.durationMs);
      return;
    }
    case 'statement.failed':
      entry.error = { code: event.code, message: event.message };
      entry.durationMs = event.durationMs;
      return;
    case 'statement.ended':
      entry.durationMs = event.durationMs;
      entry.asWriter = event.credential === 'writer';
      return;
    case 'statement.output':
      entry.outputs = withOutput(entry.outputs, event);
      return;
  }
}
