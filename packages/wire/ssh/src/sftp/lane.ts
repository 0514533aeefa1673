/** One SFTP subsystem at the target, as the reader or the writer: requests under the gateway's own numbers, each answered once. */
import type { Duplex } from 'node:stream';
import {
  FieldReader,
  type Packet,
  PacketReader,
  packet,
  packetTypes,
  protocolVersion,
  SftpViolation,
  uint32,
  withId,
} from './packets.ts';

/** Requests that may wait for the target at once; OpenSSH's own client keeps 64. */
export const maxRequestsUnderWay = 256;
/** Longest wait for the first packet (ms). */
const versionMs = 20_000;

export class Lane {
  readonly extensions = new Map<string, string>();
  readonly #stream: Duplex;
  readonly #reader = new PacketReader();
  readonly #waiting = new Map<number, (answer: Packet) => void>();
  readonly #onGone: (why: string) => void;
  #nextId = 0;
  #isGone = false;
  #version: ((body: Packet) => void) | null = null;
  #idle: (() => void)[] = [];

  private constructor(stream: Duplex, onGone: (why: string) => void) {
    this.#stream = stream;
    this.#onGone = onGone;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.once('close', () => this.#end('the target closed the subsystem'));
    stream.once('end', () => this.#end('the target closed the subsystem'));
    stream.on('error', () => this.#end('the target went away'));
  }

  /** Rejects when the target speaks no SFTP of this version. */
  static async open(stream: Duplex, onGone: (why: string) => void): Promise<Lane> {
    const lane = new Lane(stream, onGone);
    const answer = await new Promise<Packet>((resolve, reject) => {
      const late = setTimeout(() => reject(new SftpViolation('no version came')), versionMs);
      lane.#version = (body) => {
        clearTimeout(late);
        resolve(body);
      };
      lane.#stream.once('close', () => {
        clearTimeout(late);
        reject(new SftpViolation('the target closed the subsystem'));
      });
      lane.#stream.write(packet(packetTypes.init, uint32(protocolVersion)));
    });
    const fields = new FieldReader(answer);
    if (fields.byte() !== packetTypes.version || fields.uint32() < protocolVersion)
      throw new SftpViolation('the target speaks another version');
    while (!fields.isAtEnd) lane.extensions.set(fields.text(), fields.text());
    return lane;
  }

  get underWay(): number {
    return this.#waiting.size;
  }

  /** Sends a request (its id is replaced); `answered` is called once, unless the lane ends before. */
  send(body: Packet, answered: (answer: Packet) => void): void {
    if (this.#isGone) return;
    const id = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0;
    this.#waiting.set(id, answered);
    this.#stream.write(withId(body, id));
  }

  ask(body: Packet): Promise<Packet> {
    return new Promise((resolve) => this.send(body, resolve));
  }

  /** Resolves when at most `most` requests wait. */
  async atMost(most: number): Promise<void> {
    while (this.#waiting.size > most && !this.#isGone) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Stops and goes on reading the target, where the client is slow. */
  pause(paused: boolean): void {
    if (paused) this.#stream.pause();
    else this.#stream.resume();
  }

  close(): void {
    this.#isGone = true;
    this.#stream.end();
    this.#stream.destroy();
  }

  #take(chunk: Buffer): void {
    try {
      for (const body of this.#reader.push(chunk)) this.#answer(body);
    } catch (error) {
      if (!(error instanceof SftpViolation)) throw error;
      this.#end(error.message);
      this.close();
    }
  }

  #answer(body: Packet): void {
    if (this.#version !== null) {
      this.#version(body);
      this.#version = null;
      return;
    }
    if (body.length < 5) throw new SftpViolation('an answer without a number');
    const id = body.readUInt32BE(1);
    const answered = this.#waiting.get(id);
    if (answered === undefined) throw new SftpViolation('an answer that nobody asked for');
    this.#waiting.delete(id);
    answered(body);
    for (const resume of this.#idle.splice(0)) resume();
  }

  #end(why: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const resume of this.#idle.splice(0)) resume();
    this.#onGone(why);
  }
}
