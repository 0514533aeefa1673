/** A stream read message by message with `await`: for handshakes and the gateway's own sessions, not for the relay. */
import type { Duplex } from 'node:stream';
import { SluiceError } from '@sluice/domain';
import { MessageReader } from './framing.ts';

/** Reads a stream piece by piece and pauses it between pieces, so that nothing is lost when it is handed over. */
export class ByteSource {
  readonly stream: Duplex;
  #queue: Buffer[] = [];
  #wake: (() => void) | null = null;
  #over = false;
  #fault: Error | null = null;
  readonly #onData = (chunk: Buffer): void => {
    this.#queue.push(chunk);
    this.stream.pause();
    this.#wake?.();
  };
  readonly #onOver = (): void => {
    this.#over = true;
    this.#wake?.();
  };
  readonly #onError = (error: Error): void => {
    this.#fault ??= error;
    this.#onOver();
  };

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('data', this.#onData).on('end', this.#onOver).on('close', this.#onOver).on('error', this.#onError);
  }

  /** The next piece; null once the other side is gone (`fault` says why, where it is known). */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) return chunk;
      if (this.#over || this.stream.destroyed) return null;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.stream.resume();
      await woken;
      this.#wake = null;
    }
  }

  get fault(): Error | null {
    return this.#fault;
  }

  /** Gives a piece back; the next `next` returns it. */
  unread(chunk: Buffer): void {
    if (chunk.length > 0) this.#queue.unshift(chunk);
  }

  /** Stops listening and returns what came and was not taken. The stream stays paused. */
  detach(): Buffer {
    this.stream.pause();
    this.stream.off('data', this.#onData).off('end', this.#onOver).off('close', this.#onOver);
    // The next owner listens for errors; until then one must not end the process.
    this.stream.off('error', this.#onError).on('error', ignore);
    const rest = Buffer.concat(this.#queue);
    this.#queue = [];
    return rest;
  }
}

/** A `ByteSource` with message framing. */
export class MessageChannel {
  readonly source: ByteSource;
  readonly reader: MessageReader;

  constructor(source: ByteSource, maxBytes: number) {
    this.source = source;
    this.reader = new MessageReader(maxBytes);
  }

  /** Resolves with the message's type; its place is in `reader`. Throws SluiceError when the other side is gone. */
  async next(): Promise<number> {
    while (!this.reader.next()) {
      const chunk = await this.source.next();
      if (chunk === null) {
        const { fault } = this.source;
        throw new SluiceError(
          'unavailable',
          `the other side closed the connection${fault === null ? '' : `: ${fault.message}`}`,
          {
            cause: fault ?? undefined,
          },
        );
      }
      this.reader.push(chunk);
    }
    return this.reader.type;
  }

  write(bytes: Buffer): void {
    if (!this.source.stream.destroyed) this.source.stream.write(bytes);
  }

  /** Hands the stream over; returns the bytes that were read and not used. */
  detach(): Buffer {
    return Buffer.concat([this.reader.takeRest(), this.source.detach()]);
  }
}

/** Ends a stream with a last word and waits until it is gone, at most `waitMs`. Never throws. */
export function endStream(stream: Duplex, lastWord: Buffer | null, waitMs: number): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stream.destroy();
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    stream.on('error', ignore);
    stream.once('close', done);
    stream.once('end', done);
    // Read on, else unread bytes turn the goodbye into a reset and the last word is lost.
    stream.on('data', ignore);
    stream.resume();
    if (lastWord === null) stream.end();
    else stream.end(lastWord);
    if (stream.readableEnded) stream.once('finish', done);
  });
}

function ignore(): void {}
