/** A small SSH client of Sluice's own: one command in one channel, for `sluice exec` and tests, over an ordinary byte stream. */
import { StringDecoder } from 'node:string_decoder';
import { SluiceError } from '@sluice/domain';
import { type OpenStatementClient, type StatementClient, StatementError, type StatementResult } from '@sluice/wire-kit';
import type { ClientChannel, Client as SshConnection } from 'ssh2';
import { announcesWaiting, refusalIn } from './errors.ts';
import { cancelledExitCode, maxClientOutputBytes, refusedExitCode } from './limits.ts';
import { otherSideGone, signIn } from './own-client.ts';
import { Client } from './ssh2-library.ts';

/** Sluice's own lines on stderr begin so; see errors.ts. */
const ownWords = 'sluice: ';

/**
 * Signs in with a password: the stream is the caller's, already secured or on this machine, so that the gateway's host key needs no
 * second look. Throws StatementError when nobody is let in.
 */
export const openStatementClient: OpenStatementClient = async ({
  stream,
  username,
  secret,
  onNotice,
  onHold,
  signal,
}) => {
  const connection = new Client();
  const abort = (): void => {
    stream.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    await signIn(connection, { stream, username, secret });
  } catch (error) {
    connection.destroy();
    signal.removeEventListener('abort', abort);
    throw error;
  }
  return new SshStatementClient(connection, onNotice, onHold ?? (() => undefined), () =>
    signal.removeEventListener('abort', abort),
  );
};

class SshStatementClient implements StatementClient {
  readonly #connection: SshConnection;
  readonly #onNotice: (text: string) => void;
  readonly #onHold: () => void;
  readonly #closed: Promise<void>;

  constructor(connection: SshConnection, onNotice: (text: string) => void, onHold: () => void, onClose: () => void) {
    this.#connection = connection;
    this.#onNotice = onNotice;
    this.#onHold = onHold;
    this.#closed = new Promise((resolve) => {
      connection.once('close', () => {
        onClose();
        resolve();
      });
    });
  }

  /** Throws StatementError when Sluice refused it; a command's own failure is its status. */
  async run(text: string): Promise<readonly StatementResult[]> {
    const channel = await this.#open(text);
    const errors = new ErrorLines(this.#onNotice, this.#onHold);
    const output: Buffer[] = [];
    let bytes = 0;
    const take = (into: (part: Buffer) => void) => (part: Buffer) => {
      bytes += part.length;
      if (bytes <= maxClientOutputBytes) into(part);
      else channel.close();
    };
    const ended = new Promise<number | null>((resolve) => {
      channel.once('close', (code?: number | null) => resolve(code ?? null));
    });
    channel.on('error', () => undefined);
    channel.on(
      'data',
      take((part) => output.push(part)),
    );
    channel.stderr.on(
      'data',
      take((part) => errors.take(part)),
    );
    channel.end();
    const status = await ended;
    if (bytes > maxClientOutputBytes) {
      throw new SluiceError('too-large', 'the output is larger than this client collects', {
        hint: 'Use ssh through "sluice connect".',
      });
    }
    if (status === refusedExitCode || status === cancelledExitCode) errors.throwRefusal();
    const stderr = errors.finish();
    const stdout = Buffer.concat(output);
    const tag = status === null ? 'no exit status' : `exit ${status}`;
    return [{ columns: [], rows: [], tag, notices: [], output: { stdout, stderr, status } }];
  }

  async close(): Promise<void> {
    this.#connection.end();
    await this.#closed;
  }

  #open(text: string): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      void this.#closed.then(() => reject(otherSideGone()));
      this.#connection.exec(text, (error, channel) => {
        if (error === undefined) resolve(channel);
        else reject(new StatementError(error.message, 'channel', null, null));
      });
    });
  }
}

/** What comes on stderr: Sluice's own lines, told as they come, and the command's. */
class ErrorLines {
  readonly #onNotice: (text: string) => void;
  readonly #onHold: () => void;
  readonly #decoder = new StringDecoder('utf8');
  /** Own lines that may still turn out to be a refusal's. */
  #own: string[] = [];
  #unfinished = '';
  #text = '';

  constructor(onNotice: (text: string) => void, onHold: () => void) {
    this.#onNotice = onNotice;
    this.#onHold = onHold;
  }

  take(part: Buffer): void {
    const lines = (this.#unfinished + this.#decoder.write(part)).split('\n');
    this.#unfinished = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  /** Throws StatementError where the last lines are a refusal's; returns where they are the command's own. */
  throwRefusal(): void {
    const refusal = refusalIn(this.#text);
    const [message, hint] = this.#own;
    if (refusal === null || message === undefined) return;
    throw new StatementError(message, refusal.code, refusal.line, hint ?? null);
  }

  /** What the command itself wrote. */
  finish(): string {
    this.#tell();
    return this.#text + this.#unfinished + this.#decoder.end();
  }

  #line(line: string): void {
    if (!line.startsWith(ownWords)) {
      this.#text += `${line}\n`;
      return;
    }
    this.#own.push(line.slice(ownWords.length));
    if (!announcesWaiting(line)) return;
    this.#tell();
    this.#onHold();
  }

  #tell(): void {
    for (const line of this.#own) this.#onNotice(line);
    this.#own = [];
  }
}
