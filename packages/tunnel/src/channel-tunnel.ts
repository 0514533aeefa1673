import { SluiceError } from '@sluice/domain';
import { systemClock } from './clock.ts';
import { closeCodeOf, closeReason, errorOfClose, normalClosure } from './close-code.ts';
import {
  decodeHello,
  decodeJson,
  decodeReset,
  encodeHello,
  encodeJson,
  encodeReset,
  type FrameType,
  frameTypes,
  type Hello,
  negotiateVersion,
  pingBytes,
  protocolViolation,
  readFrames,
  type TunnelRole,
} from './frames.ts';
import * as limits from './limits.ts';
import type { MessageChannel } from './message-channel.ts';
import { SendQueue } from './send-queue.ts';
import { MultiplexedStream, type StreamHost, type TunnelStream } from './stream.ts';
import type { Tunnel, TunnelOptions, TunnelStats } from './tunnel.ts';

/** Starts a tunnel on an open channel; its HELLO goes out at the end of the tick. */
export function createTunnel(channel: MessageChannel, options: TunnelOptions): Tunnel {
  return new ChannelTunnel(channel, options);
}

const lastStreamId = 0xfffffff0;

class ChannelTunnel implements Tunnel, StreamHost {
  readonly role: TunnelRole;
  readonly ready: Promise<void>;
  readonly #channel: MessageChannel;
  readonly #options: TunnelOptions;
  readonly #own: Hello;
  readonly #growthBudget: number;
  #peer: Hello | null = null;

  readonly #queue: SendQueue;
  readonly #streams = new Map<number, MultiplexedStream>();
  #ownStreams = 0;
  #nextOwnId: number;
  #nextPeerId: number;
  #grown = 0;

  #silentIntervals = 0;
  readonly #stopTimers: (() => void)[] = [];

  #drainSent = false;
  #drainReceived = false;
  #ended = false;
  readonly finished: Promise<void>;
  #resolveFinished: () => void = () => undefined;
  #resolveReady: () => void = () => undefined;
  #rejectReady: (error: SluiceError) => void = () => undefined;

  #bytesReceived = 0;
  #peakStreamUnreadBytes = 0;

