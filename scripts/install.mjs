/** Installs the workspace when it is missing or older than the lock file. Plain Node: it runs before anything is installed. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment, run } from './run.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const stampFile = join(root, 'node_modules/.sluice/installed');

function wanted() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${process.versions.modules}\n`);
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', '.npmrc'])
    hash.update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

/** Installs if needed. Resolves with the seconds it took, 0 when all was there; throws with what pnpm said last. */
export async function ensureInstalled() {
  const stamp = wanted();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return 0;
  rmSync(stampFile, { force: true });
  const started = Date.now();
  // CI: pnpm then never asks before it replaces a node_modules folder that it did not make.
  const env = childEnvironment({
    CI: 'true',
    npm_config_yes: 'true',
    npm_config_update_notifier: 'false',
    npm_config_loglevel: 'warn',
  });
  const { code } = await run(
    'npx',
    ['-y', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=info'],
    { cwd: root, env },
  );
  if (code !== 0)
    throw new Error(
      `the installation failed: “npx ${packageManager} install --frozen-lockfile” ended with ${code}; its words stand above`,
    );
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
  return (Date.now() - started) / 1000;
}
