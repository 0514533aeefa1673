import { FrameWriter } from './frame-writer.ts';
import type { FrameType } from './frames.ts';
import { frameTypes } from './frames.ts';
import { batchBytes, sendHighWaterBytes, sendLowWaterBytes } from './limits.ts';
import type { MessageChannel } from './message-channel.ts';

/** Who writes one frame when its turn comes. */
export interface TurnTaker {
  takeTurn(writer: FrameWriter): void;
}

/**
 * The one way out of a tunnel. Frames without bytes of a stream are written in the order they are asked for; streams take turns, one
 * DATA frame each, and only while the channel is below its mark. What a tick wrote goes out together.
 */
export class SendQueue {
  readonly #channel: MessageChannel;
  readonly #writer: FrameWriter;
  /** In the order of their turns. */
  readonly #turns = new Set<TurnTaker>();
  /** The PING to answer; only the newest counts, so that a flood of them queues nothing. */
  #pongOwed: Buffer | null = null;
  #scheduled = false;
  #ended = false;
  bytesSent = 0;
  peakBacklogBytes = 0;

  constructor(channel: MessageChannel) {
    this.#channel = channel;
    this.#writer = new FrameWriter((message) => this.#send(message));
  }

  /** Bytes that wait here or in the channel. */
  get backlogBytes(): number {
    return this.#channel.bufferedBytes + this.#writer.bytes;
  }

  frame(type: FrameType, streamId: number, payload: Buffer): void {
    if (this.#ended) return;
    this.#writer.frame(type, streamId, payload);
    this.#schedule();
  }

  emptyFrame(type: FrameType, streamId: number): void {
    if (this.#ended) return;
    this.#writer.begin(type, streamId, 0);
    this.#schedule();
  }

  numberFrame(type: FrameType, streamId: number, value: number): void {
    if (this.#ended) return;
    this.#writer.numberFrame(type, streamId, value);
    this.#schedule();
  }

  owePong(payload: Buffer): void {
    this.#pongOwed = Buffer.from(payload);
    this.#schedule();
  }

  wantTurn(taker: TurnTaker): void {
    this.#turns.add(taker);
    this.#schedule();
  }

  dropTurn(taker: TurnTaker): void {
    this.#turns.delete(taker);
  }

  /** The channel took something. */
  resume(): void {
    if (this.#turns.size > 0 && this.#channel.bufferedBytes <= sendLowWaterBytes) this.#schedule();
  }

  /** Sends what is already written (a DRAIN, the CLOSED of the last stream) and nothing after it. */
  end(): void {
    this.#writer.flush();
    this.#ended = true;
    this.#turns.clear();
  }

  #schedule(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    // After the poll phase, so that everything this tick read from sockets shares one message.
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#ended) return;
    if (this.#pongOwed !== null) {
      this.#writer.frame(frameTypes.pong, 0, this.#pongOwed);
      this.#pongOwed = null;
    }
    // A Set goes on to what is added while it is walked: who wants another turn stands at the end again.
    for (const taker of this.#turns) {
      if (this.backlogBytes >= sendHighWaterBytes) break;
      this.#turns.delete(taker);
      taker.takeTurn(this.#writer);
      if (this.#writer.bytes >= batchBytes) this.#writer.flush();
    }
    this.#writer.flush();
    // A channel that has taken everything already reports nothing more.
    this.resume();
  }

  #send(message: Buffer): void {
    this.bytesSent += message.length;
    this.#channel.send(message);
    const backlog = this.#channel.bufferedBytes;
    if (backlog > this.peakBacklogBytes) this.peakBacklogBytes = backlog;
  }
}
