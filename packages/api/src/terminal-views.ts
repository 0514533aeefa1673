/** Masked text as the target sent it, escape sequences too: it has to be made safe where it is shown. */
export interface StatementOutputView {
  readonly stream: 'stdout' | 'stderr' | 'stdin';
  readonly text: string;
  /** Bytes that are not in `text`: not recorded, or too many to show here. */
  readonly omittedBytes: number;
}

/**
 * A piece of a session's terminals, by columns: event n is `kinds[n]`, `at[n]`, `of[n]`, `texts[n]`. Kinds: `o` output, `i` input,
 * `r` another size (`80x24`), `x` the end (exit code or signal), `g` a gap (its reason).
 */
export interface TerminalPage {
  /** Those opened in this piece. */
  readonly opened: readonly {
    readonly id: string;
    readonly statementId: string | null;
    readonly columns: number;
    readonly rows: number;
    readonly term: string;
    /** ms since the epoch, as `at`. */
    readonly at: number;
  }[];
  readonly kinds: string;
  readonly at: readonly number[];
  /** Index into `ids`; -1 where the event is of the whole session. */
  readonly of: readonly number[];
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  /** Where the next piece begins. */
  readonly nextChunk: number;
  /** How many chunks there are now; `nextChunk` equal to it: that is all so far. */
  readonly chunks: number;
  /** The recording is over and `chunks` will not grow. */
  readonly sealed: boolean;
}
