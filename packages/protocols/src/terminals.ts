/** The list of clients that open an interactive terminal, by protocol: for the web terminal. */
import type { OpenTerminalClient } from '@sluice/wire-kit';
import { sshManifest } from '@sluice/wire-ssh/manifest';
import { openTerminalClient as openSshTerminal } from '@sluice/wire-ssh/terminal';

export const terminalClients: Readonly<Record<string, OpenTerminalClient>> = {
  [sshManifest.name]: openSshTerminal,
};

export type { TerminalClient, TerminalEnding, TerminalSize } from '@sluice/wire-kit';
export { StatementError } from '@sluice/wire-kit';
