import { Duplex } from 'node:stream';
import type { ErrorCode, SluiceError } from '@sluice/domain';
import { portableError } from './close-code.ts';
import type { FrameWriter } from './frame-writer.ts';
import { type FrameType, frameTypes, protocolViolation } from './frames.ts';
import { maxCreditBytes, maxDataBytes, maxWindowBytes } from './limits.ts';

/**
 * One byte stream of a tunnel: a Duplex with half-close. `end()` ends this direction only; `destroy(error)` resets both, and the
 * other side is destroyed with a SluiceError of the same code and reason (`portableError` says what may cross).
 */
export interface TunnelStream extends Duplex {
  readonly id: number;
}

/** What a stream asks of its tunnel. */
export interface StreamHost {
  /** The stream has bytes and credit: it wants a turn. */
  wantTurn(stream: MultiplexedStream): void;
  sendFrame(type: FrameType, streamId: number): void;
  sendCredit(streamId: number, bytes: number): void;
  sendReset(streamId: number, code: ErrorCode, reason: string): void;
  /** Asks for `bytes` of the budget for windows beyond their initial size. */
  takeGrowth(bytes: number): boolean;
  /** Both sides have said their last word on the stream. */
  forget(stream: MultiplexedStream, grownBytes: number): void;
  /** For the bounds in `tunnel.stats`. */
  noteUnread(streamBytes: number): void;
}

/**
 * The life of a stream at one end. Each end says FIN at most once and then, as its very last frame, CLOSED (all read, all written) or
 * RESET; a stream is forgotten when both ends have said that. So no frame can come late, and one that does is a violation.
 */
export class MultiplexedStream extends Duplex implements TunnelStream {
  readonly id: number;
  readonly #host: StreamHost;

  /** Bytes waiting to be sent: what one `_write` or `_writev` handed over. */
  #waiting: Buffer[] = [];
  #waitingIndex = 0;
  #waitingOffset = 0;
  #waitingBytes = 0;
  #written: ((error?: Error | null) => void) | null = null;
  #sendCredit: number;

  #window: number;
  #grown = 0;
  /** What the peer may still send. Credit, unread bytes and consumed bytes not yet given back add up to the window. */
  #receiveCredit: number;
  /** Bytes received for which no credit was given back yet. */
  #uncredited = 0;

  #finSent = false;
  #finReceived = false;
  #lastSent = false;
  #lastReceived = false;
  #cut = false;

