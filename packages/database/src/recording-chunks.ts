import type { Db, Tx } from './client.ts';

export interface ChunkRow {
  readonly index: number;
  readonly hash: string;
  readonly bytes: Buffer;
}

export interface NewChunk {
  readonly sessionId: string;
  readonly index: number;
  readonly hash: string;
  readonly previousHash: string;
  readonly bytes: Buffer;
}

export async function createChunk(tx: Tx, chunk: NewChunk): Promise<void> {
  await tx.recordingChunk.create({ data: { ...chunk, bytes: new Uint8Array(chunk.bytes) } });
}

export async function findChunkHash(db: Db, sessionId: string, index: number): Promise<string | null> {
  const row = await db.recordingChunk.findUnique({
    where: { sessionId_index: { sessionId, index } },
    select: { hash: true },
  });
  return row?.hash ?? null;
}

/** At most `limit` of the session's chunks from an index on, in order, in one question. */
export async function listChunks(db: Db, sessionId: string, from: number, limit: number): Promise<ChunkRow[]> {
  const rows = await db.recordingChunk.findMany({
    where: { sessionId, index: { gte: from } },
    orderBy: { index: 'asc' },
    take: limit,
    select: { index: true, hash: true, bytes: true },
  });
  return rows.map(({ index, hash, bytes }) => ({ index, hash, bytes: Buffer.from(bytes ?? []) }));
}

/** The session's chunks with these indexes in order, one at a time: a recording need not fit into memory. */
export async function* readChunks(
  db: Db,
  sessionId: string,
  from = 0,
  to = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<ChunkRow> {
  for (let next = from; next <= to; ) {
    const row = await db.recordingChunk.findFirst({
      where: { sessionId, index: { gte: next, lte: Math.min(to, maxIndex) } },
      orderBy: { index: 'asc' },
      select: { index: true, hash: true, bytes: true },
    });
    if (row === null) return;
    yield { index: row.index, hash: row.hash, bytes: Buffer.from(row.bytes ?? []) };
    next = row.index + 1;
  }
}

/** Chunks that `readChunksAt` holds at a time. */
const chunksAtOnce = 20;

/** The session's chunks with exactly these indexes, in order. */
export async function* readChunksAt(db: Db, sessionId: string, indexes: readonly number[]): AsyncGenerator<ChunkRow> {
  for (let from = 0; from < indexes.length; from += chunksAtOnce) {
    const rows = await db.recordingChunk.findMany({
      where: { sessionId, index: { in: indexes.slice(from, from + chunksAtOnce) } },
      orderBy: { index: 'asc' },
      select: { index: true, hash: true, bytes: true },
    });
    for (const { index, hash, bytes } of rows) yield { index, hash, bytes: Buffer.from(bytes ?? []) };
  }
}

/** Postgres' largest `integer`. */
const maxIndex = 2_147_483_647;
