import { buildChunk, type ChunkPosition, type ChunkSigner } from './chunk.ts';
import type { GatewayChain } from './gateway-chain.ts';
import { chunkName, temporaryName } from './spool-names.ts';
import type { SpoolFile, SpoolStore } from './spool-store.ts';

export interface SealedLines {
  readonly lines: readonly Buffer[];
  readonly firstAt: number;
  readonly lastAt: number;
  readonly final: boolean;
}

/**
 * Writes a chunk beside its place and renames it there. Returns where the next one stands. Throws what the store throws. A session's
 * first and last chunk take the next link of the gateway's chain, which has to be persisted before the chunk may leave the spool.
 * `keep` gets the chunk's file open, to be synced and closed; else it is closed.
 */
export function sealChunk(
  store: SpoolStore,
  signer: ChunkSigner,
  chain: GatewayChain,
  position: ChunkPosition,
  sealed: SealedLines,
  keep: ((file: SpoolFile) => void) | null = null,
): ChunkPosition {
  const { sessionId, index } = position;
  const link = index === 0 || sealed.final ? chain.linkFor(sessionId, index) : null;
  const { bytes, hash } = buildChunk({ ...position, ...signer, ...sealed, link });
  const name = chunkName(sessionId, index);
  const file = store.create(temporaryName(name));
  let kept = false;
  try {
    file.write(bytes, 0);
    store.rename(temporaryName(name), name);
    kept = keep !== null;
    keep?.(file);
  } finally {
    if (!kept) file.close();
  }
  chain.sealed({ sessionId, index, hash }, link);
  return {
    sessionId,
    index: index + 1,
    previousHash: hash,
    firstSeq: position.firstSeq + sealed.lines.length,
  };
}

/** The first line of an open file: where its chunk will stand, so that the chain goes on even when every chunk has left the spool. */
export function openFileHeader(position: ChunkPosition): Buffer {
  return Buffer.from(`${JSON.stringify(position)}\n`, 'utf8');
}
