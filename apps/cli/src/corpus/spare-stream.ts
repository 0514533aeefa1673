/** Keeps one stream open in advance: holds are given up on a second stream, and opening one is what a try would wait for. */
import type { Duplex } from 'node:stream';

export interface SpareStreams {
  readonly take: () => Promise<Duplex>;
  readonly close: () => Promise<void>;
}

export function spareStreams(open: () => Promise<Duplex>): SpareStreams {
  let spare: Promise<Duplex | null> = Promise.resolve(null);
  const openInAdvance = (): void => {
    spare = open().catch(() => null);
  };
  return {
    async take() {
      const kept = await spare;
      openInAdvance();
      // The other side ends a stream on which nobody logs in.
      return kept === null || kept.destroyed || kept.readableEnded ? open() : kept;
    },
    async close() {
      (await spare)?.destroy();
    },
  };
}
