/** One byte stream under the two masks of a session: what the client sees, and what is kept. */
import type { NewEvent } from '@sluice/recording';
import type { SessionMasks } from './session-masks.ts';
import { openStreamMasker, type StreamMasker } from './stream-masker.ts';

/** What recording a byte stream takes. */
export interface TapContext {
  /** Appends what follows a forwarded statement; never throws. */
  readonly record: (event: NewEvent) => void;
  readonly masks: SessionMasks;
}

export interface MaskedPair {
  /** What the client gets of these bytes now. What is kept goes to the callback. */
  write(bytes: Buffer): Buffer;
  flush(): Buffer;
}

/**
 * Masks for the client and, separately, for the record: somebody may see what must not be kept. `keep` is given masked bytes only. The
 * rules are those in force when the stream began.
 */
export function openMaskedPair(masks: SessionMasks, keep: (masked: Buffer) => void): MaskedPair {
  const { client, record } = masks;
  const forClient = openStreamMasker(client);
  const forRecord = client === record ? null : openStreamMasker(record);
  const through = (own: Buffer, kept: Buffer): Buffer => {
    if (kept.length > 0) keep(kept);
    return own;
  };
  return {
    write: (bytes) => {
      const own = forClient.write(bytes);
      return through(own, forRecord === null ? own : forRecord.write(bytes));
    },
    flush: () => {
      const own = forClient.flush();
      return through(own, forRecord === null ? own : forRecord.flush());
    },
  };
}

/** For what the client sent: only its record is masked. */
export function openRecordMasker(masks: SessionMasks): StreamMasker {
  return openStreamMasker(masks.record);
}
