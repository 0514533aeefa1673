/**
 * PostgreSQL's own regression scripts, run by psql as pg_regress runs them: on a fresh server directly, or through the relay with
 * nothing refused and nothing masked.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type RunningPostgres, startPostgres } from '../../../../../scripts/postgres.mjs';
import { languageFacts } from './language-facts.ts';
import { toolFolder } from './real-target.ts';
import { startTestGateway, type TestGateway } from './test-gateway.ts';

const database = 'regression';
const username = 'postgres';
const nobody = 65_534;
/** Longest time for one script, through the gateway on a busy machine; a script that needs more hangs (ms). */
const scriptLimitMs = 5 * 60_000;
const connectString = `dbname=${database} user=${username} host=127.0.0.1`;

/** What pg_regress sets of a database that it makes (pg_regress.c, create_database). */
const databaseSettings = [
  "lc_messages = 'C'",
  "lc_monetary = 'C'",
  "lc_numeric = 'C'",
  "lc_time = 'C'",
  "bytea_output = 'hex'",
  "timezone_abbreviations = 'Default'",
];
/**
 * What pg_regress sets by environment, as defaults of the database on both roads: under the gateway RESET goes back to the default
 * and not to the startup packet's value (README of the package), and everything printed after one RESET would differ.
 */
const sessionDefaults = ["datestyle = 'Postgres, MDY'", "timezone = 'PST8PDT'", "intervalstyle = 'postgres_verbose'"];

/** A folder that both the server (as `nobody`) and psql can use, with the suite's data in it. */
export interface RegressionFolder {
  readonly path: string;
  remove(): void;
}

export function regressionFolder(suite: string): RegressionFolder {
  const path = mkdtempSync(join(tmpdir(), 'sluice-regression-'));
  chmodSync(path, 0o755);
  for (const name of ['sql', 'data', 'expected']) cpSync(join(suite, name), join(path, name), { recursive: true });
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The scripts of `parallel_schedule`, in its order. */
export function scheduledScripts(suite: string): string[] {
  const lines = readFileSync(join(suite, 'parallel_schedule'), 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('test:'))
    .flatMap((line) => line.slice('test:'.length).trim().split(/\s+/));
}

/** One server, and the road by which scripts reach it. */
export interface RegressionLane {
  readonly name: string;
  /** What psql printed, both streams as they came. */
  run(script: string): Promise<Buffer>;
  /** Errors with which sessions ended that the relay itself did not foresee. */
  faults(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts a fresh server; the lanes of one comparison must not run at the same time, because the scripts write into one folder. */
export async function openRegressionLane(
  name: string,
  folder: RegressionFolder,
  road: 'direct' | 'gateway',
): Promise<RegressionLane> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'sluice-regression-data-'));
  chmodSync(dataFolder, 0o755);
  // max_prepared_transactions as in pg_regress's own temporary installation.
  const settings = { max_prepared_transactions: '2' };
  const server = await startPostgres({ dataDir: join(dataFolder, 'data'), version: '15', fsync: false, settings });
  let gateway: TestGateway | null = null;
  try {
    await makeDatabase(server);
    if (road === 'gateway') {
      const target = { port: server.port, database, username, password: '' };
      gateway = await startTestGateway(target, {
        facts: await languageFacts(),
        withKnowledge: true,
        wantsRows: false,
      });
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
  const port = gateway?.port ?? server.port;
  return {
    name,
    run: (script) => runScript(folder.path, script, port),
    faults: async () => {
      const ends = await Promise.all(gateway?.ends ?? []);
      return ends.filter((end) => end.reason !== 'clean').map((end) => `${end.reason}: ${end.message}`);
    },
    stop: async () => {
      await gateway?.close();
      await server.stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

async function makeDatabase(server: RunningPostgres): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${database} TEMPLATE=template0`);
    for (const setting of [...databaseSettings, ...sessionDefaults])
      await client.query(`ALTER DATABASE ${database} SET ${setting}`);
  } finally {
    await client.end();
  }
}

async function runScript(folder: string, script: string, port: number): Promise<Buffer> {
  freshFolders(folder);
  const printed = join(folder, 'printed.out');
  const output = openSync(printed, 'w');
  const input = openSync(join(folder, 'sql', `${script}.sql`), 'r');
  const flags = ['-X', '-a', '-q', '-d', connectString, '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on'];
  const child = spawn(join(toolFolder, 'psql'), flags, {
    cwd: folder,
    env: environment(folder, script, port),
    stdio: [input, output, output],
    timeout: scriptLimitMs,
    killSignal: 'SIGKILL',
  });
  closeSync(input);
  closeSync(output);
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject).once('exit', (_code, by) => resolve(by));
  });
  const text = readFileSync(printed);
  return signal === null ? text : Buffer.concat([text, Buffer.from(`\npsql was ended by ${signal}\n`)]);
}

/** Where scripts write; emptied before each, so that no lane finds what another left. */
function freshFolders(folder: string): void {
  for (const name of ['results', 'testtablespace']) {
    const path = join(folder, name);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
    chmodSync(path, 0o777);
    if (process.getuid?.() === 0) chownSync(path, nobody, nobody);
  }
}

/** As pg_regress sets it (initialize_environment, psql_start_test). */
function environment(folder: string, script: string, port: number): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: username,
    PGPASSWORD: 'any',
    PGSSLMODE: 'disable',
    PGTZ: 'PST8PDT',
    PGDATESTYLE: 'Postgres, MDY',
    PGOPTIONS: '-c intervalstyle=postgres_verbose',
    PGAPPNAME: `pg_regress/${script}`,
    PG_ABS_SRCDIR: folder,
    PG_ABS_BUILDDIR: folder,
    PG_LIBDIR: folder,
    PG_DLSUFFIX: '.so',
  };
}
