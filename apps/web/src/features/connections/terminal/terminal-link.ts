import { SafeOutput } from '@sluice/terminal';
import type { Terminal } from '@xterm/xterm';
import {
  type FromTerminal,
  fromTerminalSchema,
  maxInputBytes,
  maxUndrawnBytes,
  type ToTerminal,
} from '../../../server/web-terminal/messages.ts';

/** The page says that it drew output when it drew this much. Bytes. */
const tellDrawnBytes = maxUndrawnBytes / 8;

export type TerminalState =
  | { readonly is: 'opening' }
  | { readonly is: 'open' }
  | { readonly is: 'refused'; readonly message: string; readonly hint: string | null }
  | { readonly is: 'ended'; readonly exitCode: number | null; readonly message: string | null };

/** Joins a visible terminal to its session. Output is made safe as it comes in: only what draws reaches the terminal. */
export class TerminalLink {
  readonly #terminal: Terminal;
  readonly #socket: WebSocket;
  readonly #onState: (state: TerminalState) => void;
  readonly #safe = new SafeOutput();
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  #drawn = 0;
  #over = false;

  constructor(terminal: Terminal, connectionId: string, onState: (state: TerminalState) => void) {
    this.#terminal = terminal;
    this.#onState = onState;
    const { protocol, host } = window.location;
    const size = `columns=${terminal.cols}&rows=${terminal.rows}`;
    const scheme = protocol === 'https:' ? 'wss' : 'ws';
    this.#socket = new WebSocket(`${scheme}://${host}/api/terminal/${connectionId}?${size}`);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.#draw(data);
      else this.#hear(String(data));
    };
    this.#socket.onclose = () =>
      this.#end({ is: 'ended', exitCode: null, message: 'The connection to Sluice was lost, or refused.' });
    terminal.onData((text) => this.#type(text));
    terminal.onResize(({ cols: columns, rows }) => this.#tell({ type: 'resize', columns, rows }));
  }

  close(): void {
    this.#over = true;
    this.#socket.close();
  }

  #draw(bytes: ArrayBuffer): void {
    const text = this.#safe.write(this.#decoder.decode(bytes, { stream: true }));
    this.#terminal.write(text, () => {
      this.#drawn += bytes.byteLength;
      if (this.#drawn < tellDrawnBytes) return;
      this.#tell({ type: 'drawn', bytes: this.#drawn });
      this.#drawn = 0;
    });
  }

  #hear(text: string): void {
    const message: FromTerminal = fromTerminalSchema.parse(JSON.parse(text));
    if (message.type === 'opened') {
      this.#onState({ is: 'open' });
      // The page may have been resized while it was on its way.
      this.#tell({ type: 'resize', columns: this.#terminal.cols, rows: this.#terminal.rows });
    } else if (message.type === 'refused') {
      this.#end({ is: 'refused', message: message.message, hint: message.hint });
    } else this.#end({ is: 'ended', exitCode: message.exitCode, message: message.message });
  }

  #type(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (let from = 0; from < bytes.length && this.#isOpen(); from += maxInputBytes)
      this.#socket.send(bytes.subarray(from, from + maxInputBytes));
  }

  #tell(message: ToTerminal): void {
    if (this.#isOpen()) this.#socket.send(JSON.stringify(message));
  }

  #isOpen(): boolean {
    return !this.#over && this.#socket.readyState === WebSocket.OPEN;
  }

  #end(state: TerminalState): void {
    if (this.#over) return;
    this.#over = true;
    this.#onState(state);
  }
}
