/** Which statement files the differential proof runs: PostgreSQL's own regression suite, or our own set where that cannot be had. */
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { regressionSuite } from '../regression-suite.mjs';

const ownFolder = fileURLToPath(new URL('own-statements', import.meta.url));
/** Makes the tables that most scripts of the suite expect. */
const setUpScript = 'test_setup';

/** Added to each script: what the end of its session changes in the log belongs to no statement of the script. */
export const lastStatement = "SELECT 'the script is over'";

export interface StatementFiles {
  /** For people: which set it is, with its version. */
  readonly title: string;
  readonly own: boolean;
  /** Why the suite was not used; null when it was. */
  readonly because: string | null;
  /** A folder that the server's own user can read: `sql/`, `data/` and a writable `results/`. */
  readonly folder: string;
  /** How many scripts the set has. */
  readonly all: number;
  /** Names of the scripts, in the order in which they run. */
  readonly scripts: readonly string[];
}

/**
 * Copies the files into `scratch`, which the server's user must be able to reach, since COPY reads from it.
 * @param only names of scripts; the set-up script always runs first. Empty: all
 */
export async function statementFiles(scratch: string, only: readonly string[]): Promise<StatementFiles> {
  const suite = await regressionSuite();
  const own = suite.folder === null;
  const source = suite.folder ?? ownFolder;
  const folder = join(scratch, 'suite');
  cpSync(source, folder, { recursive: true });
  mkdirSync(join(folder, 'results'), { recursive: true, mode: 0o777 });
  const all = own ? scriptsIn(folder) : scheduled(folder);
  const unknown = only.filter((name) => !all.includes(name));
  if (unknown.length > 0 && !own) throw new Error(`the suite has no script ${unknown.join(', ')}`);
  for (const name of all) appendFileSync(join(folder, 'sql', `${name}.sql`), `\n${lastStatement};\n`);
  const chosen = only.length === 0 || own ? all : all.filter((name) => name === setUpScript || only.includes(name));
  return {
    title: own ? 'Sluice’s own statement files' : suiteTitle(suite.version ?? ''),
    own,
    because: suite.unavailable,
    folder,
    all: all.length,
    scripts: chosen,
  };
}

export function suiteTitle(version: string): string {
  return `PostgreSQL’s regression suite of ${version}`;
}

/** The scripts of `parallel_schedule`, one after the other: what runs in parallel there does not depend on its neighbours. */
export function scheduled(folder: string): readonly string[] {
  const names = readFileSync(join(folder, 'parallel_schedule'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('test:'))
    .flatMap((line) => line.slice('test:'.length).trim().split(/\s+/));
  return names.filter((name) => existsSync(join(folder, 'sql', `${name}.sql`)));
}

function scriptsIn(folder: string): readonly string[] {
  return readdirSync(join(folder, 'sql'))
    .filter((name) => name.endsWith('.sql'))
    .map((name) => name.slice(0, -'.sql'.length))
    .sort();
}
