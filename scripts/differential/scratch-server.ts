/** A scratch PostgreSQL whose WAL can be read, and psql as the suite's own driver runs it. */
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort, startPostgres } from '../postgres.mjs';

const password = 'scratch-superuser-password';
const database = 'regression';
/** A script that waits for another session would wait for ever. */
const scriptLimitMs = 5 * 60_000;

/** As pg_regress sets them for its database. */
const databaseSettings = [
  "lc_messages TO 'C'",
  "lc_monetary TO 'C'",
  "lc_numeric TO 'C'",
  "lc_time TO 'C'",
  "bytea_output TO 'hex'",
  "timezone_abbreviations TO 'Default'",
];

/** Autovacuum would write into the ranges that belong to statements. */
const serverSettings = {
  autovacuum: 'off',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  max_prepared_transactions: '4',
  max_connections: '40',
  log_min_messages: 'panic',
};

export interface ScratchServer {
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  /** Where scripts and the server itself may both write. */
  readonly folder: string;
  /** A superuser session of the server's own database, beside the gateway. */
  connect(): Promise<pg.Client>;
  stop(): Promise<void>;
}

export async function startScratchServer(): Promise<ScratchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-differential-'));
  chmodSync(folder, 0o755);
  const server = await startPostgres({
    dataDir: join(folder, 'data'),
    version: '15',
    port: await freePort(),
    password,
    fsync: false,
    settings: serverSettings,
  });
  const connect = async (name: string): Promise<pg.Client> => {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', password, database: name });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const admin = await connect('postgres');
  await admin.query(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`);
  for (const setting of databaseSettings) await admin.query(`ALTER DATABASE ${database} SET ${setting}`);
  await admin.end();
  return {
    port: server.port,
    database,
    username: 'postgres',
    password,
    folder,
    connect: () => connect(database),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs one script of `folder` as pg_regress does, against `port`. False: it was ended because it took too long. */
export async function runScript(name: string, folder: string, port: number, program: string): Promise<boolean> {
  const input = openSync(join(folder, 'sql', `${name}.sql`), 'r');
  const output = openSync(join(folder, 'results', `${name}.out`), 'w', 0o666);
  const child = spawn(program, ['-X', '-a', '-q', '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on'], {
    cwd: folder,
    stdio: [input, output, output],
    env: {
      PATH: '/usr/bin:/bin',
      LANG: 'C',
      LC_MESSAGES: 'C',
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'postgres',
      PGPASSWORD: password,
      PGDATABASE: database,
      PGSSLMODE: 'disable',
      PGCLIENTENCODING: 'UTF8',
      PGTZ: 'America/Los_Angeles',
      PGDATESTYLE: 'Postgres, MDY',
      PGOPTIONS: '-c intervalstyle=postgres_verbose',
      PGAPPNAME: 'pg_regress',
      PG_ABS_SRCDIR: folder,
      PG_ABS_BUILDDIR: folder,
      PG_LIBDIR: join(folder, 'lib'),
      PG_DLSUFFIX: '.so',
    },
  });
  let inTime = true;
  const timer = setTimeout(() => {
    inTime = false;
    child.kill('SIGKILL');
  }, scriptLimitMs);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  clearTimeout(timer);
  closeSync(input);
  closeSync(output);
  return inTime;
}
