/** How bytes that are no rows pass policy's masks and the record: a statement's streams, and terminals. */
export interface TerminalRequest {
  readonly columns: number;
  readonly rows: number;
  /** What the client says its terminal is, e.g. `xterm-256color`. */
  readonly term: string;
  /** The statement that the terminal belongs to; null: none, each line is one of its own. */
  readonly statement: { readonly id: string } | null;
}

/** One terminal's way into the record. Bytes in, bytes out: nothing that it gives back is to be held back any longer. */
export interface TerminalTap {
  /** Masks bytes on their way to the client; a bounded tail may stay behind until more comes or `flush` is called. */
  output(bytes: Buffer): Buffer;
  /**
   * What stayed behind: to be called when the target has been quiet for a moment. What looks like the beginning of a value still
   * stays, because it must not go in two parts; with `atEnd` everything goes.
   */
  flush(atEnd?: boolean): Buffer;
  /** Records what the client typed. False: it could not be recorded, so it must not be forwarded; the session ends. */
  input(bytes: Buffer): boolean;
  resized(columns: number, rows: number): void;
  /** Idempotent. */
  closed(how: { readonly exitCode: number | null; readonly signal: string | null }): void;
}

export const statementStreams = ['stdout', 'stderr', 'stdin'] as const;
export type StatementStreamName = (typeof statementStreams)[number];

/** One byte stream of a statement, masked on its way and recorded up to a budget. */
export interface StatementStream {
  /** Masked bytes to send on; a bounded tail may stay behind. `stdin` is given back as it came: only its record is masked. */
  write(bytes: Buffer): Buffer;
  /**
   * What stayed behind: to be called when the source has been quiet for a moment. What looks like the beginning of a value still
   * stays, because it must not go in two parts; with `atEnd` everything goes.
   */
  flush(atEnd?: boolean): Buffer;
}
