/** OpenSSH's own server and client in a scratch folder, for tests. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprintOf } from '../fingerprint.ts';

const server = '/usr/sbin/sshd';
export const hasOpenssh = existsSync(server) && existsSync('/usr/bin/ssh');

export interface OpensshServer {
  readonly port: number;
  readonly folder: string;
  readonly username: string;
  /** The private key that it lets in. */
  readonly clientKey: string;
  readonly hostFingerprint: string;
  stop(): Promise<void>;
}

/** Starts sshd as the current user on a free port; its files are gone when it stops. */
export async function startOpenssh(more: readonly string[] = []): Promise<OpensshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sshd-'));
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  keygen(join(folder, 'host'));
  keygen(join(folder, 'client'));
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(join(folder, 'client.pub')), { mode: 0o600 });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    `PidFile ${join(folder, 'pid')}`,
    'StrictModes no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'UsePAM no',
    'AcceptEnv LANG LC_* LD_PRELOAD BASH_ENV',
    'Subsystem sftp internal-sftp',
    'MaxSessions 100',
    'MaxStartups 100',
    'LogLevel ERROR',
    ...more,
  ];
  writeFileSync(join(folder, 'config'), `${config.join('\n')}\n`);
  const process_ = spawn(server, ['-D', '-e', '-f', join(folder, 'config')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await listening(port, process_);
  const hostKey = Buffer.from(readFileSync(join(folder, 'host.pub'), 'utf8').split(' ')[1] ?? '', 'base64');
  return {
    port,
    folder,
    username: userInfo().username,
    clientKey: readFileSync(join(folder, 'client'), 'utf8'),
    hostFingerprint: fingerprintOf(hostKey),
    stop: async () => {
      const gone = new Promise((resolve) => process_.once('exit', resolve));
      process_.kill();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes `path` and `path.pub`. */
export function keygen(path: string, ...more: string[]): void {
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path, ...more]);
  if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr.toString()}`);
}

export interface ClientRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real `ssh` (or another program) to its end, with `secret` given to whatever asks for a password. */
export function runClient(
  program: string,
  parameters: readonly string[],
  more: {
    readonly input?: string | Buffer;
    /** Leaves its input to the caller. */
    readonly keepOpen?: boolean;
    readonly secret?: string;
    readonly env?: Record<string, string>;
  } = {},
): { readonly process: ChildProcess; readonly done: Promise<ClientRun> } {
  const child = spawn(program, parameters, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: tmpdir(),
      SSH_ASKPASS: join(import.meta.dirname, 'askpass.sh'),
      SSH_ASKPASS_REQUIRE: 'force',
      SLUICE_TEST_SECRET: more.secret ?? 'secret',
      ...more.env,
    },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  child.stdin.on('error', () => undefined);
  if (more.keepOpen !== true) child.stdin.end(more.input ?? '');
  const done = new Promise<ClientRun>((resolve) =>
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString('latin1'), stderr: Buffer.concat(err).toString('utf8') }),
    ),
  );
  return { process: child, done };
}

/** Options of a client that keeps nothing and asks nobody. */
export function clientOptions(port: number): string[] {
  return [
    '-p',
    String(port),
    '-F',
    '/dev/null',
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    // Each gateway of a test has a key of its own, and a port may have been another one's before.
    'UserKnownHostsFile=/dev/null',
    '-o',
    'NumberOfPasswordPrompts=1',
    '-o',
    'LogLevel=ERROR',
  ];
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}`);
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => socket.destroy() && resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (up) return;
    await sleep(20);
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
