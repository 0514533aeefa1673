// The locks on imports, as errors. The table itself is data: scripts/import-table.mjs. `node scripts/boundaries.mjs` runs this.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clientOwner, importTable, purePackages, testsOnly, typesOnly } from './scripts/import-table.mjs';

const root = dirname(fileURLToPath(import.meta.url));
/** Test code: tests, what they share in a `testing` folder, and their fixtures. */
const tests = '\\.test\\.tsx?$|/testing/|/fixtures/';
const literal = (text) => text.replaceAll('.', '\\.');

/** Folders that an entry of the table names: `packages/wire/*` is one per protocol. */
export function expand(entry) {
  if (!entry.endsWith('/*')) return existsSync(join(root, entry, 'package.json')) ? [entry] : [];
  const parent = entry.slice(0, -2);
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((found) => found.isDirectory() && existsSync(join(root, parent, found.name, 'package.json')))
    .map((found) => `${parent}/${found.name}`);
}

/** The files that a package exports, by entry name. */
export function entriesOf(folder) {
  const { exports = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  return Object.fromEntries(Object.entries(exports).map(([name, file]) => [name, join(folder, file)]));
}

function allowedFiles(entry) {
  const [folder, only] = entry.split('#');
  return expand(folder).flatMap((found) => {
    const entries = entriesOf(found);
    return only ? [entries[only]].filter(Boolean) : Object.values(entries);
  });
}

const folders = Object.keys(importTable).flatMap((entry) =>
  expand(entry).map((folder) => ({ folder, allowed: importTable[entry] })),
);

const tableRules = folders.map(({ folder, allowed }) => ({
  name: `table:${folder}`,
  comment: 'Imports another package only as scripts/import-table.mjs allows, and only by an entry of its `exports`.',
  severity: 'error',
  from: { path: `^${literal(folder)}/`, pathNot: tests },
  to: {
    path: '^(packages|apps)/',
    pathNot: [`^${literal(folder)}/`, ...allowed.flatMap(allowedFiles).map((file) => `^${literal(file)}$`)],
  },
}));

export default {
  forbidden: [
    ...tableRules,
    {
      name: 'exports-only',
      comment: 'Tests too reach another package only by its `exports`.',
      severity: 'error',
      from: { path: '^(packages/(?:wire|languages)/[^/]+|packages/[^/]+|apps/[^/]+)/' },
      to: {
        path: '^(packages|apps)/',
        pathNot: [
          '^$1/',
          ...[...folders.map(({ folder }) => folder), testsOnly]
            .flatMap((folder) => Object.values(entriesOf(folder)))
            .map((file) => `^${literal(file)}$`),
        ],
      },
    },
    ...typesOnly.map(([from, to]) => ({
      name: `types-only:${from}`,
      severity: 'error',
      from: { path: `^${from}/`, pathNot: tests },
      to: { path: `^${to}/`, dependencyTypesNot: ['type-only'] },
    })),
    {
      name: 'testkit-in-tests-only',
      severity: 'error',
      from: { path: '^(packages|apps|prisma)/', pathNot: [tests, `^${testsOnly}/`] },
      to: { path: `^${testsOnly}/` },
    },
    {
      name: 'testing-in-tests-only',
      severity: 'error',
      from: { path: '^(packages|apps|prisma)/', pathNot: [tests, `^${testsOnly}/`] },
      to: { path: '/testing/' },
    },
    {
      name: 'one-client-owner',
      comment: `Only ${clientOwner} imports the Prisma client, generated or packaged.`,
      severity: 'error',
      from: { pathNot: [`^${clientOwner}/`, tests, '^scripts/schema-engine\\.mjs$'] },
      to: { path: [`^${clientOwner}/src/generated/`, 'node_modules/@prisma/(client|adapter-pg)/'] },
    },
    {
      name: 'pure',
      comment: 'No Node API in pure packages.',
      severity: 'error',
      from: { path: purePackages.map((entry) => `^${entry.replace('*', '[^/]+')}/src/`), pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-codec',
      comment: 'A codec takes bytes and returns values: no sockets, clock or files.',
      severity: 'error',
      from: { path: '^packages/wire/[^/]+/src/(messages/|framing\\.ts|facts\\.ts|manifest\\.ts)', pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, pathNot: '/generated/', viaOnly: { pathNot: '/generated/' } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          tests,
          '/generated/',
          '\\.d\\.m?ts$',
          '(^|/)[^/]+\\.config\\.(ts|mjs)$',
          '^apps/web/src/app/',
          '(^|/)scripts/',
          '^(bench|e2e|prisma)/',
        ],
      },
      to: {},
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(server-only|next/.*|asciinema-player)$' },
    },
    {
      name: 'no-dev-dependency-in-production',
      severity: 'error',
      from: {
        path: '^(packages|apps)/[^.]+/src/',
        pathNot: [tests, `^${testsOnly}/`],
      },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: ['node_modules/@types/', '\\.css$'],
      },
    },
    {
      name: 'no-undeclared-dependency',
      comment: 'The root’s packages lie on every package’s path: what a package uses stands in its own package.json.',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: tests },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.next|dist|coverage|test-results)/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      alias: { '@': join(root, 'apps/web/src') },
      exportsFields: ['exports'],
      conditionNames: ['import', 'module', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mts', '.mjs', '.js', '.cjs', '.json', '.d.ts'],
    },
  },
};
