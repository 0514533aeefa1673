import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const service = z.looseObject({
  image: z.string().optional(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).default([]),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
});
const composeSchema = z.strictObject({
  services: z.record(z.string(), service),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

const composeText = read('docker-compose.yml');
const compose = composeSchema.parse(parse(composeText));
const example = new Set([...read('.env.example').matchAll(/^(?:# )?([A-Z_]+)=/gm)].map((found) => found[1]));

/** What the build writes and the repository does not hold. */
const buildResults = [...read('scripts/build.mjs').matchAll(/result: '([^']+)'/g)].map((found) => found[1]);

function exists(path: string): boolean {
  return existsSync(join(root, path)) || buildResults.includes(path);
}

test('every variable of the compose file is in .env.example', () => {
  const passedOn = Object.values(compose.services).flatMap((one) =>
    Object.entries(one.environment).flatMap(([name, value]) => (value === null ? [name] : [])),
  );
  const used = [...[...composeText.matchAll(/\$\{([A-Z_]+)/g)].map((found) => found[1]), ...passedOn];
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((name) => !example.has(name))).toEqual([]);
});

test('every variable that a service gets is one that a program reads, or its image does', () => {
  const ofImages = ['POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD'];
  const given = Object.values(compose.services).flatMap((one) => Object.keys(one.environment));
  expect(given.filter((name) => !example.has(name) && !ofImages.includes(name))).toEqual([]);
});

/** Node's own recursive listing follows links, and node_modules is full of them. */
function environmentFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return ['node_modules', '.next', 'dist'].includes(entry.name) ? [] : environmentFiles(path);
    return entry.name === 'env.ts' ? [path] : [];
  });
}

test('every variable that an app reads is in .env.example', () => {
  const files = environmentFiles('apps');
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    const names = [...read(file).matchAll(/\b(SLUICE_[A-Z_]+|AUTH_[A-Z_]+|DATABASE_URL)\b/g)].map((found) => found[1]);
    expect(
      names.filter((name) => !example.has(name)),
      file,
    ).toEqual([]);
  }
});

test('services, secrets and volumes that are named are defined', () => {
  for (const [name, one] of Object.entries(compose.services)) {
    const needs = Array.isArray(one.depends_on) ? one.depends_on : Object.keys(one.depends_on);
    expect(
      needs.filter((need) => !(need in compose.services)),
      name,
    ).toEqual([]);
    expect(
      one.secrets.filter((secret) => !(secret in compose.secrets)),
      name,
    ).toEqual([]);
    const named = one.volumes.map((volume) => volume.split(':')[0] ?? '').filter((volume) => !/^[./]/.test(volume));
    expect(
      named.filter((volume) => !(volume in compose.volumes)),
      name,
    ).toEqual([]);
    expect(one.image !== undefined || (one.build !== undefined && exists(one.build.dockerfile)), name).toBe(true);
  }
});

const dockerfiles = Object.values(compose.services).flatMap((one) =>
  one.build === undefined ? [] : [one.build.dockerfile],
);

test.each(dockerfiles)('%s copies and runs what exists', (file) => {
  const lines = read(file)
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  const copied = new Map<string, string>();
  for (const [, from, to] of lines.join('\n').matchAll(/^COPY --from=build (?:--chown=\S+ )?\/sluice(\S*) (\S+)$/gm)) {
    const source = (from ?? '').replace(/^\//, '') || '.';
    expect(exists(source), source).toBe(true);
    copied.set(to ?? '', source);
  }
  expect(copied.size).toBeGreaterThan(0);
  const workdir = lines.findLast((line) => line.startsWith('WORKDIR '))?.slice('WORKDIR '.length) ?? '/';
  const command = lines.find((line) => line.startsWith('CMD ')) ?? '';
  const programs = [...command.matchAll(/node"?,? "?([\w./-]+\.[cm]?js)/g)].map((found) => found[1] ?? '');
  expect(programs.length).toBeGreaterThan(0);
  for (const program of programs) {
    const inRepository = copied.get(program) ?? join(copied.get(workdir) ?? '', program);
    expect(exists(inRepository), program).toBe(true);
  }
  const { packageManager } = JSON.parse(read('package.json')) as { packageManager: string };
  for (const [, manager] of read(file).matchAll(/npx -y (\S+)/g)) expect(manager).toBe(packageManager);
  const steps = [...read('scripts/build.mjs').matchAll(/^ {4}name: '([^']+)'/gm)].map((found) => found[1]);
  for (const [, named] of read(file).matchAll(/node scripts\/build\.mjs (.+)$/gm)) {
    const asked = (named ?? '').match(/"[^"]+"|\S+/g) ?? [];
    expect(asked.map((step) => step.replaceAll('"', '')).filter((step) => !steps.includes(step))).toEqual([]);
  }
});
