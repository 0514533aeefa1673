import { createHash, type Hash } from 'node:crypto';
import { SluiceError } from '@sluice/domain';
import type { NewEvent } from './events.ts';
import type { EventSink } from './terminal-recorder.ts';
import { encodeText, TextPieces } from './text-pieces.ts';

export interface StreamOfStatement {
  readonly statementId: string;
  readonly stream: 'stdout' | 'stderr' | 'stdin';
  /** Asked for every piece: how many of that many bytes the session's budget still has room for, and takes them from it. */
  readonly take: (bytes: number) => number;
}

/**
 * Records what a statement without a terminal reads or writes, as `statement.output`: masked bytes, coalesced, up to a budget. What is
 * beyond it is counted and digested, and told when the stream ends.
 */
export class StreamRecorder {
  readonly #sink: EventSink;
  readonly #of: StreamOfStatement;
  readonly #pieces: TextPieces;
  #omittedBytes = 0;
  #omitted: Hash | null = null;
  #ended = false;
  #faulted = false;

  constructor(sink: EventSink, of: StreamOfStatement) {
    this.#sink = sink;
    this.#of = of;
    this.#pieces = new TextPieces((bytes) => this.#record(bytes));
  }

  /** Masked bytes. */
  write(bytes: Buffer): void {
    if (this.#ended || bytes.length === 0) return;
    // What comes behind something left out is left out: a text with holes reads as if it had none.
    const room = this.#omittedBytes > 0 ? 0 : Math.max(0, Math.min(bytes.length, this.#of.take(bytes.length)));
    if (room > 0) this.#pieces.write(bytes.subarray(0, room));
    if (room < bytes.length) this.#leaveOut(bytes.subarray(room));
  }

  /** Gives coalesced bytes to the recording now. */
  flush(): void {
    this.#pieces.flush();
  }

  /** The stream is over: records the rest, and how much was left out. */
  end(): void {
    if (this.#ended) return;
    this.#pieces.flush();
    this.#ended = true;
    if (this.#omitted !== null)
      this.#record(Buffer.alloc(0), { omittedBytes: this.#omittedBytes, omittedDigest: this.#omitted.digest('hex') });
  }

  #leaveOut(bytes: Buffer): void {
    this.#omitted ??= createHash('sha256');
    this.#omitted.update(bytes);
    this.#omittedBytes += bytes.length;
  }

  #record(
    bytes: Buffer,
    omitted: { readonly omittedBytes: number; readonly omittedDigest?: string } = { omittedBytes: 0 },
  ): void {
    const { statementId, stream } = this.#of;
    const event: NewEvent = { type: 'statement.output', statementId, stream, ...encodeText(bytes), ...omitted };
    try {
      this.#sink.append(event, { durable: false });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#leaveOut(bytes);
      if (this.#faulted) return;
      this.#faulted = true;
      this.#sink.onFault(error);
    }
  }
}