  constructor(channel: MessageChannel, options: TunnelOptions) {
    this.role = options.role;
    this.#channel = channel;
    this.#options = options;
    this.#own = {
      role: options.role,
      minVersion: options.bounds?.minVersion ?? limits.minimumVersion,
      maxVersion: options.bounds?.maxVersion ?? limits.maximumVersion,
      initialWindowBytes: options.bounds?.initialWindowBytes ?? limits.initialWindowBytes,
      maxStreams: options.bounds?.maxStreams ?? limits.maxStreams,
    };
    this.#growthBudget = options.bounds?.windowGrowthBudgetBytes ?? limits.windowGrowthBudgetBytes;
    this.#nextOwnId = options.role === 'gateway' ? 1 : 2;
    this.#nextPeerId = options.role === 'gateway' ? 2 : 1;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Who does not wait for `ready` learns of the failure by `onEnd`.
    this.ready.catch(() => undefined);
    this.finished = new Promise((resolve) => {
      this.#resolveFinished = resolve;
    });
    this.#queue = new SendQueue(channel);
    channel.listen({
      onMessage: (message) => this.#receive(message),
      onText: () => this.#fail(protocolViolation('a text message on the tunnel')),
      onDrain: () => this.#queue.resume(),
      onClose: (code, reason) => this.#end(errorOfClose(code, reason), null),
    });
    const clock = options.clock ?? systemClock;
    this.#stopTimers.push(
      clock.after(limits.helloTimeoutMs, () => {
        if (this.#peer === null) this.#fail(new SluiceError('timed-out', 'the other side sent no HELLO'));
      }),
      clock.every(limits.pingIntervalMs, () => this.#lookForLife()),
    );
    this.#queue.frame(frameTypes.hello, 0, encodeHello(this.#own));
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  get draining(): boolean {
    return this.#drainSent || this.#drainReceived;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get stats(): TunnelStats {
    return {
      bytesSent: this.#queue.bytesSent,
      bytesReceived: this.#bytesReceived,
      peakStreamUnreadBytes: this.#peakStreamUnreadBytes,
      grownWindowBytes: this.#grown,
      peakSendBacklogBytes: this.#queue.peakBacklogBytes,
    };
  }

  // ---- what the owner asks

  openStream(header: unknown): TunnelStream {
    const peer = this.#readyPeer();
    if (this.draining)
      throw new SluiceError('unavailable', 'the tunnel is draining', { hint: 'Try again in a moment.' });
    if (this.#ownStreams >= Math.min(peer.maxStreams, this.#own.maxStreams)) {
      throw new SluiceError('too-many', `the tunnel already carries ${this.#ownStreams} streams`);
    }
    const payload = encodeJson(header, limits.maxHeaderBytes);
    this.#refuseWhenBackedUp();
    const id = this.#nextOwnId;
    this.#nextOwnId += 2;
    this.#ownStreams += 1;
    // A new tunnel starts again with small ids; nobody sees the change but the streams' owner, who dials again.
    if (this.#nextOwnId > lastStreamId) void this.drain();
    const stream = new MultiplexedStream(this, id, peer.initialWindowBytes, this.#own.initialWindowBytes);
    this.#streams.set(id, stream);
    this.#queue.frame(frameTypes.open, id, payload);
    return stream;
  }

  sendNotice(notice: unknown): void {
    this.#readyPeer();
    const payload = encodeJson(notice, limits.maxNoticeBytes);
    this.#refuseWhenBackedUp();
    this.#queue.frame(frameTypes.notice, 0, payload);
  }

  drain(): Promise<void> {
    if (this.#peer === null) this.close('drained');
    else if (!this.#ended && !this.#drainSent) {
      this.#sayDrain();
      this.#options.onDraining?.();
    }
    return this.finished;
  }

  close(reason: string): void {
    this.#end(null, { code: normalClosure, reason });
  }

  destroy(error: SluiceError): void {
    this.#fail(error);
  }

  #readyPeer(): Hello {
    if (this.#ended) throw new SluiceError('unavailable', 'the tunnel has ended');
    if (this.#peer === null) throw new SluiceError('unavailable', 'the tunnel is not ready');
    return this.#peer;
  }

  #refuseWhenBackedUp(): void {
    if (this.#queue.backlogBytes > limits.maxSendBacklogBytes) {
      throw new SluiceError('too-many', 'the tunnel does not take what was sent before');
    }
  }

  // ---- what streams ask (StreamHost)

  wantTurn(stream: MultiplexedStream): void {
    this.#queue.wantTurn(stream);
  }

  sendFrame(type: FrameType, streamId: number): void {
    this.#queue.emptyFrame(type, streamId);
  }

  sendCredit(streamId: number, bytes: number): void {
    this.#queue.numberFrame(frameTypes.credit, streamId, bytes);
  }

  sendReset(streamId: number, ...reset: Parameters<typeof encodeReset>): void {
    this.#queue.frame(frameTypes.reset, streamId, encodeReset(...reset));
  }

  takeGrowth(bytes: number): boolean {
    if (this.#grown + bytes > this.#growthBudget) return false;
    this.#grown += bytes;
    return true;
  }

  forget(stream: MultiplexedStream, grownBytes: number): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#queue.dropTurn(stream);
    this.#grown -= grownBytes;
    if (this.#isOwnId(stream.id)) this.#ownStreams -= 1;
    this.#closeWhenDrained();
  }

  noteUnread(streamBytes: number): void {
    if (streamBytes > this.#peakStreamUnreadBytes) this.#peakStreamUnreadBytes = streamBytes;
  }

  // ---- life and drain

  #lookForLife(): void {
    this.#silentIntervals += 1;
    if (this.#silentIntervals >= limits.maxSilentIntervals) {
      this.#end(new SluiceError('timed-out', 'the other side of the tunnel went silent'), 'terminate');
      return;
    }
    if (this.#peer === null) return;
    this.#queue.frame(frameTypes.ping, 0, Buffer.alloc(pingBytes));
  }

  #sayDrain(): void {
    this.#drainSent = true;
    this.#queue.emptyFrame(frameTypes.drain, 0);
    this.#closeWhenDrained();
  }

  /** Only after the peer has said DRAIN too can no OPEN of its be under way. */
  #closeWhenDrained(): void {
    if (this.#drainSent && this.#drainReceived && this.#streams.size === 0) this.close('drained');
  }

  // ---- receiving

  #receive(message: Buffer): void {
    if (this.#ended) return;
    this.#silentIntervals = 0;
    this.#bytesReceived += message.length;
    try {
      readFrames(message, (type, streamId, start, end) => {
        if (!this.#ended) this.#receiveFrame(type, streamId, message, start, end);
      });
    } catch (error) {
      // A callback of the owner that throws ends the tunnel as well: its streams would be in a state nobody knows.
      this.#fail(
        error instanceof SluiceError
          ? error
          : new SluiceError('internal', 'a tunnel callback failed', { cause: error }),
      );
    }
  }

  #receiveFrame(type: FrameType, streamId: number, message: Buffer, start: number, end: number): void {
    if ((this.#peer === null) !== (type === frameTypes.hello)) {
      throw protocolViolation(this.#peer === null ? 'the first frame is not HELLO' : 'a second HELLO');
    }
    switch (type) {
      case frameTypes.data:
        this.#stream(streamId).onData(message, start, end);
        break;
      case frameTypes.credit:
        this.#stream(streamId).onCredit(message.readUInt32BE(start));
        break;
      case frameTypes.fin:
        this.#stream(streamId).onFin();
        break;
      case frameTypes.closed:
        this.#stream(streamId).onClosed();
        break;
      case frameTypes.reset:
        this.#stream(streamId).onReset(decodeReset(message.subarray(start, end)));
        break;
      case frameTypes.open:
        this.#receiveOpen(streamId, message.subarray(start, end));
        break;
      case frameTypes.notice:
        this.#options.onNotice(decodeJson(message.subarray(start, end)));
        break;
      case frameTypes.ping:
        this.#queue.owePong(message.subarray(start, end));
        break;
      case frameTypes.pong:
        break;
      case frameTypes.drain:
        this.#receiveDrain();
        break;
      case frameTypes.hello:
        this.#receiveHello(message.subarray(start, end));
        break;
    }
  }

  #stream(id: number): MultiplexedStream {
    const stream = this.#streams.get(id);
    if (stream === undefined) throw protocolViolation(`a frame for stream ${id}, which is not open`);
    return stream;
  }

  #isOwnId(id: number): boolean {
    return id % 2 === this.#nextOwnId % 2;
  }

  #receiveHello(payload: Buffer): void {
    const peer = decodeHello(payload);
    if (peer.role === this.role) throw protocolViolation(`both sides say they are the ${peer.role}`);
    negotiateVersion(this.#own, peer);
    this.#peer = peer;
    this.#resolveReady();
  }

  #receiveOpen(id: number, payload: Buffer): void {
    const peer = this.#readyPeer();
    if (id !== this.#nextPeerId) throw protocolViolation(`OPEN with id ${id} instead of ${this.#nextPeerId}`);
    if (this.#drainReceived) throw protocolViolation('OPEN after DRAIN');
    if (this.#streams.size - this.#ownStreams >= this.#own.maxStreams) {
      throw protocolViolation(`OPEN beyond ${this.#own.maxStreams} streams`);
    }
    const header = decodeJson(payload);
    this.#nextPeerId += 2;
    const stream = new MultiplexedStream(this, id, peer.initialWindowBytes, this.#own.initialWindowBytes);
    this.#streams.set(id, stream);
    if (this.#drainSent) {
      stream.on('error', () => undefined);
      stream.destroy(new SluiceError('unavailable', 'the tunnel is draining', { hint: 'Try again in a moment.' }));
      return;
    }
    try {
      this.#options.onStream(stream, header);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error('the receiver threw', { cause: error }));
    }
  }

  #receiveDrain(): void {
    if (this.#drainReceived) throw protocolViolation('a second DRAIN');
    const news = !this.#drainSent;
    this.#drainReceived = true;
    if (news) {
      this.#sayDrain();
      this.#options.onDraining?.();
    } else this.#closeWhenDrained();
  }

  // ---- ending

  #fail(error: SluiceError): void {
    const { code, message } = error;
    this.#end(error, { code: closeCodeOf(code), reason: closeReason(message) });
  }

  #end(error: SluiceError | null, how: { readonly code: number; readonly reason: string } | 'terminate' | null): void {
    if (this.#ended) return;
    // What was said before the end (a DRAIN, the CLOSED of the last stream) still goes out.
    this.#queue.end();
    this.#ended = true;
    for (const stop of this.#stopTimers) stop();
    if (how === 'terminate') this.#channel.terminate();
    else if (how !== null) this.#channel.close(how.code, closeReason(how.reason));
    const reason = error ?? new SluiceError('unavailable', 'the tunnel was closed');
    this.#rejectReady(reason);
    for (const stream of this.#streams.values()) stream.cut(reason);
    this.#streams.clear();
    this.#ownStreams = 0;
    this.#grown = 0;
    this.#resolveFinished();
    this.#options.onEnd(error);
  }
}
