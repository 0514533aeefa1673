import type { TerminalClient } from '@sluice/protocols/terminals';
import type { RawData, WebSocket } from 'ws';
import { type FromTerminal, maxUndrawnBytes, type ToTerminal, toTerminalSchema } from './messages.ts';

/** A terminal into which nobody typed for this long is closed, in ms: a forgotten page is an open door. */
const idleMs = 60 * 60_000;
/** How often a page is asked whether it is still there, in ms; without an answer until the next time it is gone. */
const pingMs = 15_000;
/** `policy violation` (RFC 6455, 7.4.1). */
const violation = 1008;
const normal = 1000;

const idleWords = 'Nothing was typed for an hour.';

/** Joins one page's WebSocket to one terminal. */
export class TerminalSocket {
  readonly #socket: WebSocket;
  readonly #leaving = new AbortController();
  #terminal: TerminalClient | null = null;
  #undrawn = 0;
  #answered = true;
  #over = false;
  #idle: NodeJS.Timeout | undefined;
  readonly #ping: NodeJS.Timeout;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('pong', () => {
      this.#answered = true;
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.once('close', () => this.#left());
    this.#ping = setInterval(() => this.#askWhetherThere(), pingMs);
  }

  /** Aborted when the page is gone or is to go. */
  get signal(): AbortSignal {
    return this.#leaving.signal;
  }

  /** Carries bytes until either side ends. */
  async join(terminal: TerminalClient): Promise<void> {
    if (this.#over) {
      terminal.close();
      return;
    }
    this.#terminal = terminal;
    this.#tell({ type: 'opened' });
    this.#typed();
    terminal.stream.on('data', (bytes: Buffer) => this.#show(bytes));
    const { exitCode, message } = await terminal.ended;
    this.end({ type: 'ended', exitCode, message });
  }

  /** Says the last words and closes; the terminal ends with it. */
  end(words: Exclude<FromTerminal, { readonly type: 'opened' }>): void {
    if (this.#over) return;
    this.#tell(words);
    this.#socket.close(normal);
    this.#left();
  }

  terminate(): void {
    this.#socket.terminate();
    this.#left();
  }

  #left(): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#ping);
    clearTimeout(this.#idle);
    this.#leaving.abort();
    this.#terminal?.close();
  }

  /** A page that is slow to draw holds the terminal back, and so the program behind it. */
  #show(bytes: Buffer): void {
    if (this.#over) return;
    this.#socket.send(bytes, { binary: true });
    this.#undrawn += bytes.length;
    if (this.#undrawn >= maxUndrawnBytes || this.#socket.bufferedAmount >= maxUndrawnBytes)
      this.#terminal?.stream.pause();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#over || !Buffer.isBuffer(data)) return;
    if (!isBinary) {
      this.#hear(data);
      return;
    }
    const stream = this.#terminal?.stream;
    // Nothing is typed into a terminal that is not open, or not any more.
    if (stream === undefined || !stream.writable) return;
    this.#typed();
    if (stream.write(data)) return;
    this.#socket.pause();
    stream.once('drain', () => this.#socket.resume());
  }

  #hear(data: Buffer): void {
    let message: ToTerminal;
    try {
      message = toTerminalSchema.parse(JSON.parse(data.toString('utf8')));
    } catch {
      this.#socket.close(violation, 'an unknown message');
      this.#left();
      return;
    }
    if (message.type === 'resize') this.#terminal?.resize({ columns: message.columns, rows: message.rows });
    else {
      this.#undrawn = Math.max(0, this.#undrawn - message.bytes);
      // A page that says so of what has not even left, and reads nothing, gets no more either.
      const waiting = Math.max(this.#undrawn, this.#socket.bufferedAmount);
      if (waiting < maxUndrawnBytes / 2) this.#terminal?.stream.resume();
    }
  }

  #typed(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.end({ type: 'ended', exitCode: null, message: idleWords }), idleMs);
  }

  #askWhetherThere(): void {
    if (!this.#answered) {
      this.terminate();
      return;
    }
    this.#answered = false;
    this.#socket.ping();
  }

  #tell(message: FromTerminal): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
