/** A small SSH client of Sluice's own: one shell in one terminal, over an ordinary byte stream. */
import { type OpenTerminalClient, StatementError, type TerminalClient, type TerminalEnding } from '@sluice/wire-kit';
import type { ClientChannel, Client as SshConnection } from 'ssh2';
import { refusalIn } from './errors.ts';
import { keepaliveMisses, keepaliveMs, maxRefusalCharacters, stopGraceMs } from './limits.ts';
import { otherSideGone, signIn } from './own-client.ts';
import { Client } from './ssh2-library.ts';

/**
 * Signs in with a password: the stream is the caller's, already secured, so that the gateway's host key needs no second look. Throws
 * StatementError when nobody is let in or no terminal is given.
 */
export const openTerminalClient: OpenTerminalClient = async ({ stream, username, secret, size, term, signal }) => {
  const connection = new Client();
  const end = () => stream.destroy();
  signal.addEventListener('abort', end, { once: true });
  connection.once('close', () => signal.removeEventListener('abort', end));
  if (signal.aborted) end();
  try {
    const keepalive = { keepaliveInterval: keepaliveMs, keepaliveCountMax: keepaliveMisses };
    await signIn(connection, { stream, username, secret }, keepalive);
    const { columns: cols, rows } = size;
    const channel = await shell(connection, { term, cols, rows });
    return channel === null ? await refused(connection) : new SshTerminalClient(connection, channel);
  } catch (error) {
    connection.destroy();
    throw error;
  }
};

/** Null: the gateway gives no terminal here. */
function shell(
  connection: SshConnection,
  terminal: { readonly term: string; readonly cols: number; readonly rows: number } | false,
): Promise<ClientChannel | null> {
  return new Promise((resolve, reject) => {
    connection.once('close', () => reject(otherSideGone()));
    connection.shell(terminal, (error, channel) => {
      resolve(error === undefined ? channel : null);
    });
  });
}

/** A refused terminal has no words in the protocol (RFC 4254, 6.2): a shell without one is refused for the same reason, with words. */
async function refused(connection: SshConnection): Promise<never> {
  const plain = await shell(connection, false);
  let words = '';
  if (plain !== null) {
    plain.on('error', () => undefined);
    plain.resume();
    plain.stderr.on('data', (part: Buffer) => {
      words = (words + part.toString('utf8')).slice(0, maxRefusalCharacters);
    });
    const late = setTimeout(() => plain.close(), stopGraceMs);
    await new Promise((resolve) => plain.once('close', resolve));
    clearTimeout(late);
  }
  const refusal = refusalIn(words);
  const [message = 'No terminal is given here.', hint = null] = words
    .split('\n')
    .filter((line) => line.startsWith('sluice: '))
    .map((line) => line.slice('sluice: '.length));
  throw new StatementError(message, refusal?.code ?? 'forbidden', refusal?.line ?? null, hint);
}

class SshTerminalClient implements TerminalClient {
  readonly stream: ClientChannel;
  readonly ended: Promise<TerminalEnding>;
  readonly #connection: SshConnection;

  constructor(connection: SshConnection, channel: ClientChannel) {
    this.#connection = connection;
    this.stream = channel;
    let said: string | null = null;
    connection.on('error', ({ message }) => {
      said ??= message;
    });
    channel.on('error', () => undefined);
    // With a terminal there is one stream alone.
    channel.stderr.resume();
    let ending: { readonly exitCode: number | null; readonly signal: string | null } | null = null;
    channel.once('close', (code?: number | null, signal?: string | null) => {
      ending = { exitCode: code ?? null, signal: signal ?? null };
      connection.end();
    });
    this.ended = new Promise((resolve) => {
      connection.once('close', () => resolve({ ...(ending ?? { exitCode: null, signal: null }), message: said }));
    });
  }

  resize({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.stream.setWindow(rows, columns, 0, 0);
  }

  close(): void {
    this.stream.close();
    const late = setTimeout(() => this.#connection.destroy(), stopGraceMs);
    void this.ended.then(() => clearTimeout(late));
  }
}
