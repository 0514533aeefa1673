/** The corpora: from the files that the build put into this program, or from a folder. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { CliError, exitCodes } from '../exit-codes.ts';
import {
  type CorpusList,
  corpusFileSchema,
  corpusLists,
  type Fixture,
  type Form,
  fixtureSchema,
  formsOf,
  type KnownGap,
  knownGapsSchema,
} from './schema.ts';

/** Path below `corpus/` → text; the build replaces the name (scripts/build.mjs). Missing when run from the sources. */
declare const __corpusFiles: Readonly<Record<string, string>> | undefined;

export interface Corpus {
  readonly forms: readonly Form[];
  /** By protocol; the setup of every file stands behind the fixture's own. */
  readonly fixtures: Readonly<Record<string, Fixture>>;
  readonly gaps: readonly KnownGap[];
}

/** `folder` instead of the files that came with this program. Throws CliError that names the file at fault. */
export function loadCorpus(folder: string | null = null): Corpus {
  const files = folder === null ? shipped() : readFolder(folder);
  const forms: Form[] = [];
  const fixtures: Record<string, Fixture> = {};
  const setups: { protocol: string; setup: readonly string[] }[] = [];
  let gaps: readonly KnownGap[] = [];
  for (const [path, text] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [place = '', name = ''] = path.split('/');
    if (place === 'targets') fixtures[name.replace(/\.yaml$/, '')] = checked(path, text, fixtureSchema);
    else if (path === 'known-gaps.yaml') gaps = checked(path, text, knownGapsSchema).gaps;
    else if (isList(place)) {
      const file = checked(path, text, corpusFileSchema);
      setups.push({ protocol: file.protocol, setup: file.setup });
      forms.push(...naming(path, () => formsOf(place, file)));
    }
  }
  unique(forms.map((form) => form.id));
  for (const { protocol, setup } of setups) {
    const fixture = fixtures[protocol];
    if (fixture === undefined && setup.length === 0) continue;
    if (fixture === undefined) throw broken('corpus', `no fixture for ${protocol}`);
    fixtures[protocol] = { ...fixture, setup: [...fixture.setup, ...setup] };
  }
  return { forms, fixtures, gaps };
}

function shipped(): Readonly<Record<string, string>> {
  if (typeof __corpusFiles !== 'undefined') return __corpusFiles;
  return readFolder(fileURLToPath(new URL('../../../../corpus', import.meta.url)));
}

function readFolder(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path).split(sep).join('/'), readFileSync(path, 'utf8')]),
  );
}

function isList(place: string): place is CorpusList {
  return (corpusLists as readonly string[]).includes(place);
}

function checked<T>(path: string, text: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(naming(path, () => parse(text) as unknown));
  if (parsed.success) return parsed.data;
  throw broken(path, z.prettifyError(parsed.error));
}

function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw broken(path, error instanceof Error ? error.message : String(error));
  }
}

function unique(ids: readonly string[]): void {
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (twice.length > 0) throw broken('corpus', `these ids are used twice: ${twice.join(', ')}`);
}

function broken(path: string, what: string): CliError {
  return new CliError(exitCodes.failed, `${path}: ${what}`, 'The schema of corpus files: docs/corpus.md.');
}
