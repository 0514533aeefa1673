/**
 * The demo's SSH target: OpenSSH's own server where this machine has one, else a small server on the ssh2 library. Run as
 * `node ssh-target.mjs FOLDER PORT`; prints one line of JSON once it serves. Commands run on this machine as the user who started it,
 * with a scratch folder as their home.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../install.mjs';

// It is installed where the protocol is.
const loadFromProtocol = createRequire(join(root, 'packages/wire/ssh/package.json'));
const ssh2 = loadFromProtocol('ssh2');
const [folder, portText] = process.argv.slice(2);
const port = Number(portText);
const home = join(folder, 'home');
const sshd = '/usr/sbin/sshd';

function keptKey(name) {
  const file = join(folder, name);
  if (existsSync(file) && isWhole(readFileSync(file))) return file;
  // Of the keys that the library makes one in some two hundred lacks a byte, and nobody can use it.
  for (;;) {
    const { private: secret, public: shown } = ssh2.utils.generateKeyPairSync('ed25519', { comment: `demo ${name}` });
    if (!isWhole(secret)) continue;
    writeFileSync(file, `${secret.trimEnd()}\n`, { mode: 0o600 });
    writeFileSync(`${file}.pub`, `${shown}\n`);
    return file;
  }
}

function isWhole(secret) {
  return !(ssh2.utils.parseKey(secret) instanceof Error);
}

/** As `ssh-keygen -l` prints it. */
function fingerprint(file) {
  const bytes = Buffer.from(readFileSync(`${file}.pub`, 'utf8').split(' ')[1], 'base64');
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;
}

function fillHome() {
  mkdirSync(join(home, 'app/logs'), { recursive: true });
  const file = (name, text) => existsSync(join(home, name)) || writeFileSync(join(home, name), text);
  // A login shell begins in the account’s own home, whatever HOME says.
  for (const profile of ['.profile', '.zprofile']) file(profile, 'cd "$HOME"\n');
  file('README.txt', 'A scratch folder for trying Sluice over SSH. Commands run on the machine that runs the demo.\n');
  file('app/config.ini', '[mail]\nfrom = ann.smith@example.com\n\n[limits]\nworkers = 4\n');
  file('app/customers.csv', 'id,name,email\n1,Ann Smith,ann.smith@example.com\n2,Bob Jones,bob.jones@example.com\n');
  file('app/logs/app.log', 'info started\nwarn retry 1 of 3\ninfo mail sent to bob.jones@example.com\n');
}

async function listening() {
  for (;;) {
    const up = await new Promise((resolve) => {
      const probe = connect(port, '127.0.0.1', () => {
        probe.destroy();
        resolve(true);
      }).once('error', () => resolve(false));
    });
    if (up) return;
    await sleep(50);
  }
}

/** Ends with this process, and this process with it. */
function runOpenssh(hostKey, clientKey) {
  if (process.getuid() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(`${clientKey}.pub`), { mode: 0o600 });
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'AllowTcpForwarding no',
    'X11Forwarding no',
    'AllowAgentForwarding no',
    'AcceptEnv LANG LC_*',
    `SetEnv HOME=${home}`,
    `Subsystem sftp internal-sftp -d ${home}`,
    'MaxSessions 100',
    'LogLevel ERROR',
  ];
  writeFileSync(join(folder, 'sshd_config'), `${config.join('\n')}\n`);
  const child = spawn(sshd, ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  child.once('exit', (code) => process.exit(code ?? 1));
  child.once('error', () => process.exit(1));
}

/** Commands only: no terminals and no files. */
function runOwnServer(hostKey, clientKey) {
  const allowed = ssh2.utils.parseKey(readFileSync(`${clientKey}.pub`));
  const server = new ssh2.Server({ hostKeys: [readFileSync(hostKey)] }, (connection) => {
    connection.on('error', () => {});
    connection.on('authentication', (context) => {
      const known = context.method === 'publickey' && allowed.getPublicSSH().equals(context.key.data);
      const proved = known && (!context.signature || allowed.verify(context.blob, context.signature, context.hashAlgo));
      if (proved === true) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept) => accept().on('exec', (take, _reject, { command }) => exec(take(), command)));
  });
  server.listen(port, '127.0.0.1');
}

function exec(channel, command) {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: home,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home },
  });
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.stdin.on('error', () => {});
  channel.pipe(child.stdin);
  channel.on('close', () => child.kill());
  child.once('close', (code) => {
    channel.exit(code ?? 255);
    channel.end();
  });
}

mkdirSync(folder, { recursive: true, mode: 0o755 });
fillHome();
const hostKey = keptKey('host');
const clientKey = keptKey('client');
const kind = existsSync(sshd) ? 'OpenSSH' : 'ssh2';
if (kind === 'OpenSSH') runOpenssh(hostKey, clientKey);
else runOwnServer(hostKey, clientKey);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
await listening();
const said = { ready: true, kind, username: userInfo().username, hostKey: fingerprint(hostKey), keyFile: clientKey };
console.log(JSON.stringify(said));
