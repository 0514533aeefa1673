/** A byte stream of one statement: masked on its way, recorded up to a budget. */
import type { StatementStream, StatementStreamName } from '@sluice/wire-kit';
import { type MaskedPair, openMaskedPair, openRecordMasker, type TapContext } from './masked-pair.ts';

/** Bytes of one stream kept in the record; what is beyond is counted. */
export const maxRecordedStreamBytes = 262_144;
/** Bytes collected before they are written to the record. */
const flushFromBytes = 16_384;

export class RecordedStream implements StatementStream {
  readonly #statementId: string;
  readonly #name: StatementStreamName;
  readonly #context: TapContext;
  readonly #masked: MaskedPair;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #recordedBytes = 0;
  #omittedBytes = 0;
  #closed = false;

  constructor(statementId: string, name: StatementStreamName, context: TapContext) {
    this.#statementId = statementId;
    this.#name = name;
    this.#context = context;
    this.#masked =
      name === 'stdin' ? this.#incoming() : openMaskedPair(context.masks, (bytes) => this.#keep(bytes), false);
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
    this.#masked.flush(true);
    this.#closed = true;
    this.#write();
  }

  /** The client's bytes reach the target as they are. */
  #incoming(): MaskedPair {
    const record = openRecordMasker(this.#context.masks);
    return {
      write: (bytes) => {
        this.#keep(record.write(bytes));
        return bytes;
      },
      flush: (atEnd) => {
        this.#keep(atEnd ? record.end() : record.flush());
        return Buffer.alloc(0);
      },
    };
  }

  #keep(bytes: Buffer): void {
    if (this.#closed || bytes.length === 0) return;
    const room = maxRecordedStreamBytes - this.#recordedBytes;
    const kept = bytes.subarray(0, Math.max(room, 0));
    this.#omittedBytes += bytes.length - kept.length;
    if (kept.length === 0) return;
    this.#recordedBytes += kept.length;
    this.#kept.push(Buffer.from(kept));
    this.#keptBytes += kept.length;
    if (this.#keptBytes >= flushFromBytes) this.#write();
  }

  #write(): void {
    const omitted = this.#closed ? this.#omittedBytes : 0;
    if (this.#keptBytes === 0 && omitted === 0) return;
    const text = Buffer.concat(this.#kept).toString('utf8');
    this.#kept = [];
    this.#keptBytes = 0;
    const left = omitted === 0 ? '' : ` (${omitted} bytes more)`;
    this.#context.record({ type: 'session.note', text: `${this.#name} of ${this.#statementId}${left}: ${text}` });
  }
}
