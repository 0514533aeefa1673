import { createHash } from 'node:crypto';
import type { Db, Tx } from './client.ts';
import { advisoryLock } from './client.ts';
import { cutPage, type PageOf, type PageRequest } from './page.ts';

const genesisHash = '0'.repeat(64);
const chainContext = 'sluice-audit-v1\0';
/** Rows that one step of the verification holds in memory. */
const verifyBatchRows = 500;
/** The database's own limits guard the rest; a before/after larger than this is cut by the caller. Bytes of JSON. */
export const maxAuditBodyBytes = 256 * 1024;

/** Who did it: an actor, or a part of Sluice itself. */
export type AuditActor =
  | {
      readonly kind: 'person' | 'service';
      readonly id: string;
      readonly name: string;
      readonly role: string;
      readonly onBehalfOf: { readonly id: string; readonly name: string } | null;
    }
  | { readonly kind: 'system'; readonly name: string };

/** The credential that an event came through, and what its client calls itself. */
export interface AuditThrough {
  readonly by: 'web-session' | 'api-token' | 'native-secret' | 'slack' | 'none';
  /** The web session's or the token's id; null where no known credential was shown. */
  readonly id: string | null;
  /** The run that the token was issued for. */
  readonly run: string | null;
  /** A client's own word for itself (`User-Agent`), which proves nothing; null where it said nothing. */
  readonly software: string | null;
}

