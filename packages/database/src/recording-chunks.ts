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

/** Postgres' largest `integer`. */
const maxIndex = 2_147_483_647;
