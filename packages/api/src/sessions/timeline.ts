import type { Db, StatementRow } from '@sluice/database';
import { readChunks } from '@sluice/database';
import type { RecordingEvent } from '@sluice/recording';
import { decodeEvents, readChunk } from '@sluice/recording';
import type { TimelineEntry } from '../views.ts';

/** Every event but those of the session as a whole. */
type StatementEvent = Extract<RecordingEvent, { readonly statementId: string }>;
type Judged = Extract<RecordingEvent, { readonly type: 'statement.judged' }>;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Reads the recording's events of these statements and folds them to entries, in the statements' order. */
export async function readTimeline(db: Db, sessionId: string, rows: readonly StatementRow[]): Promise<TimelineEntry[]> {
  if (rows.length === 0) return [];
  const events = new Map<string, StatementEvent[]>(rows.map((row) => [row.id, []]));
  const from = Math.min(...rows.map((row) => row.fromChunk));
  const to = Math.max(...rows.map((row) => row.toChunk));
  for await (const { bytes } of readChunks(db, sessionId, from, to)) {
    for (const event of decodeEvents(readChunk(bytes)))
      if ('statementId' in event && event.type !== 'terminal.opened') events.get(event.statementId)?.push(event);
  }
  return rows.flatMap((row) => foldStatement(events.get(row.id) ?? []) ?? []);
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
    error: null,
    durationMs: null,
    asWriter: false,
  };
  for (const event of events) apply(entry, event);
  return entry;
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
      return;
  }
}
