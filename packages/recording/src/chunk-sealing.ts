import type { SigningKeys } from '@sluice/keys';
import { buildChunk, type ChunkPosition } from './chunk.ts';
import { chunkName, temporaryName } from './spool-names.ts';
import type { SpoolStore } from './spool-store.ts';

/** Who signs. */
export interface ChunkSigner {
  readonly gatewayId: string;
  readonly keys: SigningKeys;
}

export interface SealedLines {
  readonly lines: readonly Buffer[];
  readonly firstAt: number;
  readonly lastAt: number;
  readonly final: boolean;
}

/** Writes a chunk beside its place and renames it there. Returns where the next one stands. Throws what the store throws. */
export function sealChunk(
  store: SpoolStore,
  signer: ChunkSigner,
  position: ChunkPosition,
  sealed: SealedLines,
): ChunkPosition {
  const { bytes, hash } = buildChunk({ ...position, ...signer, ...sealed });
  const name = chunkName(position.sessionId, position.index);
  const file = store.create(temporaryName(name));
  try {
    file.write(bytes, 0);
  } finally {
    file.close();
  }
  store.rename(temporaryName(name), name);
  return {
    sessionId: position.sessionId,
    index: position.index + 1,
    previousHash: hash,
    firstSeq: position.firstSeq + sealed.lines.length,
  };
}

/** The first line of an open file: where its chunk will stand, so that the chain goes on even when every chunk has left the spool. */
export function openFileHeader(position: ChunkPosition): Buffer {
  return Buffer.from(`${JSON.stringify(position)}\n`, 'utf8');
}
