/**
 * Builds what `npm start` and the images run, each only when its sources changed:
 * the Prisma client, Next's build of apps/web with its Node server, and the single files of gateway and CLI.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { root } from './install.mjs';
import { processIdentity } from './process-identity.mjs';
import { childEnvironment, run } from './run.mjs';

const stamps = join(root, 'node_modules/.sluice');
const notSources = new Set(['node_modules', '.next', 'dist', 'generated', 'fixtures']);

function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!notSources.has(entry.name)) yield* filesBelow(path);
    } else if (entry.isFile() && !/\.test\.tsx?$|\.tsbuildinfo$|^next-env\.d\.ts$|\.md$/.test(entry.name)) yield path;
  }
}

function digest(paths) {
  const hash = createHash('sha256').update(process.version);
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full)) continue;
    for (const file of path.includes('.') ? [full] : filesBelow(full))
      hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** A package's own folder and those of the workspace packages below it. */
function closure(folder) {
  const names = new Map();
  for (const group of ['apps', 'packages', 'packages/wire', 'packages/languages']) {
    for (const entry of readdirSync(join(root, group))) {
      const file = join(root, group, entry, 'package.json');
      if (existsSync(file)) names.set(JSON.parse(readFileSync(file, 'utf8')).name, `${group}/${entry}`);
    }
  }
  const found = new Set();
  const open = [folder];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, at, 'package.json'), 'utf8'));
    open.push(
      ...Object.keys(dependencies)
        .map((name) => names.get(name))
        .filter(Boolean),
    );
  }
  return [...found].sort();
}

/** libpg-query reads its WebAssembly from beside itself; in one file it comes from the bundle. */
const inlineParser = {
  name: 'inline-parser',
  setup(build) {
    build.onLoad({ filter: /libpg-query[/\\]wasm[/\\]libpg-query\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const hook =
        'async function(moduleArg={instantiateWasm:(imports,done)=>{WebAssembly.instantiate(require("./libpg-query.wasm"),imports).then(({instance})=>done(instance))}})';
      const patched = text.replace('async function(moduleArg={})', hook);
      if (patched === text)
        throw new Error('libpg-query has changed its loader: inline-parser in scripts/build.mjs must follow');
      return { contents: patched, loader: 'js' };
    });
  },
};

const refuseNativeFiles = {
  name: 'no-native-files',
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, ({ path }) => ({ path, external: true }));
  },
};

const nodeOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  logLevel: 'warning',
  absWorkingDir: root,
  minifySyntax: true,
};
/** Natives that the libraries ask for in a try block and do without. */
const optionalNatives = ['pg-native', 'bufferutil', 'utf-8-validate', 'cpu-features', 're2'];

async function bundleServer() {
  const { build } = await import('esbuild');
  await build({
    ...nodeOptions,
    entryPoints: ['apps/web/server.ts'],
    outfile: 'apps/web/dist/server.mjs',
    format: 'esm',
    external: ['next', 'next/*', ...optionalNatives],
    plugins: [refuseNativeFiles],
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
}

/** Every file of the corpora by its path, for `sluice corpus run` without a checkout. */
function corpusFiles() {
  const folder = join(root, 'corpus');
  return Object.fromEntries(
    [...filesBelow(folder)]
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => [relative(folder, file).replaceAll('\\', '/'), readFileSync(file, 'utf8')]),
  );
}

async function bundleFile(entry, outfile, define = {}) {
  const { build } = await import('esbuild');
  await build({
    ...nodeOptions,
    entryPoints: [entry],
    outfile,
    format: 'cjs',
    external: optionalNatives,
    loader: { '.wasm': 'binary', '.yaml': 'text' },
    plugins: [inlineParser, refuseNativeFiles],
    define: { 'import.meta.url': '__bundleUrl', ...define },
    banner: { js: "#!/usr/bin/env node\nconst __bundleUrl=require('node:url').pathToFileURL(__filename).href;" },
  });
  chmodSync(join(root, outfile), 0o755);
}

async function must(name, command, args, options) {
  const { code } = await run(command, args, options);
  if (code !== 0) throw new Error(`${name} failed with ${code}; its words stand above`);
}

const always = ['pnpm-lock.yaml', 'scripts/build.mjs', 'tsconfig.base.json'];

const steps = [
  {
    name: 'prisma client',
    sources: () => ['prisma/schema.prisma', 'prisma.config.ts', 'pnpm-lock.yaml'],
    result: 'packages/database/src/generated',
    make: () => must('prisma generate', process.execPath, ['scripts/prisma.mjs', 'generate'], { cwd: root }),
  },
  {
    name: 'control plane',
    sources: () => [...closure('apps/web'), 'prisma', ...always],
    result: 'apps/web/.next/BUILD_ID',
    make: async () => {
      const env = childEnvironment({ NODE_ENV: 'production' });
      await must('next build', process.execPath, [join(root, 'apps/web/node_modules/next/dist/bin/next'), 'build'], {
        cwd: join(root, 'apps/web'),
        env,
      });
    },
  },
  {
    name: 'control plane server',
    sources: () => [...closure('apps/web'), 'prisma', ...always],
    result: 'apps/web/dist/server.mjs',
    make: bundleServer,
  },
  {
    name: 'gateway',
    sources: () => [...closure('apps/gateway'), ...always],
    result: 'apps/gateway/dist/gateway.cjs',
    make: () => bundleFile('apps/gateway/src/main.ts', 'apps/gateway/dist/gateway.cjs'),
  },
  {
    name: 'cli',
    sources: () => [...closure('apps/cli'), 'corpus', ...always],
    result: 'apps/cli/dist/sluice.cjs',
    make: () =>
      bundleFile('apps/cli/src/main.ts', 'apps/cli/dist/sluice.cjs', { __corpusFiles: JSON.stringify(corpusFiles()) }),
  },
];

const LOCK_POLL_MS = 200;

/** Two starts from one checkout must not build into each other. Resolves with the function that gives the lock back. */
async function takeLock(log) {
  const file = join(stamps, 'build.lock');
  const mine = processIdentity(process.pid) ?? String(process.pid);
  mkdirSync(stamps, { recursive: true });
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (holder !== '' && processIdentity(Number(holder.split(' ')[0])) !== holder) rmSync(file, { force: true });
    else {
      if (!waited) log(`waiting for the build of process ${holder.split(' ')[0]}`);
      await sleep(LOCK_POLL_MS);
    }
  }
}

/** Builds what changed. Resolves with the seconds it took, 0 when nothing had. `only` names steps. */
export async function ensureBuilt({ only, log = () => {} } = {}) {
  const started = Date.now();
  const giveBack = await takeLock(log);
  try {
    const made = await makeChanged(only, log);
    return made === 0 ? 0 : (Date.now() - started) / 1000;
  } finally {
    giveBack();
  }
}

async function makeChanged(only, log) {
  let made = 0;
  for (const { name, sources, result, make } of steps) {
    if (only && !only.includes(name)) continue;
    const stampFile = join(stamps, `built-${name.replaceAll(' ', '-')}`);
    const stamp = digest(sources());
    if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && existsSync(join(root, result))) continue;
    rmSync(stampFile, { force: true });
    log(`building ${name}`);
    await make();
    made++;
    mkdirSync(dirname(stampFile), { recursive: true });
    writeFileSync(stampFile, stamp);
  }
  return made;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const only = process.argv.slice(2);
  const seconds = await ensureBuilt({ ...(only.length > 0 ? { only } : {}), log: (line) => console.error(line) });
  console.error(`build: ${seconds.toFixed(1)} s`);
}
