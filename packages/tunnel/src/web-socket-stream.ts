import { Duplex } from 'node:stream';
import { SluiceError } from '@sluice/domain';
import type { WebSocket } from 'ws';
import { closeCodeOf, closeReason, errorOfClose, normalClosure, portableError } from './close-code.ts';
import { maxDataBytes } from './limits.ts';

/**
 * A client's byte stream over a WebSocket of its own (`sluice connect`, the web console): binary messages are bytes, an **empty
 * binary message** ends its direction, and a close code other than 1000 carries an error (`closeCodeOf`) with its reason. Both ends
 * use this function. Backpressure holds both ways. The socket may be open or still connecting.
 */
export function webSocketStream(socket: WebSocket): Duplex {
  return new WebSocketDuplex(socket);
}

class WebSocketDuplex extends Duplex {
  readonly #socket: WebSocket;
  #finReceived = false;
  #closed = false;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true, readableHighWaterMark: maxDataBytes, writableHighWaterMark: maxDataBytes });
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (error) => this.destroy(error));
    socket.once('close', (code, reason) => this.#onClose(code, reason.toString('utf8')));
  }

  override _construct(ready: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== this.#socket.CONNECTING) ready();
    else this.#socket.once('open', () => ready());
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (this.destroyed) return;
    if (!isBinary || !Buffer.isBuffer(data) || this.#finReceived) {
      this.destroy(
        new SluiceError('protocol-violation', this.#finReceived ? 'bytes after their end' : 'a text message'),
      );
    } else if (data.length === 0) {
      this.#finReceived = true;
      this.push(null);
    } else if (!this.push(data)) this.#socket.pause();
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    if (chunk.length === 0) {
      written();
      return;
    }
    // An empty message would end the direction, and a large one would not pass the other side's limit.
    let offset = 0;
    for (; chunk.length - offset > maxDataBytes; offset += maxDataBytes) {
      this.#socket.send(chunk.subarray(offset, offset + maxDataBytes));
    }
    this.#socket.send(offset === 0 ? chunk : chunk.subarray(offset), written);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#closed) done();
    else this.#socket.send(Buffer.alloc(0), () => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    // A paused socket would never see the other side's close frame.
    if (socket.isPaused) socket.resume();
    if (socket.readyState === socket.CONNECTING) socket.terminate();
    else if (error === null && this.#finReceived && this.writableFinished) socket.close(normalClosure);
    else {
      const { code, reason } = error === null ? ({ code: 'cancelled', reason: '' } as const) : portableError(error);
      socket.close(closeCodeOf(code), closeReason(reason));
    }
    done(error);
  }

  #onClose(code: number, reason: string): void {
    this.#closed = true;
    if (this.destroyed) return;
    const error = errorOfClose(code, reason);
    if (error !== null) this.destroy(error);
    else if (!this.#finReceived) {
      // A browser closes with 1000 and knows nothing of empty messages: the end of both directions.
      this.#finReceived = true;
      this.push(null);
      if (!this.writableEnded) this.end();
    }
  }
}
