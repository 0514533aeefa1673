/** Byte streams in memory for tests: pairs with real backpressure, and a party that sends and collects. */
import { type Duplex, duplexPair, Transform } from 'node:stream';

/** Two ends of one connection; what one writes the other reads, and a writer waits for its reader. */
export function connectedStreams(): [Duplex, Duplex] {
  const pair = duplexPair({ allowHalfOpen: true }) as [Duplex, Duplex];
  // As a socket does when the other end is gone: closing one end closes the other's reading side with an end, or destroys it.
  for (const [one, other] of [pair, [pair[1], pair[0]]] as [Duplex, Duplex][]) {
    one.once('close', () => {
      if (!one.writableFinished || one.errored) other.destroy();
      else if (other.readableEnded) other.destroy();
      else other.once('end', () => setImmediate(() => other.destroy()));
    });
    one.on('error', ignore);
  }
  return pair;
}

/** Passes bytes on in pieces of the given sizes (then one by one when they are used up); a piece ends at a turn of its own. */
export function inPieces(sizes: readonly number[]): Transform {
  let next = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      let at = 0;
      const step = (): void => {
        if (at >= chunk.length) {
          done();
          return;
        }
        const size = Math.max(1, sizes[next++ % Math.max(1, sizes.length)] ?? 1);
        this.push(Buffer.from(chunk.subarray(at, at + size)));
        at += size;
        setImmediate(step);
      };
      step();
    },
  });
}

/** One end of a conversation: collects what comes, and waits for what is wanted. */
export class Party {
  readonly stream: Duplex;
  #received: Buffer[] = [];
  #wakers: (() => void)[] = [];
  #over = false;

  constructor(stream: Duplex, options: { readonly reading?: boolean } = {}) {
    this.stream = stream;
    stream.on('error', ignore);
    const over = (): void => {
      this.#over = true;
      this.#wake();
    };
    stream.on('end', over).on('close', over);
    // As an ordinary client closes when the other side has.
    stream.on('end', () => stream.end());
    if (options.reading !== false) this.startReading();
  }

  startReading(): void {
    this.stream.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake();
    });
  }

  get received(): Buffer {
    const all = Buffer.concat(this.#received);
    this.#received = [all];
    return all;
  }

  get isOver(): boolean {
    return this.#over;
  }

  send(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  /** Resolves when `holds` is true of all bytes so far; false when the other side ended before. */
  async until(holds: (received: Buffer) => boolean): Promise<boolean> {
    for (;;) {
      if (holds(this.received)) return true;
      if (this.#over) return false;
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
      // Looks again only once the bytes have stopped coming for a turn: megabytes are not read from their start for each piece.
      let pieces = -1;
      while (pieces !== this.#received.length) {
        pieces = this.#received.length;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Resolves when the other side has ended. */
  async ended(): Promise<void> {
    while (!this.#over) await new Promise<void>((resolve) => this.#wakers.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }
}

function ignore(): void {}
