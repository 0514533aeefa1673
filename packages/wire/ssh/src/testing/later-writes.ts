import { Duplex } from 'node:stream';

/**
 * The same stream whose writes leave at a turn of their own, as a socket's do: the library is not made for answers that arrive while it
 * is still writing, which streams in memory give.
 */
export class LaterWrites extends Duplex {
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    super({ allowHalfOpen: true });
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) stream.pause();
    });
    stream.once('end', () => this.push(null));
    stream.once('close', () => this.destroy());
    stream.on('error', () => this.destroy());
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    setImmediate(() => {
      if (this.#stream.writable) this.#stream.write(bytes, done);
      else done();
    });
  }

  override _final(done: () => void): void {
    setImmediate(() => {
      this.#stream.end();
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.destroy();
    done(error);
  }
}
