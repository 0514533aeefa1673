/** A terminal of one session: masked on its way to the client, recorded with what was typed. */
import { SluiceError } from '@sluice/domain';
import { TerminalRecorder } from '@sluice/recording';
import type { TerminalRequest, TerminalTap } from '@sluice/wire-kit';
import { type MaskedPair, openMaskedPair, openRecordMasker, type TapContext } from './masked-pair.ts';
import type { StreamMasker } from './stream-masker.ts';

/** What the mask holds back of typed text is recorded when nothing was typed for this long, in ms, but for what may begin a value. */
const typedQuietMs = 100;

/** What cannot be recorded does not go on: nothing is shown or forwarded, and the session ends. */
export class RecordedTerminal implements TerminalTap {
  readonly #context: TapContext;
  /** Null when its opening could not be recorded. */
  readonly #recorder: TerminalRecorder | null;
  readonly #masked: MaskedPair;
  readonly #typed: StreamMasker;
  readonly #onClosed: (terminal: RecordedTerminal) => void;
  #quiet: NodeJS.Timeout | null = null;
  #closed = false;

  /** `onClosed` is called once. */
  constructor(
    id: string,
    request: TerminalRequest,
    context: TapContext,
    onClosed: (terminal: RecordedTerminal) => void = () => undefined,
  ) {
    this.#context = context;
    this.#onClosed = onClosed;
    const recorder = this.#open(id, request);
    this.#recorder = recorder;
    this.#masked = openMaskedPair(context.masks, (bytes) => recorder?.output(bytes), true);
    this.#typed = openRecordMasker(context.masks);
  }

  output(bytes: Buffer): Buffer {
    return this.#recorder === null ? Buffer.alloc(0) : this.#masked.write(bytes);
  }

  flush(atEnd = false): Buffer {
    return this.#recorder === null ? Buffer.alloc(0) : this.#masked.flush(atEnd);
  }

  input(bytes: Buffer): boolean {
    const recorded = this.#recordInput(this.#typed.write(bytes));
    this.#quiet ??= setTimeout(() => this.#recordQuiet(), typedQuietMs).unref();
    this.#quiet.refresh();
    return recorded;
  }

  resized(columns: number, rows: number): void {
    this.#recorder?.resized(columns, rows);
  }

  closed(how: { readonly exitCode: number | null; readonly signal: string | null }): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    this.#masked.flush(true);
    const held = this.#typed.end();
    if (held.length > 0) this.#recordInput(held);
    this.#recorder?.closed(how);
    this.#onClosed(this);
  }

  #open(id: string, { columns, rows, term, statement }: TerminalRequest): TerminalRecorder | null {
    const { masks, sink } = this.#context;
    const screen = { terminalId: id, statementId: statement?.id ?? null, columns, rows };
    return this.#orEnd(() => new TerminalRecorder(sink, { ...screen, term: masks.record.maskText(term) }));
  }

  #recordQuiet(): void {
    const held = this.#typed.flush();
    if (held.length > 0) this.#recordInput(held);
  }

  #recordInput(masked: Buffer): boolean {
    const recorder = this.#recorder;
    return recorder !== null && this.#orEnd(() => recorder.input(masked)) !== null;
  }

  #orEnd<T>(record: () => T): T | null {
    try {
      return record();
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#context.sink.onFault(error);
      return null;
    }
  }
}
