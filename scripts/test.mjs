/**
 * `npm test`: sets up what the tests need and runs every check, fastest first. `npm test -- --only lint,unit` runs some stages.
 * The last line on stdout is `N passed, N failed`; exits 1 when anything failed.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, root } from './install.mjs';
import { childEnvironment, endAll, run } from './run.mjs';

const STAGE_LIMIT_MS = 15 * 60_000;
const PARALLEL_TYPE_CHECKS = Math.min(2, availableParallelism());
const inCi = process.env.CI === 'true' || process.env.CI === '1';

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const scratch = mkdtempSync(join(tmpdir(), 'sluice-test-'));

const bin = (name) => join(root, 'node_modules/.bin', name);
const say = (text) => process.stdout.write(`${text}\n`);

function count({ passed = 0, failed = 0, skipped = 0 }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

function fail(name, text) {
  count({ failed: 1 });
  failures.push(name);
  say(`✗ ${name}\n${text.trimEnd()}`);
}

/** One command is one check; its words are shown when it fails. */
async function check(name, command, args, options = {}) {
  const started = Date.now();
  const { code, text } = await run(command, args, {
    cwd: root,
    output: 'capture',
    limitMs: STAGE_LIMIT_MS,
    env: environment(),
    ...options,
  });
  if (code !== 0) return fail(name, text);
  count({ passed: 1 });
  say(`✓ ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

function environment(extra = {}) {
  const path = ['/usr/lib/postgresql/15/bin', process.env.PATH].join(':');
  return childEnvironment({ PATH: path, FORCE_COLOR: '0', ...extra });
}

async function types() {
  const jobs = [{ name: 'types: root', cwd: root, script: 'tsc -p .' }];
  for (const group of ['packages', 'packages/languages', 'packages/wire', 'apps']) {
    for (const entry of readdirSync(join(root, group)).sort()) {
      const cwd = join(root, group, entry);
      if (!existsSync(join(cwd, 'package.json'))) continue;
      const { scripts = {} } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
      if (!scripts.typecheck) fail(`types: ${group}/${entry}`, 'package.json has no typecheck script');
      else jobs.push({ name: `types: ${group}/${entry}`, cwd, script: scripts.typecheck });
    }
  }
  const worker = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const env = environment({
        PATH: `${join(job.cwd, 'node_modules/.bin')}:${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
      });
      await check(job.name, 'sh', ['-c', job.script], { cwd: job.cwd, env });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_TYPE_CHECKS }, worker));
}

/** Runs vitest and counts its tests from its JSON report. */
async function vitest(name, args) {
  const file = join(scratch, `${name}.json`);
  const { code } = await run(
    bin('vitest'),
    ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    {
      cwd: root,
      output: 'inherit',
      limitMs: STAGE_LIMIT_MS,
      env: environment(),
    },
  );
  if (!existsSync(file)) return fail(name, `vitest ended with ${code} and left no report`);
  const report = JSON.parse(readFileSync(file, 'utf8'));
  // A file that could not be loaded has no tests to count.
  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
  );
  count({
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  });
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults) {
      if (test.status === 'failed') failures.push(`${suite.name.replace(`${root}/`, '')} › ${test.fullName}`);
      if (test.status === 'pending' || test.status === 'skipped') say(`- skipped: ${test.fullName}`);
    }
  }
  failures.push(...broken.map((suite) => suite.name.replace(`${root}/`, '')));
  if (code !== 0 && report.numFailedTests + broken.length === 0)
    fail(name, `vitest ended with ${code} although no test failed: an unhandled error stands above`);
}

function has(folder, pattern) {
  return (
    existsSync(join(root, folder)) &&
    readdirSync(join(root, folder), { recursive: true }).some(
      (path) => pattern.test(path) && !path.includes('node_modules'),
    )
  );
}

async function browser() {
  if (!has('e2e', /\.spec\.ts$/)) return say('- no browser tests');
  const file = join(scratch, 'playwright.json');
  const { code } = await run(bin('playwright'), ['test', '--reporter=list,json'], {
    cwd: root,
    output: 'inherit',
    limitMs: STAGE_LIMIT_MS,
    env: environment({ PLAYWRIGHT_JSON_OUTPUT_FILE: file, PLAYWRIGHT_JSON_OUTPUT_NAME: file }),
  });
  if (!existsSync(file)) return fail('browser', `playwright ended with ${code} and left no report`);
  const { stats, errors = [] } = JSON.parse(readFileSync(file, 'utf8'));
  count({ passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped });
  if (stats.unexpected + stats.flaky > 0) failures.push('browser tests, above');
  else if (code !== 0)
    fail('browser', errors.map((error) => error.message).join('\n') || `playwright ended with ${code}`);
}

