/** Delivers forms over one SSH session, as a ControlMaster would: every form in channels of its own. */
import { Duplex } from 'node:stream';
import { SluiceError } from '@sluice/domain';
import type { CorpusAnswer, CorpusClient, CorpusForm, Delivery } from '@sluice/wire-kit';
import type { ClientChannel, Client as SshConnection } from 'ssh2';
import { announcesWaiting } from '../errors.ts';
import { Client } from '../ssh2-library.ts';
import { answerOf, type ChannelEnd, plainAnswer } from './answers.ts';
import { runFileOperations } from './file-operations.ts';
import type { Step } from './steps.ts';

/** A command in an `exec` request. */
export const corpusPaths = ['command'] as const;
/** Runs in front of a form, or right before it in the same moment. Every policy lets it pass. */
const allowedCommand = 'true';
/** What the whole of one form's output may be (bytes). */
const maxOutputBytes = 4 * 1_048_576;

export interface CorpusSource {
  readonly openStream: () => Promise<Duplex>;
  readonly username: string;
  readonly secret: string;
  readonly answerMs: number;
}

export class SshCorpusClient implements CorpusClient {
  readonly #source: CorpusSource;
  #kept: Promise<SshConnection> | null = null;

  constructor(source: CorpusSource) {
    this.#source = source;
  }

  async deliver(form: CorpusForm, delivery: Delivery): Promise<CorpusAnswer> {
    if (!delivery.cut && form.type === 'text') return this.#text(await this.#connection(), form.text, delivery);
    const own = await connect(this.#source, this.#source.secret, delivery.cut);
    try {
      return form.type === 'text'
        ? await this.#text(own, form.text, delivery)
        : await this.#steps(own, form.steps as Step[]);
    } finally {
      own.end();
    }
  }

  async firstValue(text: string): Promise<string | null> {
    const answer = await this.deliver(
      { type: 'text', text, values: null },
      { path: 'command', position: 'alone', cut: false },
    );
    if (answer.outcome !== 'ran') return null;
    return answer.received.toString('utf8').split('\n')[0] ?? '';
  }

  async close(): Promise<void> {
    const kept = await this.#kept?.catch(() => null);
    kept?.end();
  }

  async #connection(): Promise<SshConnection> {
    this.#kept ??= connect(this.#source, this.#source.secret, false);
    const kept = await this.#kept.catch((error: unknown) => {
      this.#kept = null;
      throw error;
    });
    kept.once('close', () => {
      this.#kept = null;
    });
    return kept;
  }

  /** `transaction`: behind a command that was allowed in the same session; `pipelined`: in the same moment as one. */
  async #text(connection: SshConnection, text: string, { position }: Delivery): Promise<CorpusAnswer> {
    if (position === 'transaction') await this.#exec(connection, { exec: allowedCommand });
    const before = position === 'pipelined' ? this.#exec(connection, { exec: allowedCommand }) : null;
    const answer = await this.#exec(connection, { exec: text });
    await before;
    return answer;
  }

  async #steps(connection: SshConnection, steps: readonly Step[]): Promise<CorpusAnswer> {
    let answer = plainAnswer('ran', '', '');
    const received: Buffer[] = [];
    for (const step of steps) {
      answer = await this.#step(connection, step);
      received.push(answer.received);
      if (answer.outcome !== 'ran') break;
    }
    return { ...answer, received: Buffer.concat(received) };
  }

  async #step(connection: SshConnection, step: Step): Promise<CorpusAnswer> {
    if ('exec' in step) return this.#exec(connection, step);
    if ('shell' in step) {
      const window = step.terminal === true ? {} : (false as const);
      return this.#opened((done) => connection.shell(window, done), step.shell);
    }
    if ('subsystem' in step) return this.#opened((done) => connection.subsys(step.subsystem, done), '');
    if ('sftp' in step) {
      const channel = await opened((done) => connection.subsys('sftp', done));
      if (!(channel instanceof Error)) return runFileOperations(channel, step.sftp, this.#source.answerMs);
      return plainAnswer('refused', 'channel', channel.message);
    }
    if ('forward' in step) {
      const [host, port] = step.forward;
      return this.#opened((done) => connection.forwardOut('127.0.0.1', 1, host, port, done), 'hello\n');
    }
    if ('socket' in step)
      return this.#opened((done) => connection.openssh_forwardOutStreamLocal(step.socket, done), 'GET / HTTP/1.0\n\n');
    if ('listen' in step) return asked((done) => connection.forwardIn(step.listen[0], step.listen[1], done));
    if ('listenSocket' in step)
      return asked((done) => connection.openssh_forwardInStreamLocal(step.listenSocket, done));
    if ('agent' in step) return this.#exec(connection, { exec: 'ssh-add -l' }, { agentForward: true });
    if ('x11' in step) return this.#exec(connection, { exec: 'xterm' }, { x11: true });
    return connect(this.#source, step.signIn, false).then(
      (again) => {
        again.end();
        return plainAnswer('ran', '', 'signed in');
      },
      (error: unknown) => plainAnswer('refused', 'sign-in', String(error)),
    );
  }

  #exec(
    connection: SshConnection,
    step: Extract<Step, { exec: string }>,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<CorpusAnswer> {
    const options = {
      ...more,
      ...(step.env === undefined ? {} : { env: step.env }),
      ...(step.terminal === true ? { pty: true } : {}),
    };
    return this.#opened((done) => connection.exec(step.exec, options, done), step.input ?? '', step.terminal === true);
  }

  async #opened(open: (done: Done) => unknown, input: string, terminal = false): Promise<CorpusAnswer> {
    const channel = await opened(open);
    if (channel instanceof Error) return plainAnswer('refused', 'channel', channel.message);
    return answerOf(await endOf(channel, input, this.#source.answerMs, terminal));
  }
}

