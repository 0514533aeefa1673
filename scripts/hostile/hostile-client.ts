/** A client that sends what it likes and only counts what comes back: floods must not fill the test's own memory. */
import { connect, type Socket } from 'node:net';
import { MessageReader } from '../../packages/wire/postgres/src/framing.ts';
import { encodePassword } from '../../packages/wire/postgres/src/messages/frontend.ts';
import { parseReport } from '../../packages/wire/postgres/src/messages/report.ts';
import { startupPacket } from '../../packages/wire/postgres/src/messages/startup.ts';

const maxAnswerBytes = 1 << 28;

export interface Login {
  readonly username: string;
  readonly database: string;
}

export class HostileClient {
  readonly socket: Socket;
  /** Messages received, by type letter. */
  readonly counts = new Map<string, number>();
  /** SQLSTATEs of errors, newest last; only the newest few. */
  readonly states: string[] = [];
  over = false;
  readonly #reader = new MessageReader(maxAnswerBytes);
  #wakers: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.socket.on('error', () => undefined).on('close', () => this.#end());
    this.socket.on('end', () => this.#end());
  }

  static async open(port: number, login: Login): Promise<HostileClient> {
    const client = new HostileClient(port);
    await client.send(
      startupPacket([
        ['user', login.username],
        ['database', login.database],
      ]),
    );
    await client.until(() => client.count('R') > 0);
    await client.send(encodePassword('any'));
    await client.until(() => client.count('Z') > 0);
    return client;
  }

  count(type: string): number {
    return this.counts.get(type) ?? 0;
  }

  /** Resolves when the bytes are on their way, at once when the other side is gone. */
  async send(...parts: readonly Buffer[]): Promise<void> {
    if (this.over) return;
    if (this.socket.write(Buffer.concat(parts))) return;
    await new Promise<void>((resolve) => {
      this.socket.once('drain', resolve);
      this.#wakers.push(resolve);
    });
  }

  /** Resolves when it holds or the session is over. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.over) await new Promise<void>((resolve) => this.#wakers.push(resolve));
  }

  /** Waits for this many more ReadyForQuery messages than at the time of `from`, or the end. */
  async answered(more: number, from = this.count('Z')): Promise<void> {
    await this.until(() => this.count('Z') >= from + more);
  }

  /** How it stands: `ended`, `error STATE` or `answered`. */
  get outcome(): string {
    const state = this.states.at(-1);
    if (this.over) return `ended${state === undefined ? '' : ` ${state}`}`;
    return state === undefined ? 'answered' : `error ${state}`;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    while (this.#reader.next()) {
      const type = String.fromCharCode(this.#reader.type);
      this.counts.set(type, this.count(type) + 1);
      if (type !== 'E') continue;
      this.states.push(parseReport(this.#reader.buffer, this.#reader.start + 5, this.#reader.end).get('C') ?? '');
      if (this.states.length > 8) this.states.shift();
    }
    this.#wake();
  }

  #end(): void {
    this.over = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }
}