/** Rules that know types keep every program they read in memory: the whole in one process is more than Node's heap holds. */
const lintedApart = {
  protocols: ['packages/wire', 'packages/languages'],
  packages: ['packages', '--ignore-pattern', 'packages/wire/**', '--ignore-pattern', 'packages/languages/**'],
  rest: ['.', '--ignore-pattern', 'packages/**'],
};

const stages = {
  format: () => check('format', bin('biome'), ['format', '.']),
  lint: async () => {
    await check('lint: biome', bin('biome'), ['check', '--formatter-enabled=false', '.']);
    for (const [name, paths] of Object.entries(lintedApart)) {
      await check(`lint: eslint ${name}`, bin('eslint'), [...paths, '--max-warnings=0']);
    }
  },
  types,
  boundaries: () => check('boundaries', process.execPath, ['scripts/boundaries.mjs']),
  unit: () => vitest('unit', []),
  build: () => check('build', process.execPath, ['scripts/build.mjs']),
  real: () =>
    has('e2e', /\.test\.ts$/) ? vitest('real', ['--config', 'e2e/vitest.config.ts']) : say('- no tests of the whole'),
  browser,
};

/** Debian packages that tests drive, each with a file that shows that it is there. */
const debianPackages = {
  'postgresql-client-15': '/usr/lib/postgresql/15/bin/psql',
  'postgresql-15': '/usr/lib/postgresql/15/bin/pgbench',
  pgbouncer: '/usr/sbin/pgbouncer',
  chromium: '/usr/bin/chromium',
  'fonts-liberation': '/usr/share/doc/fonts-liberation',
  'openssh-client': '/usr/bin/ssh',
  'openssh-server': '/usr/sbin/sshd',
  'openssh-sftp-server': '/usr/lib/openssh/sftp-server',
  rsync: '/usr/bin/rsync',
  git: '/usr/bin/git',
  'python3-psycopg2': '/usr/lib/python3/dist-packages/psycopg2',
};
const neededInCi = ['psql', 'pg_dump', 'pgbench', 'chromium'];

async function setUpTools() {
  const missing = Object.entries(debianPackages)
    .filter(([, file]) => !existsSync(file))
    .map(([name]) => name);
  if (missing.length > 0 && process.getuid?.() === 0 && onPath('apt-get')) {
    say(`installing ${missing.join(' ')}`);
    const env = environment({ DEBIAN_FRONTEND: 'noninteractive' });
    const apt = (...args) =>
      run('apt-get', ['-y', '-o', 'DPkg::Lock::Timeout=300', ...args], {
        env,
        output: 'capture',
        limitMs: STAGE_LIMIT_MS,
      });
    let outcome = await apt('install', '--no-install-recommends', ...missing);
    if (outcome.code !== 0) {
      await apt('update');
      outcome = await apt('install', '--no-install-recommends', ...missing);
    }
    if (outcome.code !== 0) say(`apt-get could not install them:\n${outcome.text.slice(-2_000)}`);
  }
  const absent = neededInCi.filter((name) => !onPath(name));
  if (absent.length === 0) return;
  if (inCi)
    fail(
      'tools',
      `CI must not skip the tests that need ${absent.join(', ')}: install ${Object.keys(debianPackages).join(' ')}`,
    );
  else say(`- without ${absent.join(', ')}: the tests that need them are skipped by name`);
}

function onPath(name) {
  const folders = environment().PATH.split(':');
  return folders.some((folder) => existsSync(join(folder, name)));
}

function chosenStages() {
  const at = process.argv.indexOf('--only');
  const names = at === -1 ? Object.keys(stages) : (process.argv[at + 1] ?? '').split(',');
  const unknown = names.filter((name) => !(name in stages));
  if (unknown.length > 0) {
    process.stderr.write(`no stage ${unknown.join(', ')}; there are ${Object.keys(stages).join(', ')}\n`);
    process.exit(2);
  }
  return Object.keys(stages).filter((name) => names.includes(name));
}

function finish() {
  rmSync(scratch, { recursive: true, force: true });
  if (failures.length > 0) say(`\nfailed:\n${failures.map((name) => `  ${name}`).join('\n')}`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`, () =>
    process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1),
  );
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    void endAll().then(() => {
      fail('interrupted', `by ${signal}`);
      finish();
    });
  });
}

const chosen = chosenStages();
mkdirSync(scratch, { recursive: true });
try {
  const seconds = await ensureInstalled();
  say(`install: ${seconds.toFixed(1)} s`);
  if (chosen.some((name) => ['unit', 'real', 'browser'].includes(name))) await setUpTools();
  for (const name of chosen) {
    const started = Date.now();
    say(`\n── ${name}`);
    const before = total.failed;
    await stages[name]();
    say(`── ${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
    if (name === 'build' && total.failed > before) {
      say('nothing runs without a build: the stages after it are left out');
      break;
    }
  }
} catch (error) {
  fail('set-up', error.stack ?? String(error));
}
finish();
