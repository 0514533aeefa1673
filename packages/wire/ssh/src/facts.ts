/** A command's text → the language that reads it → facts. */
import type { ReadOutcome } from '@sluice/domain';
import type { FactsReader, SessionState } from '@sluice/wire-kit';
import type { HostFacts } from './host-facts.ts';
import { maxCommandBytes } from './limits.ts';

export const commandLanguage = 'shell';

/** The language's own session state. Null: not known. */
interface ShellState {
  readonly user: string;
  readonly home: string | null;
  readonly cwd: string | null;
  readonly shell: string | null;
  /** What runs gets a terminal. */
  readonly terminal: boolean;
  /** The shell goes on with further lines, each read by itself. */
  readonly standing: boolean;
}

/** Reads a command as the host's login shell would get it. Never rejects. */
export function readCommand(
  facts: FactsReader,
  text: string,
  host: {
    readonly user: string;
    readonly known: HostFacts | null;
    readonly cwdKnown?: boolean;
    /** A command's own terminal, or the one of a shell that takes line after line. */
    readonly terminal: 'none' | 'command' | 'lines';
  },
): ReadOutcome | Promise<ReadOutcome> {
  if (Buffer.byteLength(text) > maxCommandBytes) {
    return { ok: false, reason: 'oversize', message: `it is longer than ${maxCommandBytes} bytes`, position: null };
  }
  const { known, user } = host;
  const session: ShellState = {
    user,
    home: known?.home ?? null,
    cwd: host.cwdKnown === false ? null : (known?.cwd ?? null),
    shell: known?.shell ?? null,
    terminal: host.terminal !== 'none',
    standing: host.terminal === 'lines',
  };
  return facts.read({ language: commandLanguage, text, session, sessionKey: JSON.stringify(session), catalogue: null });
}

export function stateOf(user: string): SessionState {
  return { database: '', role: user, searchPath: null, inTransaction: false };
}