type Done = (error: Error | undefined, channel: ClientChannel) => void;

function opened(open: (done: Done) => unknown): Promise<ClientChannel | Error> {
  return new Promise((resolve) => {
    try {
      open((error, channel) => resolve(error ?? channel));
    } catch (error) {
      resolve(error as Error);
    }
  });
}

function asked(ask: (done: (error?: Error | null) => void) => unknown): Promise<CorpusAnswer> {
  return new Promise((resolve) => {
    ask((error) =>
      resolve(
        error === undefined || error === null
          ? plainAnswer('ran', '', 'listens')
          : plainAnswer('refused', 'request', error.message),
      ),
    );
  });
}

/** Gives the input, then waits for the end of the channel; one that waits for people is closed at once. */
function endOf(channel: ClientChannel, input: string, answerMs: number, terminal: boolean): Promise<ChannelEnd> {
  return new Promise((resolve) => {
    const output: Buffer[] = [];
    // A terminal has one stream: what Sluice says comes in it too.
    const errors: Buffer[] = terminal ? output : [];
    let held = false;
    let bytes = 0;
    const take = (into: Buffer[]) => (part: Buffer) => {
      bytes += part.length;
      if (bytes <= maxOutputBytes) into.push(part);
      if (into !== errors || held || !announcesWaiting(Buffer.concat(errors).toString('utf8'))) return;
      held = true;
      channel.close();
    };
    const late = setTimeout(() => channel.close(), answerMs);
    channel.on('data', take(output));
    channel.stderr.on('data', take(errors));
    channel.on('error', () => undefined);
    channel.once('close', (code?: number | null, signal?: string | null) => {
      clearTimeout(late);
      const texts = { output: Buffer.concat(output), errors: Buffer.concat(errors) };
      resolve({ code: code ?? null, signal: signal ?? null, ...texts, held });
    });
    channel.end(input);
  });
}

/** Rejects with SluiceError when nobody is let in, or when the other side leaves in the handshake. */
async function connect(source: CorpusSource, secret: string, cut: boolean): Promise<SshConnection> {
  const stream = await source.openStream();
  const connection = new Client();
  return new Promise((resolve, reject) => {
    connection.once('ready', () => resolve(connection));
    connection.on('error', (cause: Error) =>
      reject(new SluiceError('unavailable', `no SSH session: ${cause.message}`, { cause })),
    );
    connection.once('close', () => reject(new SluiceError('unavailable', 'no SSH session: the other side left')));
    connection.connect({
      sock: cut ? cutStream(stream) : stream,
      username: source.username,
      password: secret,
      tryKeyboard: false,
      readyTimeout: source.answerMs,
      // The gateway's own key is what `sluice ssh` checks; here the road itself is what is known.
      hostVerifier: () => true,
    });
  });
}

/** Writes every byte by itself. */
function cutStream(stream: Duplex): Duplex {
  const cut = new Duplex({
    read: () => stream.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      for (const byte of chunk) stream.write(Buffer.of(byte));
      done();
    },
    final: (done) => {
      stream.end();
      done();
    },
    destroy: (error, done) => {
      stream.destroy();
      done(error);
    },
  });
  stream.on('data', (chunk: Buffer) => {
    if (!cut.push(chunk)) stream.pause();
  });
  stream.once('end', () => cut.push(null));
  stream.once('close', () => cut.destroy());
  stream.on('error', () => cut.destroy());
  return cut;
}
