/** A sink that collects what one turn produces and writes it once. */
import type { Duplex } from 'node:stream';
import { joinedWriteBytes, sinkMarkBytes } from './limits.ts';

export class Outlet {
  readonly #stream: Duplex;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(stream: Duplex, onDrain: () => void) {
    this.#stream = stream;
    stream.on('drain', onDrain);
  }

  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** True while the other end reads more slowly than this side produces: its source is to be paused. */
  get full(): boolean {
    return this.#stream.writableLength + this.#bytes > sinkMarkBytes;
  }

  flush(): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    const stream = this.#stream;
    if (!stream.writable) return;
    if (parts.length === 1) {
      stream.write(parts[0]);
    } else if (bytes <= joinedWriteBytes) {
      stream.write(Buffer.concat(parts, bytes));
    } else {
      stream.cork();
      for (const part of parts) stream.write(part);
      stream.uncork();
    }
  }
}
