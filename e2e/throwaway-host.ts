/**
 * A real OpenSSH server on a copy of this machine that is thrown away: the whole file system, with every write in memory, in namespaces of
 * its own and with few capabilities. What a command does there, whatever it is, happens to nothing else.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newId } from '@sluice/keys';
import { sealCredential } from '@sluice/keys/sealing';
import { eventually, root, type Stack } from './stack.ts';

const namespaces = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--uts', '--ipc'];
/** What sshd needs to let root in; nothing that reaches the kernel, devices, the network's settings or other processes. */
const capabilities = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'sys_chroot',
  'audit_write',
];

/** $1: a folder outside, with the files of the server in `server`. Nothing of what is mounted here is seen elsewhere. */
const script = `
set -e
mount --make-rprivate /
mkdir "$1/memory"
mount -t tmpfs -o size=512m tmpfs "$1/memory"
cd "$1/memory"
mkdir written work root
mount -t overlay overlay -o "lowerdir=/,upperdir=$PWD/written,workdir=$PWD/work" root
mount -t proc proc root/proc
mount --bind root/proc/sys root/proc/sys && mount -o remount,bind,ro root/proc/sys
if [ -e root/proc/sysrq-trigger ]; then
  mount --bind root/proc/sysrq-trigger root/proc/sysrq-trigger && mount -o remount,bind,ro root/proc/sysrq-trigger
fi
mount -t tmpfs -o mode=755,size=16m dev root/dev
mknod -m 666 root/dev/null c 1 3
mknod -m 666 root/dev/zero c 1 5
mknod -m 666 root/dev/full c 1 7
mknod -m 666 root/dev/random c 1 8
mknod -m 666 root/dev/urandom c 1 9
mknod -m 666 root/dev/tty c 5 0
mkdir root/dev/pts root/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts root/dev/pts
ln -s pts/ptmx root/dev/ptmx
ln -s /proc/self/fd root/dev/fd
ln -s /proc/self/fd/0 root/dev/stdin
ln -s /proc/self/fd/1 root/dev/stdout
ln -s /proc/self/fd/2 root/dev/stderr
mkdir -p root/run/sshd root/throwaway root/home/throwaway root/var/log
cp "$1"/server/host "$1"/server/client.pub "$1"/server/config root/throwaway
touch root/var/log/wtmp root/var/log/lastlog
exec setpriv --bounding-set "-all,${capabilities.map((name) => `+${name}`).join(',')}" chroot root /usr/sbin/sshd -D -e -f /throwaway/config
`;

export interface ThrowawayHost {
  readonly port: number;
  readonly username: string;
  readonly home: string;
  /** The file of the private key that it lets in, and what is in it. */
  readonly keyFile: string;
  readonly key: string;
  readonly hostKey: string;
  /** Names, kinds, modes, owners and contents of all that was written since it started, anywhere but in its home. */
  written(): string;
  stop(): Promise<void>;
}

/** Why there can be none here; null: there can. */
export function throwawayHostProblem(): string | null {
  if (process.getuid?.() !== 0) return 'only root can make one';
  if (!existsSync('/usr/sbin/sshd') || !existsSync('/usr/bin/setpriv')) return 'sshd or setpriv is missing';
  const folder = mkdtempSync(join(tmpdir(), 'sluice-namespaces-'));
  const tried = spawnSync('unshare', [
    ...[...namespaces, 'sh', '-ec'],
    'mount --make-rprivate /; mount -t tmpfs tmpfs "$1"; cd "$1"; mkdir a b c; mount -t overlay overlay -o lowerdir=/,upperdir=$PWD/a,workdir=$PWD/b c',
    ...['sh', folder],
  ]);
  rmSync(folder, { recursive: true });
  return tried.status === 0 ? null : 'this machine gives no namespaces or overlays';
}

