import { buildChunk, type ChunkPosition, type ChunkSigner } from './chunk.ts';
import type { GatewayChain } from './gateway-chain.ts';
import { chunkName, temporaryName } from './spool-names.ts';
import type { SpoolStore } from './spool-store.ts';

export interface SealedLines {
  readonly lines: readonly Buffer[];
  readonly firstAt: number;
  readonly lastAt: number;
  readonly final: boolean;
}

/**
 * Writes a chunk beside its place and renames it there. Returns where the next one stands. Throws what the store throws. A session's
 * first and last chunk take the next link of the gateway's chain, which has to be persisted before the chunk may leave the spool.
 */
export function sealChunk(
  store: SpoolStore,
  signer: ChunkSigner,
  chain: GatewayChain,
  position: ChunkPosition,
  sealed: SealedLines,
): ChunkPosition {
  const { sessionId, index } = position;
  const link = index === 0 || sealed.final ? chain.next() : null;
  const { bytes, hash } = buildChunk({ ...position, ...signer, ...sealed, link });
  const name = chunkName(sessionId, index);
  const file = store.create(temporaryName(name));
  try {
    file.write(bytes, 0);
  } finally {
    file.close();
  }
  store.rename(temporaryName(name), name);
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
