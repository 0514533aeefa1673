import type { MessageChannel, MessageChannelListener } from '../message-channel.ts';

type Parcel =
  | { readonly type: 'message'; readonly bytes: Buffer }
  | { readonly type: 'close'; readonly code: number; readonly reason: string };

/** One end of a pair in memory. What it sends lies there until the test delivers it, so that the test owns every interleaving. */
export class MemoryChannel implements MessageChannel {
  #listener: MessageChannelListener | null = null;
  #peer: MemoryChannel | null = null;
  #parcels: Parcel[] = [];
  #closing = false;
  #closed = false;
  bufferedBytes = 0;
  peakBufferedBytes = 0;
  /** The code and reason that this end closed with. */
  closedWith: { readonly code: number; readonly reason: string } | null = null;

  static pair(): readonly [MemoryChannel, MemoryChannel] {
    const left = new MemoryChannel();
    const right = new MemoryChannel();
    left.#peer = right;
    right.#peer = left;
    return [left, right];
  }

  get waiting(): number {
    return this.#parcels.length;
  }

  listen(listener: MessageChannelListener): void {
    this.#listener = listener;
  }

  send(bytes: Buffer): void {
    if (this.#closing || this.#closed) return;
    // What the receiver gets is memory of its own, as it is behind a real socket.
    this.#parcels.push({ type: 'message', bytes: Buffer.from(bytes) });
    this.bufferedBytes += bytes.length;
    this.peakBufferedBytes = Math.max(this.peakBufferedBytes, this.bufferedBytes);
  }

  close(code: number, reason: string): void {
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    this.closedWith = { code, reason };
    this.#parcels.push({ type: 'close', code, reason });
  }

  terminate(): void {
    this.cut();
    this.#peer?.cut();
  }

  /** The connection breaks: what is under way is lost. */
  cut(): void {
    this.#parcels = [];
    this.bufferedBytes = 0;
    this.#onClosed(1006, '');
  }

  /** Delivers the oldest parcel to the peer. False when there was none. */
  deliver(): boolean {
    const parcel = this.#parcels.shift();
    if (parcel === undefined) return false;
    const peer = this.#peer;
    if (parcel.type === 'close') {
      if (peer !== null) peer.#onClosed(parcel.code, parcel.reason);
      this.#onClosed(parcel.code, parcel.reason);
      return true;
    }
    this.bufferedBytes -= parcel.bytes.length;
    if (peer !== null && !peer.#closed) peer.#listener?.onMessage(parcel.bytes);
    this.#listener?.onDrain();
    return true;
  }

  /** As if the peer had sent these bytes. */
  inject(bytes: Buffer): void {
    this.#listener?.onMessage(bytes);
  }

  injectText(): void {
    this.#listener?.onText();
  }

  #onClosed(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener?.onClose(code, reason);
  }
}

/** One turn of the event loop: a tunnel sends at the end of it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Delivers both ways until nothing has moved for a few turns. */
export async function settle(left: MemoryChannel, right: MemoryChannel): Promise<void> {
  for (let quiet = 0; quiet < 4; quiet += 1) {
    await turn();
    while (left.deliver()) quiet = 0;
    while (right.deliver()) quiet = 0;
  }
}