export async function startThrowawayHost(): Promise<ThrowawayHost> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-throwaway-'));
  const server = join(folder, 'server');
  const port = await freePort();
  spawnSync('mkdir', [server]);
  for (const name of ['host', 'client'])
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(server, name)]);
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    'HostKey /throwaway/host',
    'AuthorizedKeysFile /throwaway/client.pub',
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'SetEnv HOME=/home/throwaway',
    'Subsystem sftp internal-sftp -d /home/throwaway',
    'MaxSessions 100',
    'MaxStartups 100',
    'LogLevel ERROR',
  ];
  writeFileSync(join(server, 'config'), `${config.join('\n')}\n`);
  // It ends with whoever started it, however that ends.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-c', script, 'sh', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await eventually('the throw-away host is up', () => isListening(port), 30_000);
  // `unshare` itself sees what was mounted, outside the changed root.
  const inside = join(`/proc/${child.pid}/root`, folder, 'memory/written');
  return {
    port,
    username: 'root',
    home: '/home/throwaway',
    keyFile: join(server, 'client'),
    key: readFileSync(join(server, 'client'), 'utf8'),
    hostKey: fingerprint(join(server, 'host.pub')),
    written: () => digestOf(inside),
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A connection to it as production, through a gateway of its own: the demo's reaches the demo's targets alone. Resolves to its end. */
export async function serveThrowawayHost(
  stack: Stack,
  host: ThrowawayHost,
  name: string,
): Promise<() => Promise<void>> {
  const api = stack.api('admin');
  const { token } = await api.gateways.createEnrolment.mutate({ name });
  const folder = mkdtempSync(join(tmpdir(), 'sluice-gateway-'));
  const gateway = spawn(process.execPath, [join(root, 'apps/gateway/dist/gateway.cjs'), 'run'], {
    cwd: folder,
    env: {
      SLUICE_URL: stack.report.url,
      SLUICE_GATEWAY_DATA: join(folder, 'state'),
      SLUICE_ENROL_TOKEN: token,
      SLUICE_GATEWAY_NAME: name,
      SLUICE_ALLOW_TARGETS: `127.0.0.1:${host.port}`,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const stop = async () => {
    const ended = new Promise((resolve) => gateway.once('exit', resolve));
    gateway.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  };
  const line = await new Promise<string>((resolve) => createInterface({ input: gateway.stdout }).once('line', resolve));
  const { gatewayId: groupId } = JSON.parse(line) as { gatewayId: string };
  const [recipient] = await api.connections.listSealingKeys.query({ groupId });
  const { protocol } = stack.connection('demo-ssh');
  const address = { protocol, host: '127.0.0.1', port: host.port, tls: { mode: 'disable' as const, ca: null } };
  const id = newId();
  const credential = await sealCredential({
    recipientKey: recipient?.sealingKey ?? '',
    address,
    connectionId: id,
    credential: { username: host.username, password: host.key },
  });
  const options = { hostKey: host.hostKey, terminal: 'people' };
  const labels = { env: 'prod' };
  await api.connections.createConnection.mutate({ id, name, ...address, options, labels, groupId, credential });
  await eventually('the gateway serves the throw-away host', async () => {
    const test = await api.connections.testConnection.mutate({ id });
    return test.ok;
  });
  return stop;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1', () => {
      probe.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });
}

function digestOf(folder: string): string {
  // sshd itself notes who came and went.
  const others = '\\( -path ./home/throwaway -o -path ./var/log/wtmp -o -path ./var/log/lastlog \\) -prune -o';
  const command = `cd "$1" && find . ${others} -printf '%P|%y|%m|%U|%G|%l\\n' | sort && find . ${others} -type f -print0 | sort -z | xargs -0 -r sha256sum`;
  const listed = spawnSync('sh', ['-c', command, 'sh', folder], { maxBuffer: 64 * 1_048_576 });
  if (listed.status !== 0) throw new Error(listed.stderr.toString());
  return listed.stdout.toString('utf8');
}

/** As `ssh-keygen -l` prints it. */
function fingerprint(file: string): string {
  const bytes = Buffer.from(readFileSync(file, 'utf8').split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