  constructor(host: StreamHost, id: number, sendCredit: number, window: number) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: Math.min(16_384, window >> 2),
      writableHighWaterMark: maxDataBytes,
    });
    this.#host = host;
    this.id = id;
    this.#sendCredit = sendCredit;
    this.#window = window;
    this.#receiveCredit = window;
  }

  // ---- sending

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    this.#hand([chunk], chunk.length, written);
  }

  override _writev(chunks: { chunk: Buffer }[], written: (error?: Error | null) => void): void {
    let bytes = 0;
    const buffers = chunks.map(({ chunk }) => {
      bytes += chunk.length;
      return chunk;
    });
    this.#hand(buffers, bytes, written);
  }

  #hand(buffers: Buffer[], bytes: number, written: (error?: Error | null) => void): void {
    if (bytes === 0) {
      written();
      return;
    }
    this.#waiting = buffers;
    this.#waitingIndex = 0;
    this.#waitingOffset = 0;
    this.#waitingBytes = bytes;
    this.#written = written;
    if (this.#sendCredit > 0) this.#host.wantTurn(this);
  }

  /** The stream's turn: writes one DATA frame with what waits and credit allows, and asks for another turn if more could go. */
  takeTurn(writer: FrameWriter): void {
    const length = Math.min(this.#waitingBytes, this.#sendCredit, maxDataBytes);
    if (length === 0 || this.#lastSent) return;
    writer.begin(frameTypes.data, this.id, length);
    this.#copyWaiting(writer, length);
    this.#sendCredit -= length;
    if (this.#waitingBytes > 0) {
      if (this.#sendCredit > 0) this.#host.wantTurn(this);
      return;
    }
    this.#waiting = [];
    const written = this.#written;
    this.#written = null;
    written?.();
  }

  #copyWaiting(writer: FrameWriter, length: number): void {
    this.#waitingBytes -= length;
    let left = length;
    while (left > 0) {
      const chunk = this.#waiting[this.#waitingIndex];
      if (chunk === undefined) throw new Error('fewer bytes wait than were counted');
      const part = Math.min(left, chunk.length - this.#waitingOffset);
      writer.copy(chunk, this.#waitingOffset, this.#waitingOffset + part);
      left -= part;
      this.#waitingOffset += part;
      if (this.#waitingOffset === chunk.length) {
        this.#waitingIndex += 1;
        this.#waitingOffset = 0;
      }
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#lastSent && !this.#cut) {
      this.#finSent = true;
      this.#host.sendFrame(frameTypes.fin, this.id);
    }
    done();
  }

  // ---- receiving

  onData(message: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.#finReceived || this.#lastReceived) throw protocolViolation('DATA after the end of its direction');
    if (length > this.#receiveCredit)
      throw protocolViolation(`DATA of ${length} bytes with credit for ${this.#receiveCredit}`);
    this.#receiveCredit -= length;
    if (this.destroyed) return;
    this.#uncredited += length;
    try {
      this.push(this.#payload(message, start, end));
    } catch (error) {
      // A reader's own 'data' handler threw: that ends its stream, not its neighbours'.
      this.destroy(error instanceof Error ? error : new Error('a reader threw', { cause: error }));
      return;
    }
    this.#host.noteUnread(this.readableLength);
    this.#giveCreditBack();
  }

  /** Passes a view on. Bytes that will lie unread are copied where the view would keep much more memory alive than it shows. */
  #payload(message: Buffer, start: number, end: number): Buffer {
    const view = message.subarray(start, end);
    const staysUnread = this.readableFlowing !== true || this.readableLength > 0;
    return staysUnread && view.length * 2 < view.buffer.byteLength ? Buffer.from(view) : view;
  }

  /** Bytes come when the peer sends them. */
  override _read(): void {}

  /**
   * Everything that leaves Node's buffer leaves it here (`pipe`, iteration and flowing mode too), while `_read` is not called for
   * every such read. Asking for more than a window at once never succeeds.
   */
  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    if (chunk !== null) this.#giveCreditBack();
    return chunk;
  }

  #giveCreditBack(): void {
    const consumed = this.#uncredited - this.readableLength;
    if (consumed < this.#window >> 1 || this.#finReceived || this.#lastReceived || this.#lastSent || this.#cut) return;
    this.#uncredited -= consumed;
    let credit = consumed;
    const growth = Math.min(this.#window, maxWindowBytes - this.#window);
    if (growth > 0 && this.#host.takeGrowth(growth)) {
      this.#window += growth;
      this.#grown += growth;
      credit += growth;
    }
    this.#receiveCredit += credit;
    this.#host.sendCredit(this.id, credit);
  }

  onCredit(bytes: number): void {
    if (this.#lastReceived) throw protocolViolation('CREDIT after the last frame of its stream');
    if (bytes === 0 || this.#sendCredit + bytes > maxCreditBytes) {
      throw protocolViolation(`CREDIT of ${bytes} bytes on top of ${this.#sendCredit}`);
    }
    this.#sendCredit += bytes;
    if (this.#waitingBytes > 0 && !this.#lastSent) this.#host.wantTurn(this);
  }

  onFin(): void {
    if (this.#finReceived || this.#lastReceived) throw protocolViolation('a second end of one direction');
    this.#finReceived = true;
    if (!this.destroyed) this.push(null);
  }

  onClosed(): void {
    if (this.#lastReceived || !this.#finReceived) throw protocolViolation('CLOSED without FIN, or twice');
    // The peer read all of ours, so we must have ended it, or else reset the stream meanwhile.
    if (!this.#finSent) throw protocolViolation('CLOSED before our FIN');
    this.#lastReceived = true;
    this.#forgetWhenDone();
  }

  onReset(error: SluiceError): void {
    if (this.#lastReceived) throw protocolViolation('RESET after the last frame of its stream');
    this.#lastReceived = true;
    // What both sides ended before is whole; only its reader is not done yet.
    const whole = this.#finReceived && this.#finSent;
    if (!whole && !this.destroyed) this.destroy(error);
    this.#forgetWhenDone();
  }

  // ---- ending

  /** The tunnel is gone. */
  cut(error: Error): void {
    this.#cut = true;
    const whole = this.#finReceived && this.#finSent;
    if (!whole) this.destroy(error);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#written = null;
    if (!this.#lastSent && !this.#cut) {
      this.#lastSent = true;
      if (error === null && this.#finSent && this.#finReceived && this.readableEnded) {
        this.#host.sendFrame(frameTypes.closed, this.id);
      } else {
        const { code, reason } = error === null ? ({ code: 'cancelled', reason: '' } as const) : portableError(error);
        this.#host.sendReset(this.id, code, reason);
      }
      this.#forgetWhenDone();
    }
    done(error);
  }

  #forgetWhenDone(): void {
    if (this.#lastSent && this.#lastReceived) this.#host.forget(this, this.#grown);
  }
}
