/** A terminal of one session: masked on its way to the client, recorded with what was typed. */
import type { TerminalRequest, TerminalTap } from '@sluice/wire-kit';
import { type MaskedPair, openMaskedPair, openRecordMasker, type TapContext } from './masked-pair.ts';
import type { StreamMasker } from './stream-masker.ts';

export class RecordedTerminal implements TerminalTap {
  readonly #id: string;
  readonly #context: TapContext;
  readonly #masked: MaskedPair;
  readonly #typed: StreamMasker;
  #closed = false;

  constructor(id: string, request: TerminalRequest, context: TapContext) {
    this.#id = id;
    this.#context = context;
    this.#masked = openMaskedPair(context.masks, (bytes) => this.#note('shows', bytes), true);
    this.#typed = openRecordMasker(context.masks);
    const { columns, rows, term, statement } = request;
    this.#note('opened', Buffer.from(`${columns}x${rows} ${term} ${statement?.id ?? ''}`.trimEnd()));
  }

  output(bytes: Buffer): Buffer {
    return this.#masked.write(bytes);
  }

  flush(atEnd = false): Buffer {
    return this.#masked.flush(atEnd);
  }

  input(bytes: Buffer): void {
    this.#note('typed', this.#typed.write(bytes));
  }

  resized(columns: number, rows: number): void {
    this.#note('resized', Buffer.from(`${columns}x${rows}`));
  }

  closed(how: { readonly exitCode: number | null; readonly signal: string | null }): void {
    if (this.#closed) return;
    this.#masked.flush(true);
    this.#note('typed', this.#typed.end());
    this.#note('closed', Buffer.from(`${how.exitCode ?? how.signal ?? 'without a status'}`));
    this.#closed = true;
  }

  #note(what: string, bytes: Buffer): void {
    if (this.#closed || bytes.length === 0) return;
    this.#context.record({ type: 'session.note', text: `terminal ${this.#id} ${what}: ${bytes.toString('utf8')}` });
  }
}
