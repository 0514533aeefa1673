/**
 * The locks that keep the layout: the import table (dependency-cruiser), what package.json and tsconfig files may say, and what no
 * source file may contain. Prints every break and exits 1; `node scripts/boundaries.mjs`.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import config, { entriesOf, expand } from '../.dependency-cruiser.mjs';
import { browserEntries, importTable, purePackages, testsOnly } from './import-table.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

/** dependency-cruiser reads nothing, silently, beside some compilers: fewer modules than this is a broken check, not a clean tree. */
const MODULES_AT_LEAST = 400;
const KNOWN_EDGE = ['packages/wire-kit/src/protocol.ts', 'packages/domain/src/index.ts'];
const LINES_AT_MOST = 500;
const IMPORT_WAIT_MS = 60_000;
const drawers = ['utils', 'common', 'shared', 'lib', 'helpers'];
const skipped = [
  'node_modules',
  '.next',
  'dist',
  'generated',
  'coverage',
  'test-results',
  'playwright-report',
  '.git',
  '.sluice',
];

/** What is imported in a package's place where its main entry is not for plain Node, or null for nothing, each with its reason. */
const importedInstead = {
  'server-only': null, // throws outside a React server bundle: that is its purpose
  'next-auth': 'next-auth/jwt', // the main entry imports next/server, which only Next's bundler resolves
  '@prisma/client': '@prisma/client/runtime/client', // the main entry wants a client generated into node_modules
};

/** Loaded before a package's other dependencies, as its code does. */
const polyfills = ['reflect-metadata'];

const breaks = [];
const report = (check, where, what) => breaks.push(`${check}: ${where}: ${what}`);

function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.includes(entry.name) ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