export interface AuditSubject {
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

export interface NewAuditEvent {
  readonly id: string;
  readonly at: Date;
  readonly actor: AuditActor;
  /** `connections.createConnection`: the procedure's own name, or `gateway.enrolled`. */
  readonly action: string;
  /** A sentence for people. */
  readonly sentence: string;
  readonly subject: AuditSubject | null;
  /** JSON without secrets. */
  readonly before: unknown;
  readonly after: unknown;
  readonly address: string | null;
  /** Left out where Sluice itself acts, or a gateway by its own signed request. */
  readonly through?: AuditThrough;
}

export interface AuditEventRow {
  readonly index: number;
  readonly id: string;
  readonly at: Date;
  readonly actorId: string | null;
  readonly actorName: string;
  readonly action: string;
  readonly sentence: string;
  readonly subjectId: string | null;
  readonly body: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** What `body` holds, beside the row's own columns. */
export type AuditBody = Omit<NewAuditEvent, 'at'> & { readonly index: number; readonly at: string };

/**
 * Appends an event to the chain in the caller's transaction: it is there if and only if the change is. Each event's hash covers the
 * hash before it. The chain's lock is held until the transaction ends, so append last.
 */
export async function appendAuditEvent(tx: Tx, event: NewAuditEvent): Promise<void> {
  await advisoryLock(tx, 'audit-chain');
  const last = await tx.auditEvent.findFirst({ orderBy: { index: 'desc' }, select: { index: true, hash: true } });
  const index = (last?.index ?? 0) + 1;
  const previousHash = last?.hash ?? genesisHash;
  const body = JSON.stringify({ index, ...event, at: event.at.toISOString() } satisfies AuditBody);
  if (Buffer.byteLength(body) > maxAuditBodyBytes) throw new Error(`audit event ${event.action} is too large`);
  await tx.auditEvent.create({
    data: { ...columnsOf(event), index, body, previousHash, hash: hashOf(previousHash, body) },
  });
}

/** Where the chain stands: its newest event. Index 0 while there is none. */
export async function auditHead(db: Db): Promise<{ readonly index: number; readonly hash: string }> {
  const last = await db.auditEvent.findFirst({ orderBy: { index: 'desc' }, select: { index: true, hash: true } });
  return last ?? { index: 0, hash: genesisHash };
}

export interface AuditFilter {
  /** A part of the sentence. */
  readonly search: string | null;
  readonly actorId: string | null;
  /** What the action begins with, such as `connections.` or the whole of it. */
  readonly action: string | null;
  readonly subjectId: string | null;
  /** This one alone. */
  readonly index: number | null;
  readonly from: Date | null;
  readonly to: Date | null;
}

/** Every event: a filter names what it narrows. */
export const anyAuditEvent: AuditFilter = {
  search: null,
  actorId: null,
  action: null,
  subjectId: null,
  index: null,
  from: null,
  to: null,
};

/** Newest first; the cursor is an index. */
export async function listAuditEvents(db: Db, filter: AuditFilter, page: PageRequest): Promise<PageOf<AuditEventRow>> {
  const { search, actorId, action, subjectId, index, from, to } = filter;
  const rows = await db.auditEvent.findMany({
    where: {
      AND: [
        page.cursor === null ? {} : { index: { lt: Number(page.cursor) } },
        index === null ? {} : { index },
        actorId === null ? {} : { actorId },
        subjectId === null ? {} : { subjectId },
        action === null ? {} : { action: { startsWith: action } },
        from === null ? {} : { at: { gte: from } },
        to === null ? {} : { at: { lt: to } },
        search === null ? {} : { sentence: { contains: search, mode: 'insensitive' as const } },
      ],
    },
    orderBy: { index: 'desc' },
    take: page.limit + 1,
  });
  return cutPage(rows, page.limit, (row) => String(row.index));
}

/** The events from one index on, in order, a batch at a time. */
export async function* readAuditEvents(db: Db, from: number): AsyncGenerator<readonly AuditEventRow[]> {
  for (let next = from; ; ) {
    const rows = await db.auditEvent.findMany({
      where: { index: { gte: next } },
      orderBy: { index: 'asc' },
      take: verifyBatchRows,
    });
    if (rows.length > 0) yield rows;
    if (rows.length < verifyBatchRows) return;
    next = (rows.at(-1)?.index ?? next) + 1;
  }
}

export interface ChainCheck {
  readonly ok: boolean;
  readonly checked: number;
  /** The first thing wrong, in a sentence with the event's index. */
  readonly firstProblem: string | null;
}

/** Reads the whole chain from its start, a batch at a time, and stops at the first problem. */
export async function verifyAuditChain(db: Db): Promise<ChainCheck> {
  let index = 0;
  let previousHash = genesisHash;
  for (;;) {
    const rows = await db.auditEvent.findMany({
      where: { index: { gt: index } },
      orderBy: { index: 'asc' },
      take: verifyBatchRows,
    });
    for (const row of rows) {
      const problem = problemOf(row, index + 1, previousHash);
      if (problem !== null) return { ok: false, checked: index, firstProblem: problem };
      index = row.index;
      previousHash = row.hash;
    }
    if (rows.length < verifyBatchRows) return { ok: true, checked: index, firstProblem: null };
  }
}

function problemOf(row: AuditEventRow, expectedIndex: number, previousHash: string): string | null {
  if (row.index !== expectedIndex) return `Event ${expectedIndex} is missing.`;
  if (row.previousHash !== previousHash) return `Event ${row.index} does not follow the event before it.`;
  if (row.hash !== hashOf(previousHash, row.body)) return `Event ${row.index} was changed after it was written.`;
  const body = parseBody(row.body);
  const columns = body === null ? null : columnsOf({ ...body, at: new Date(body.at) });
  const same =
    columns !== null &&
    body?.index === row.index &&
    columns.at.getTime() === row.at.getTime() &&
    (['id', 'actorId', 'actorName', 'action', 'sentence', 'subjectId'] as const).every(
      (key) => columns[key] === row[key],
    );
  return same ? null : `Event ${row.index} is listed differently from what was written.`;
}

function parseBody(body: string): AuditBody | null {
  try {
    return JSON.parse(body) as AuditBody;
  } catch {
    return null;
  }
}

function columnsOf(event: NewAuditEvent) {
  return {
    id: event.id,
    at: event.at,
    actorId: event.actor.kind === 'system' ? null : event.actor.id,
    actorName: event.actor.name,
    action: event.action,
    sentence: event.sentence,
    subjectId: event.subject?.id ?? null,
  };
}

function hashOf(previousHash: string, body: string): string {
  return createHash('sha256').update(chainContext).update(previousHash).update('\0').update(body).digest('hex');
}
