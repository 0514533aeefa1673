/** One byte stream under the two masks of a session: what the client sees, and what is kept. */
import type { RecordedResults } from '@sluice/domain';
import type { EventSink, NewEvent } from '@sluice/recording';
import type { SessionMasks } from './session-masks.ts';
import { openStreamMasker, type StreamMasker } from './stream-masker.ts';

/** What recording a byte stream takes. */
export interface TapContext {
  /** Appends what follows a forwarded statement; never throws. */
  readonly record: (event: NewEvent) => void;
  readonly masks: SessionMasks;
  /** How much of results and streams is kept. */
  readonly recorded: RecordedResults;
  /** For what must be recorded or not go on at all: a fault ends the session. */
  readonly sink: EventSink;
}

export interface MaskedPair {
  /** What the client gets of these bytes now. What is kept goes to the callback. */
  write(bytes: Buffer): Buffer;
  /** The source is quiet. What looks like the beginning of a value stays behind; `atEnd`: nothing does. */
  flush(atEnd: boolean): Buffer;
}

/**
 * Masks for the client and, separately, for the record: somebody may see what must not be kept. `keep` is given masked bytes only.
 * While both masks are the same the work is done once.
 */
export function openMaskedPair(masks: SessionMasks, keep: (masked: Buffer) => void, interactive: boolean): MaskedPair {
  let forRecord: StreamMasker | null = null;
  // As long as both are the same it is the record's: what is kept must never be looser.
  const forClient = openStreamMasker(() => (forRecord === null ? masks.record : masks.client), interactive);
  const through = (own: Buffer, kept: Buffer): Buffer => {
    if (kept.length > 0) keep(kept);
    return own;
  };
  return {
    write: (bytes) => {
      if (forRecord !== null) return through(forClient.write(bytes), forRecord.write(bytes));
      if (masks.client === masks.record) {
        const own = forClient.write(bytes);
        return through(own, own);
      }
      // From here on they differ: what was held for both goes to both.
      const held = forClient.end();
      forRecord = openStreamMasker(() => masks.record, interactive);
      through(held, held);
      return Buffer.concat([held, through(forClient.write(bytes), forRecord.write(bytes))]);
    },
    flush: (atEnd) => {
      const own = atEnd ? forClient.end() : forClient.flush();
      if (forRecord === null) return through(own, own);
      return through(own, atEnd ? forRecord.end() : forRecord.flush());
    },
  };
}

/** For what the client sent: only its record is masked. */
export function openRecordMasker(masks: SessionMasks): StreamMasker {
  return openStreamMasker(() => masks.record, false);
}
