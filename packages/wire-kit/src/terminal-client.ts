/** What Sluice's own terminals need of a protocol: a client that opens one interactive terminal over a byte stream. */
import type { Duplex } from 'node:stream';
import type { Secret } from '@sluice/domain';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TerminalClientRequest {
  /** Already secured up to the gateway. */
  readonly stream: Duplex;
  readonly username: string;
  readonly secret: Secret;
  readonly size: TerminalSize;
  /** Name of the terminal's kind, as terminfo has it. */
  readonly term: string;
  /** Aborted when nobody wants the terminal any more. */
  readonly signal: AbortSignal;
}

export interface TerminalEnding {
  /** Null where there is none. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What the other side said when it ended the session by itself, or null. */
  readonly message: string | null;
}

export interface TerminalClient {
  /** What is typed goes in, what is on the screen comes out; backpressure holds both ways. */
  readonly stream: Duplex;
  resize(size: TerminalSize): void;
  /** Never rejects. */
  readonly ended: Promise<TerminalEnding>;
  /** Ends the session, also one that does not answer. */
  close(): void;
}

/** Throws StatementError where Sluice refuses the terminal, in its own words, and SluiceError where there is no session. */
export type OpenTerminalClient = (request: TerminalClientRequest) => Promise<TerminalClient>;