const read = (path) => readFileSync(join(root, path), 'utf8');
const json = (path) => JSON.parse(read(path));
const isTest = (path) => /\.test\.tsx?$|\/testing\/|\/fixtures\//.test(path);
const isSource = (path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts');

const files = ['apps', 'packages', 'scripts', 'prisma', 'bench', 'e2e'].flatMap(filesBelow);
const sources = files.filter(isSource);
const packages = [...Object.keys(importTable), testsOnly].flatMap(expand);

async function checkImports() {
  const { options, forbidden } = config;
  const { enhancedResolveOptions, ...rest } = options;
  const result = await cruise(
    ['packages', 'apps', 'scripts', 'prisma'],
    { ...rest, ruleSet: { forbidden }, validate: true },
    enhancedResolveOptions,
  );
  const { modules, summary } = result.output;
  for (const { rule, from, to, cycle } of summary.violations) {
    report(rule.name, from, from === to ? 'nobody imports it' : (cycle?.map((step) => step.name).join(' → ') ?? to));
  }
  const ours = modules.filter((module) => !module.source.includes('node_modules/') && isSource(module.source));
  if (
    ours.length <
    Math.max(MODULES_AT_LEAST, 0.9 * sources.filter((path) => /^(packages|apps|scripts|prisma)\//.test(path)).length)
  ) {
    report(
      'modules',
      'dependency-cruiser',
      `read only ${ours.length} of ${sources.length} sources: the check is blind`,
    );
  }
  const [from, to] = KNOWN_EDGE;
  if (!modules.find((module) => module.source === from)?.dependencies.some((found) => found.resolved === to)) {
    report('modules', 'dependency-cruiser', `does not see that ${from} imports ${to}: the check is blind`);
  }
  checkRelativeImports(modules);
  checkIslands(modules);
  checkBrowserEntries(modules);
  return ours.length;
}

const packageOf = (path) => /^(packages\/(?:wire|languages)\/[^/]+|(?:packages|apps)\/[^/]+)\//.exec(path)?.[1];

/** Another package is named, never reached by `../`; test code alone may start a Postgres by the launcher. */
function checkRelativeImports(modules) {
  for (const { source, dependencies } of modules) {
    const home = packageOf(source);
    if (!home) continue;
    for (const { module, resolved, couldNotResolve } of dependencies) {
      if (resolved === 'scripts/postgres.mjs' && (isTest(source) || home === testsOnly)) continue;
      if (!couldNotResolve && module.startsWith('.') && !resolved.startsWith(`${home}/`))
        report('by-name', source, `leaves its package by ${module}`);
    }
  }
}

function reach(modules, starts, follow) {
  const bySource = new Map(modules.map((module) => [module.source, module]));
  const seen = new Set();
  const open = [...starts];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    open.push(
      ...(bySource
        .get(path)
        ?.dependencies.filter(follow)
        .map((found) => found.resolved) ?? []),
    );
  }
  return seen;
}

/** A module that no entry, test or page reaches is dead. */
function checkIslands(modules) {
  const entry = new RegExp(
    [
      '\\.test\\.tsx?$',
      '/testing/',
      '^(scripts|prisma|bench|e2e)/',
      '\\.config\\.(ts|mjs)$',
      '^apps/web/(server|src/(instrumentation|middleware|proxy|auth))\\.ts$',
      '^apps/web/src/app/',
      '^apps/(gateway|cli)/src/main\\.ts$',
    ].join('|'),
  );
  const exported = packages.flatMap((folder) => Object.values(entriesOf(folder)));
  const starts = [...modules.map((module) => module.source).filter((source) => entry.test(source)), ...exported];
  const reached = reach(modules, starts, () => true);
  for (const { source } of modules) {
    if (
      packageOf(source) &&
      isSource(source) &&
      !reached.has(source) &&
      !source.includes('/generated/') &&
      !source.includes('/fixtures/')
    ) {
      report('islands', source, 'no entry reaches it');
    }
  }
}

function checkBrowserEntries(modules) {
  for (const name of browserEntries) {
    const [folder, entry] = name.split('#');
    const start = entriesOf(folder)[entry];
    if (!start) {
      report('browser-safe', folder, `exports no ${entry}`);
      continue;
    }
    const reached = reach(
      modules,
      [start],
      (found) => !found.dependencyTypes.includes('type-only') && !found.resolved.includes('node_modules/'),
    );
    for (const { source, dependencies } of modules.filter((module) => reached.has(module.source))) {
      for (const found of dependencies) {
        if (found.dependencyTypes.includes('core') && !found.dependencyTypes.includes('type-only'))
          report('browser-safe', source, `is reached from ${name} and imports node:${found.resolved}`);
      }
    }
  }
}

function checkPackages() {
  const names = Object.fromEntries(packages.map((folder) => [json(join(folder, 'package.json')).name, folder]));
  const known = files
    .filter((path) => /^(packages|apps)\/.*package\.json$/.test(path) && !isTest(path))
    .map((path) => path.slice(0, -'/package.json'.length));
  for (const folder of known)
    if (!packages.includes(folder)) report('table', folder, 'is a package that scripts/import-table.mjs does not know');
  for (const [entry, allowed] of Object.entries(importTable)) {
    for (const folder of expand(entry)) {
      const manifest = json(join(folder, 'package.json'));
      if (folder.startsWith('packages/') && !manifest.exports)
        report('exports', folder, 'package.json has no exports map');
      const may = allowed.flatMap((name) => expand(name.split('#')[0]));
      for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
        const target = names[name];
        if (target && range !== 'workspace:*')
          report('workspace', folder, `${name} is of this workspace: use workspace:*`);
        if (target && !may.includes(target))
          report('table', folder, `package.json depends on ${name}, which the import table does not allow`);
        if (!target && !/^\d/.test(range) && !range.startsWith('npm:'))
          report('pins', folder, `${name} ${range} is not an exact version`);
      }
    }
  }
  for (const folder of purePackages.flatMap(expand)) {
    const types = json(join(folder, 'tsconfig.json')).compilerOptions?.types;
    if (!Array.isArray(types) || types.length > 0) report('pure', folder, 'tsconfig.json must say "types": []');
  }
}

function checkFiles() {
  const protocols = expand('packages/wire/*').map((folder) => basename(folder));
  const named = new RegExp(
    `(?:[=!]==?\\s*|\\bcase\\s+)['"\`](?:${protocols.join('|')})['"\`]|['"\`](?:${protocols.join('|')})['"\`]\\s*[=!]==?`,
  );
  for (const path of files) {
    const drawer = path
      .split('/')
      .slice(0, -1)
      .find((part) => drawers.includes(part));
    if (drawer && isSource(path))
      report('drawers', path, `“${drawer}” says nothing: name the folder after what it holds`);
    if (!isSource(path) && !path.endsWith('.mjs')) continue;
    const text = read(path);
    const lines = text.split('\n').length;
    if (lines > LINES_AT_MOST && !isTest(path)) report('length', path, `${lines} lines, at most ${LINES_AT_MOST}`);
    if (isTest(path) || !/^(packages|apps)\//.test(path)) continue;
    if (!/^packages\/(wire|languages|protocols|testkit)\//.test(path) && named.test(text))
      report('protocol-names', path, `compares with a protocol's name: ${named.exec(text)[0]}`);
    const free = /(^|\/)(env\.ts|[^/]+\.config\.(ts|mjs))$/.test(path) || path.startsWith(`${testsOnly}/`);
    if (!free && /\bprocess\.env\b/.test(text)) report('environment', path, 'reads process.env outside env.ts');
  }
}

/** engines fields lie, so every production dependency is imported once on this Node. */
function checkDependenciesLoad() {
  for (const folder of packages) {
    const names = Object.keys(json(join(folder, 'package.json')).dependencies ?? {})
      .filter((name) => !name.startsWith('@sluice/'))
      .map((name) => (name in importedInstead ? importedInstead[name] : name))
      .filter(Boolean)
      .sort((a, b) => Number(polyfills.includes(b)) - Number(polyfills.includes(a)));
    if (names.length === 0) continue;
    const code = `for (const name of ${JSON.stringify(names)}) try { await import(name); } catch (error) { console.log(name + ': ' + error.message.split('\\n')[0]); }
      process.exit(0);`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: join(root, folder),
      encoding: 'utf8',
      timeout: IMPORT_WAIT_MS,
    });
    for (const line of run.stdout.split('\n').filter(Boolean))
      report('loads', folder, `on Node ${process.version}: ${line}`);
    if (run.status !== 0) report('loads', folder, run.error?.message ?? run.stderr);
  }
}

const count = await checkImports();
checkPackages();
checkFiles();
checkDependenciesLoad();
for (const line of breaks.sort()) console.log(line);
console.log(`boundaries: ${count} modules, ${packages.length} packages, ${breaks.length} broken`);
process.exit(breaks.length === 0 ? 0 : 1);
