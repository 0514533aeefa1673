/** A byte stream of one statement: masked on its way, recorded up to a budget. */
import { StreamRecorder } from '@sluice/recording';
import type { StatementStream, StatementStreamName } from '@sluice/wire-kit';
import { type MaskedPair, openMaskedPair, openRecordMasker, type TapContext } from './masked-pair.ts';

export class RecordedStream implements StatementStream {
  readonly #recorder: StreamRecorder;
  readonly #masked: MaskedPair;
  #closed = false;

  constructor(statementId: string, name: StatementStreamName, context: TapContext) {
    let room = context.recorded.bytes;
    const take = (bytes: number): number => {
      const taken = Math.min(room, bytes);
      room -= taken;
      return taken;
    };
    const recorder = new StreamRecorder(context.sink, { statementId, stream: name, take });
    this.#recorder = recorder;
    this.#masked =
      name === 'stdin'
        ? incoming(context, recorder)
        : openMaskedPair(context.masks, (bytes) => recorder.write(bytes), false);
  }

  write(bytes: Buffer): Buffer {
    return this.#masked.write(bytes);
  }

  flush(atEnd = false): Buffer {
    return this.#masked.flush(atEnd);
  }

  /** Idempotent. What nobody flushed is kept all the same. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#masked.flush(true);
    this.#recorder.end();
  }
}

/** The client's bytes reach the target as they are. */
function incoming(context: TapContext, recorder: StreamRecorder): MaskedPair {
  const record = openRecordMasker(context.masks);
  return {
    write: (bytes) => {
      recorder.write(record.write(bytes));
      return bytes;
    },
    flush: (atEnd) => {
      recorder.write(atEnd ? record.end() : record.flush());
      return Buffer.alloc(0);
    },
  };
}
