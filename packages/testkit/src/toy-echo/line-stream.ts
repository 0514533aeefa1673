import type { Duplex } from 'node:stream';
import { SluiceError } from '@sluice/domain';

/** Longest line, in bytes without its newline. */
export const maxLineBytes = 65_536;
/** Bytes that wait unread before the other side is slowed down; one longest line must fit. */
const maxUnreadBytes = 2 * maxLineBytes;

/** Whole lines of a byte stream, bounded. One reader at a time. */
export class LineStream {
  readonly stream: Duplex;
  /** Aborted when the other side sends no more, also while nobody reads. */
  readonly ended: AbortSignal;
  /** Aborted when the other side takes nothing more either. */
  readonly gone: AbortSignal;
  #unread = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  constructor(stream: Duplex) {
    this.stream = stream;
    const ended = new AbortController();
    const gone = new AbortController();
    this.ended = ended.signal;
    this.gone = gone.signal;
    const leave = () => {
      ended.abort();
      this.#wake();
    };
    stream.on('data', (bytes: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, bytes]);
      if (this.#unread.length > maxUnreadBytes) stream.pause();
      this.#wake();
    });
    stream.on('end', leave);
    stream.on('error', leave);
    stream.on('close', () => {
      leave();
      gone.abort();
    });
  }

  /** The next line, or null after the last one. Throws SluiceError `too-large`. */
  async next(): Promise<string | null> {
    for (;;) {
      const at = this.#unread.indexOf(0x0a);
      if (at > maxLineBytes || (at < 0 && this.#unread.length > maxLineBytes)) {
        throw new SluiceError('too-large', `a line is longer than ${maxLineBytes} bytes`);
      }
      if (at >= 0) {
        const line = this.#unread.subarray(0, at).toString('utf8');
        this.#unread = this.#unread.subarray(at + 1);
        if (this.stream.isPaused()) this.stream.resume();
        return line;
      }
      if (this.ended.aborted) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when the bytes are on their way, or cannot be sent any more. */
  async send(line: string): Promise<void> {
    if (this.stream.destroyed || !this.stream.writable) return;
    await this.settled((done) => this.stream.write(`${line}\n`, done));
  }

  /** Resolves when the call is done or the other side is gone, whichever comes first. */
  async settled(call: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        this.gone.removeEventListener('abort', done);
        resolve();
      };
      this.gone.addEventListener('abort', done, { once: true });
      call(done);
    });
  }
}
