/**
 * PostgreSQL's own regression suite, fetched at test time from Debian's source package: `node scripts/regression-suite.mjs` prints
 * where it lies. Nothing of it is committed. apt checks what it downloads against the signed index.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './install.mjs';
import { run } from './run.mjs';

const SOURCE_PACKAGE = 'postgresql-15';
const FETCH_LIMIT_MS = 5 * 60_000;
const SOURCES_FILE = '/etc/apt/sources.list.d/debian.sources';
const kept = join(root, 'node_modules/.sluice/regression-15');

/** apt with lists, cache and sources of its own: nothing of the machine's set-up is changed, and root is not needed. */
function apt(folder, program, ...args) {
  const own = [
    ['Dir::Etc::SourceList', join(folder, 'own.sources')],
    ['Dir::Etc::SourceParts', '/dev/null'],
    ['Dir::State::Lists', join(folder, 'lists')],
    ['Dir::Cache', join(folder, 'cache')],
    ['APT::Sandbox::User', ''],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return run(program, [...own, ...args], { cwd: folder, output: 'capture', limitMs: FETCH_LIMIT_MS });
}

async function must(what, ended) {
  const { code, text } = await ended;
  if (code !== 0) throw new Error(`${what}: ${text.trim().split('\n').slice(-3).join(' ')}`);
  return text;
}

/** The newest version whose source can really be had: a mirror may list one that it does not hold. */
async function download(folder) {
  const shown = await must('apt-cache showsrc', apt(folder, 'apt-cache', 'showsrc', '--only-source', SOURCE_PACKAGE));
  const versions = [...new Set([...shown.matchAll(/^Version: (\S+)$/gm)].map(([, version]) => version))].reverse();
  let last = { text: `no source package ${SOURCE_PACKAGE} is listed` };
  for (const version of versions) {
    last = await apt(folder, 'apt-get', 'source', '--download-only', `${SOURCE_PACKAGE}=${version}`);
    if (last.code === 0) return version;
  }
  throw new Error(`apt-get source: ${last.text.trim().split('\n').slice(-2).join(' ')}`);
}

async function fetchInto(folder) {
  if (!existsSync(SOURCES_FILE)) throw new Error('this machine has no Debian package sources');
  const sources = readFileSync(SOURCES_FILE, 'utf8').replace(/^Types: .*$/gm, 'Types: deb-src');
  writeFileSync(join(folder, 'own.sources'), sources);
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, name), { recursive: true });
  await must('apt-get update', apt(folder, 'apt-get', 'update'));
  const version = await download(folder);
  const archive = readdirSync(folder).find((name) => name.endsWith('.orig.tar.bz2'));
  mkdirSync(join(folder, 'suite'));
  await must(
    'tar',
    run(
      'tar',
      [
        'xjf',
        join(folder, archive),
        '-C',
        join(folder, 'suite'),
        '--strip-components=4',
        '--wildcards',
        '*/src/test/regress/*',
      ],
      {
        output: 'capture',
        limitMs: FETCH_LIMIT_MS,
      },
    ),
  );
  writeFileSync(join(folder, 'suite/VERSION'), version);
}

/**
 * Where the suite lies (`sql/`, `expected/`, `data/`, `parallel_schedule`), fetched when it is not there yet.
 * `unavailable` says why it cannot be had.
 */
export async function regressionSuite() {
  if (!existsSync(join(kept, 'VERSION'))) {
    mkdirSync(join(kept, '..'), { recursive: true });
    const folder = mkdtempSync(`${kept}-`);
    try {
      await fetchInto(folder);
      rmSync(kept, { recursive: true, force: true });
      renameSync(join(folder, 'suite'), kept);
    } catch (error) {
      return { folder: null, version: null, unavailable: error.message };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { folder: kept, version: readFileSync(join(kept, 'VERSION'), 'utf8'), unavailable: null };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const suite = await regressionSuite();
  process.stdout.write(`${suite.folder ?? `not to be had: ${suite.unavailable}`}\n`);
  process.exitCode = suite.folder === null ? 1 : 0;
}
