import { Duplex } from 'node:stream';
import { SluiceError } from '@sluice/domain';
import type { WebSocket } from 'ws';
import { closeCodeOf, closeReason, errorOfClose, normalClosure, portableError } from './close-code.ts';
import { maxDataBytes } from './limits.ts';

/**
 * A client's byte stream over a WebSocket of its own (`sluice connect`): binary messages are bytes, an **empty
 * binary message** ends its direction, and a close code other than 1000 carries an error (`closeCodeOf`) with its reason. Both ends
 * use this function. Backpressure holds both ways. The socket may be open or still connecting.
 */
export function webSocketStream(socket: WebSocket): Duplex {
  return new WebSocketDuplex(socket);
}

type Written = (error?: Error | null) => void;

function otherSideClosed(): SluiceError {
  return new SluiceError('cancelled', 'the other side closed the connection');
}

class WebSocketDuplex extends Duplex {
  readonly #socket: WebSocket;
  #finReceived = false;
  #closed = false;
  #unsent = false;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true, readableHighWaterMark: maxDataBytes, writableHighWaterMark: maxDataBytes });
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (error) => this.destroy(error));
    socket.once('close', (code, reason) => this.#onClose(code, reason.toString('utf8')));
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

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: Written): void {
    // An empty message would end the direction.
    if (chunk.length === 0) written();
    else this.#whenOpen(written, () => this.#sendPieces(chunk, written));
  }

  /** A large message would not pass the other side's limit. */
  #sendPieces(chunk: Buffer, written: Written): void {
    let offset = 0;
    for (; chunk.length - offset > maxDataBytes; offset += maxDataBytes) {
      this.#socket.send(chunk.subarray(offset, offset + maxDataBytes));
    }
    this.#socket.send(offset === 0 ? chunk : chunk.subarray(offset), (error) => this.#sent(error, written));
  }

  override _final(done: Written): void {
    if (this.#closed) done();
    else this.#whenOpen(done, () => this.#socket.send(Buffer.alloc(0), (error) => this.#sent(error, done)));
  }

  #whenOpen(written: Written, send: () => void): void {
    const socket = this.#socket;
    if (socket.readyState === socket.OPEN) send();
    else if (socket.readyState === socket.CONNECTING) socket.once('open', send);
    else this.#sent(new Error('the WebSocket is not open'), written);
  }

  /** What cannot be sent waits for 'close', whose reason says more than that the socket is not open. */
  #sent(error: Error | null | undefined, written: Written): void {
    if (error === null || error === undefined) written();
    else if (this.#closed) written(otherSideClosed());
    else this.#unsent = true;
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
    const error = errorOfClose(code, reason) ?? (this.#unsent ? otherSideClosed() : null);
    if (error !== null) this.destroy(error);
    else if (!this.#finReceived) {
      // A browser closes with 1000 and knows nothing of empty messages: the end of both directions.
      this.#finReceived = true;
      this.push(null);
      if (!this.writableEnded) this.end();
    }
  }
}
