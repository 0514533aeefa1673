/** Client towards the target: the pinned host key first, then password or private key. Channels are opened as they are asked for. */
import type { Duplex } from 'node:stream';
import { SluiceError } from '@sluice/domain';
import type { DialRequest, WireTarget } from '@sluice/wire-kit';
import type { ClientChannel, ConnectConfig, Client as SshConnection } from 'ssh2';
import { fingerprintOf, kindOf } from './fingerprint.ts';
import type { Destination } from './forward/destinations.ts';
import { keepaliveMisses, keepaliveMs, targetReadyMs } from './limits.ts';
import { readOptions } from './manifest.ts';
import { Client } from './ssh2-library.ts';
import { authentication } from './target-key.ts';

export interface Terminal {
  readonly term: string;
  readonly cols: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}
export interface ChannelWishes {
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal | null;
}

export class SshTarget implements WireTarget {
  readonly username: string;
  /** The socket's own stream: what waits there to be sent is bounded by the relay. */
  readonly stream: Duplex;
  /** Aborted when the target went away; the reason is a sentence. */
  readonly gone: AbortSignal;
  readonly #connection: SshConnection;

  constructor(connection: SshConnection, stream: Duplex, username: string) {
    this.username = username;
    this.stream = stream;
    this.#connection = connection;
    const gone = new AbortController();
    this.gone = gone.signal;
    connection.on('error', (error: Error) => gone.abort(`the target’s connection failed: ${error.message}`));
    connection.once('close', () => gone.abort('the target closed the connection'));
    stream.once('close', () => gone.abort('the target closed the connection'));
  }

  /** Throws SluiceError when the target refuses. */
  exec(command: string, { environment, terminal }: ChannelWishes): Promise<ClientChannel> {
    const pty = terminal === null ? {} : { pty: terminal };
    return this.#open((done) => this.#connection.exec(command, { env: environment, ...pty }, done));
  }

  shell({ environment, terminal }: ChannelWishes): Promise<ClientChannel> {
    return this.#open((done) => this.#connection.shell(terminal ?? false, { env: environment }, done));
  }

  subsystem(name: string): Promise<ClientChannel> {
    return this.#open((done) => this.#connection.subsys(name, done));
  }

  /** A connection from the target onwards. Where the client comes from is not told. Throws SluiceError when the target refuses. */
  forward({ host, port }: Destination): Promise<ClientChannel> {
    return this.#open((done) => this.#connection.forwardOut('127.0.0.1', 0, host, port, done));
  }

  /** Channels are stopped one by one, by the relay that opened them. */
  cancel(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#connection.end();
    this.stream.destroy();
    return Promise.resolve();
  }

  #open(ask: (done: (error: Error | undefined, channel: ClientChannel) => void) => unknown): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) =>
        reject(new SluiceError('target-unreachable', 'the target did not open a channel', { cause }));
      if (this.gone.aborted) {
        fail(this.gone.reason);
        return;
      }
      const leave = () => fail(this.gone.reason);
      this.gone.addEventListener('abort', leave, { once: true });
      try {
        ask((error, channel) => {
          this.gone.removeEventListener('abort', leave);
          if (error === undefined || error === null) resolve(channel);
          else fail(error);
        });
      } catch (error) {
        fail(error);
      }
    });
  }
}

/** The host key that the target showed; `approved`: it is among the pins. */
export interface ShownHostKey {
  readonly kind: string;
  readonly fingerprint: string;
  readonly approved: boolean;
}

/** Opens a session at the target. `onHostKey` hears what was shown before anything secret is sent. */
export async function openTarget(
  request: DialRequest,
  onHostKey: (shown: ShownHostKey) => void = () => undefined,
): Promise<SshTarget> {
  const { hostKeys } = readOptions(request.options);
  const credential = request.credential.reveal();
  const stream = await request.connect(request.signal);
  stream.on('error', () => undefined);
  let shown: ShownHostKey | null = null;
  const connection = new Client();
  const stop = () => stream.destroy();
  request.signal.addEventListener('abort', stop, { once: true });
  try {
    await ready(connection, stream, {
      sock: stream as NonNullable<ConnectConfig['sock']>,
      ...authentication(credential, Date.now()),
      readyTimeout: targetReadyMs,
      keepaliveInterval: keepaliveMs,
      keepaliveCountMax: keepaliveMisses,
      hostVerifier: (key: Buffer) => {
        const fingerprint = fingerprintOf(key);
        shown = { kind: kindOf(key), fingerprint, approved: hostKeys.includes(fingerprint) };
        onHostKey(shown);
        return shown.approved;
      },
    });
    return new SshTarget(connection, stream, credential.username);
  } catch (cause) {
    connection.end();
    stream.destroy();
    throw dialFailure(request, shown, hostKeys, cause);
  } finally {
    request.signal.removeEventListener('abort', stop);
  }
}

export function dialTarget(request: DialRequest): Promise<SshTarget> {
  return openTarget(request);
}

function ready(connection: SshConnection, stream: Duplex, config: ConnectConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = () => reject(new Error('the target closed the connection'));
    connection.once('ready', () => {
      connection.off('error', reject);
      stream.off('close', closed);
      resolve();
    });
    connection.on('error', reject);
    stream.once('close', closed);
    connection.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) =>
      // Hosts that ask for the password by prompts (PAM): exactly one hidden prompt is answered with it.
      finish(prompts.length === 1 && prompts[0]?.echo !== true ? [config.password ?? ''] : []),
    );
    connection.connect(config);
  });
}

function dialFailure(
  request: DialRequest,
  shown: ShownHostKey | null,
  pins: readonly string[],
  cause: unknown,
): SluiceError {
  if (cause instanceof SluiceError) return cause;
  if (shown !== null && !shown.approved) return unknownHostKey(shown, pins);
  const level = (cause as { readonly level?: unknown } | null)?.level;
  const said = cause instanceof Error ? cause.message : String(cause);
  if (level === 'client-authentication') {
    return new SluiceError('target-auth', 'the target did not accept the connection’s credential', {
      hint: 'Check user name and password or key at the target, and store the credential anew.',
      cause,
    });
  }
  if (request.signal.aborted || level === 'client-timeout') {
    return new SluiceError('target-unreachable', 'the target did not answer in time', { cause });
  }
  return new SluiceError('target-unreachable', `the target could not be reached over SSH: ${said}`, { cause });
}

/** Nothing secret was sent. */
function unknownHostKey({ kind, fingerprint }: ShownHostKey, pins: readonly string[]): SluiceError {
  if (pins.length === 0) {
    return new SluiceError('target-tls', `the target’s host key is not approved yet: ${kind} ${fingerprint}`, {
      hint: 'An administrator compares it with ssh-keygen -l on the host and saves it as the connection’s host key.',
    });
  }
  return new SluiceError(
    'target-tls',
    `THE TARGET’S HOST KEY HAS CHANGED: it shows ${kind} ${fingerprint}, approved is ${pins.join(' ')}`,
    {
      hint: 'Somebody may stand between the gateway and the target. Only when the host was given a new key: compare it there and save it.',
    },
  );
}
