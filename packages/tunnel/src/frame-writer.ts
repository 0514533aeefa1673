import { type FrameType, frameHeaderBytes } from './frames.ts';
import { maxMessageBytes } from './limits.ts';

/**
 * Writes frames straight into a slab and gives them out as messages. A message is a view on the slab; what is behind it serves the
 * next one, so that a frame costs no object and a message costs one. A slab is never written to again where a message was given out.
 */
export class FrameWriter {
  readonly #emit: (message: Buffer) => void;
  #slab = Buffer.allocUnsafeSlow(maxMessageBytes);
  #start = 0;
  #end = 0;

  /** `emit` gets a message when the next frame does not fit any more, and at `flush`. */
  constructor(emit: (message: Buffer) => void) {
    this.#emit = emit;
  }

  /** Bytes written and not yet given out. */
  get bytes(): number {
    return this.#end - this.#start;
  }

  /** Starts a frame. Exactly `payloadBytes` must follow through `copy`. */
  begin(type: FrameType, streamId: number, payloadBytes: number): void {
    const needed = frameHeaderBytes + payloadBytes;
    if (this.#end + needed > this.#slab.length) {
      this.flush();
      this.#slab = Buffer.allocUnsafeSlow(maxMessageBytes);
      this.#start = 0;
      this.#end = 0;
    }
    this.#slab.writeUInt32BE(type * 0x1000000 + payloadBytes, this.#end);
    this.#slab.writeUInt32BE(streamId, this.#end + 4);
    this.#end += frameHeaderBytes;
  }

  copy(source: Buffer, start: number, end: number): void {
    this.#end += source.copy(this.#slab, this.#end, start, end);
  }

  frame(type: FrameType, streamId: number, payload: Buffer): void {
    this.begin(type, streamId, payload.length);
    this.copy(payload, 0, payload.length);
  }

  numberFrame(type: FrameType, streamId: number, value: number): void {
    this.begin(type, streamId, 4);
    this.#end = this.#slab.writeUInt32BE(value, this.#end);
  }

  flush(): void {
    if (this.#end === this.#start) return;
    const message = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#emit(message);
  }
}
