import type { NewStatement, StatementChange, Tx } from '@sluice/database';
import { changeStatement, createStatements } from '@sluice/database';
import type { RecordingEvent } from '@sluice/recording';
import { storableText } from './storable-text.ts';

/** How much of a statement's text is searchable, in characters; the recording has it all. */
const maxIndexedCharacters = 16_384;
const maxIndexedObjects = 200;

export interface ChunkPlace {
  readonly sessionId: string;
  readonly connectionId: string;
  readonly actorId: string;
  readonly chunkIndex: number;
}

export interface ChunkCounts {
  readonly statements: number;
  readonly held: number;
  readonly denied: number;
  readonly terminals: number;
}

type Judged = Extract<RecordingEvent, { readonly type: 'statement.judged' }>;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Puts a chunk's statements into the search index. A statement's later events may come in later chunks: what belongs to statements
 * of this chunk is merged before it is written, the rest are updates.
 */
export async function indexEvents(tx: Tx, place: ChunkPlace, events: readonly RecordingEvent[]): Promise<ChunkCounts> {
  const created = new Map<string, Mutable<NewStatement>>();
  const changes = new Map<string, Mutable<StatementChange>>();
  let held = 0;
  let terminals = 0;
  for (const event of events) {
    if (event.type === 'terminal.opened') terminals += 1;
    else if (event.type === 'statement.judged') created.set(event.statementId, toStatement(event, place));
    else if ('statementId' in event) {
      if (event.type === 'statement.held') held += 1;
      const change = created.get(event.statementId) ?? changes.get(event.statementId) ?? {};
      applyEvent(change, event);
      if (!created.has(event.statementId)) changes.set(event.statementId, { ...change, toChunk: place.chunkIndex });
    }
  }
  const statements = [...created.values()];
  await createStatements(tx, statements);
  for (const [id, change] of changes) await changeStatement(tx, place.sessionId, id, change);
  const shown = statements.filter((statement) => statement.shown && statement.origin === 'client');
  const denied = shown.filter((statement) => statement.verdict === 'deny').length;
  return { statements: shown.length, held, denied, terminals };
}

function toStatement(event: Judged, place: ChunkPlace): Mutable<NewStatement> {
  const { chunkIndex, ...owner } = place;
  return {
    ...owner,
    id: event.statementId,
    ordinal: event.index,
    at: new Date(event.at),
    origin: event.origin,
    phase: event.phase,
    // The steps of a prepared statement lead to its execution; alone they say nothing, unless they were stopped.
    // A preparation alone runs nothing; an execution is recorded apart from its bind only when something moved between them.
    shown: event.phase !== 'prepare' || event.action !== 'allow',
    text: storableText(event.text.slice(0, maxIndexedCharacters)),
    fingerprint: storableText(event.fingerprint),
    command: storableText(event.command),
    kind: event.kind,
    objects: event.objects.slice(0, maxIndexedObjects).map(storableText),
    verdict: event.action,
    rule: event.rule,
    approvalId: event.approvalId,
    fromChunk: chunkIndex,
    toChunk: chunkIndex,
  };
}

function applyEvent(
  change: Mutable<StatementChange>,
  event: Exclude<Extract<RecordingEvent, { readonly statementId: string }>, Judged>,
): void {
  switch (event.type) {
    case 'statement.held':
    case 'statement.decided':
      change.approvalId = event.approvalId;
      return;
    case 'statement.refused':
      change.errorCode = storableText(event.code);
      change.shown = true;
      return;
    case 'statement.result':
      change.rows = event.rowCount === null ? null : BigInt(event.rowCount);
      change.durationMs = event.durationMs;
      return;
    case 'statement.failed':
      change.errorCode = storableText(event.code);
      change.durationMs = event.durationMs;
      change.shown = true;
      return;
    case 'statement.ended':
      change.durationMs = event.durationMs;
      return;
    case 'statement.output':
      return;
  }
}
