import { SluiceError } from '@sluice/domain';
import { maxTerminalCells, type NewEvent } from './events.ts';
import { encodeText, maxPieceBytes, TextPieces } from './text-pieces.ts';

/** Characters of a client's word for its terminal, or of a signal's name, that are recorded. */
const maxNameLength = 64;

/** How a recorder of parts reaches its session's recording: `SessionRecorder.append`, or what a session puts before it. */
export interface EventSink {
  /** Throws SluiceError when the event is not in the spool; with `durable` it is in the kernel when this returns. */
  readonly append: (event: NewEvent, options: { readonly durable: boolean }) => unknown;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Output could not be recorded: what it belongs to has to end, for nothing goes on unrecorded. Called once. */
  readonly onFault: (error: SluiceError) => void;
}

export interface TerminalScreen {
  readonly terminalId: string;
  /** The statement whose terminal this is; null where the session itself is one. */
  readonly statementId: string | null;
  readonly columns: number;
  readonly rows: number;
  readonly term: string;
}

/**
 * Records one terminal. All bytes are masked before they get here. Output is coalesced (`TextPieces`) and lies in the spool some
 * milliseconds later; input is there before `input` returns, and the order of both is kept. Output that could not be recorded leaves a
 * `gap` as soon as the spool takes events again.
 */
export class TerminalRecorder {
  readonly #sink: EventSink;
  readonly #terminalId: string;
  readonly #pieces: TextPieces;
  /** When output began to be lost, in ms since the epoch; null while none is. */
  #lostFromMs: number | null = null;
  #faulted = false;
  #closed = false;

  /** Records `terminal.opened`. Throws SluiceError `spool-full`: the terminal must not be opened. */
  constructor(sink: EventSink, screen: TerminalScreen) {
    const { terminalId, statementId, columns, rows, term } = screen;
    this.#sink = sink;
    this.#terminalId = terminalId;
    this.#pieces = new TextPieces((bytes) =>
      this.#record({ type: 'terminal.output', terminalId, ...encodeText(bytes) }),
    );
    const size = { columns: cells(columns), rows: cells(rows) };
    const opened = {
      type: 'terminal.opened',
      terminalId,
      statementId,
      ...size,
      term: term.slice(0, maxNameLength),
    } as const;
    sink.append(opened, { durable: true });
  }

  /** Masked bytes that the client gets. */
  output(bytes: Buffer): void {
    if (!this.#closed) this.#pieces.write(bytes);
  }

  /**
   * Masked bytes that the client typed; none where the mask holds them back, which is recorded as an empty text: that something was typed,
   * and when. Throws SluiceError `spool-full`: they must not be forwarded.
   */
  input(bytes: Buffer): void {
    if (this.#closed) return;
    this.#pieces.flush();
    const terminalId = this.#terminalId;
    if (bytes.length === 0) this.#sink.append({ type: 'terminal.input', terminalId, text: '' }, { durable: true });
    for (let from = 0; from < bytes.length; from += maxPieceBytes) {
      const piece = encodeText(bytes.subarray(from, from + maxPieceBytes));
      this.#sink.append({ type: 'terminal.input', terminalId, ...piece }, { durable: true });
    }
  }

  resized(columns: number, rows: number): void {
    if (this.#closed) return;
    this.#pieces.flush();
    const size = { columns: cells(columns), rows: cells(rows) };
    this.#record({ type: 'terminal.resized', terminalId: this.#terminalId, ...size });
  }

  /** Gives coalesced output to the recording now. */
  flush(): void {
    this.#pieces.flush();
  }

  closed({ exitCode, signal }: { readonly exitCode: number | null; readonly signal: string | null }): void {
    if (this.#closed) return;
    this.#pieces.flush();
    this.#closed = true;
    const named = signal === null ? null : signal.slice(0, maxNameLength);
    this.#record({ type: 'terminal.closed', terminalId: this.#terminalId, exitCode, signal: named });
  }

  #record(event: NewEvent): void {
    try {
      if (this.#lostFromMs !== null) {
        const reason = 'output of a terminal could not be recorded';
        this.#sink.append(
          { type: 'gap', fromMs: this.#lostFromMs, toMs: this.#sink.now(), reason },
          { durable: false },
        );
        this.#lostFromMs = null;
      }
      this.#sink.append(event, { durable: false });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#lostFromMs ??= this.#sink.now();
      if (this.#faulted) return;
      this.#faulted = true;
      this.#sink.onFault(error);
    }
  }
}

function cells(count: number): number {
  return Number.isFinite(count) ? Math.min(maxTerminalCells, Math.max(1, Math.floor(count))) : 1;
}
