import { askedAlone, type useTRPC } from '../../../client/trpc.ts';

/** The first piece is small, so that a screen is seen at once. Chunks. */
const firstPieceChunks = 4;
/** What the page asked for while the player's code was on its way is taken by the player, not asked for again. ms. */
const freshMs = 10_000;

/** The beginning of a session's terminals: asked for by the page as soon as it knows that there is one, and read by the player. */
export function firstPieceOptions(trpc: ReturnType<typeof useTRPC>, id: string) {
  return trpc.sessions.readTerminal.queryOptions(
    { id, fromChunk: 0, mostChunks: firstPieceChunks },
    { ...askedAlone, staleTime: freshMs, gcTime: freshMs },
  );
}
