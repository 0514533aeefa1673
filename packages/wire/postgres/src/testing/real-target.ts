/** A real PostgreSQL server for tests, by version, with SCRAM, TLS and a few tables. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../../../../scripts/postgres.mjs';
import { testCertificate, testKey } from './test-certificate.ts';
import type { TestTargetAddress } from './test-gateway.ts';

const password = 'target-superuser-password';
const nobody = 65_534;

export const psqlPath = '/usr/bin/psql';
/** Where Debian puts the tools of PostgreSQL 15. */
export const toolFolder = '/usr/lib/postgresql/15/bin';
export const hasPsql = existsSync(psqlPath);

/** The versions that there are servers of. */
export type RealTargetVersion = '15' | '18';

export interface RealTarget extends TestTargetAddress {
  stop(): Promise<void>;
}

const schema = `
CREATE TABLE customers (id int PRIMARY KEY, full_name text NOT NULL, email text, ssn varchar(11), card numeric, profile jsonb,
  tags text[], born date, uid uuid, photo bytea, active boolean, balance float8, seen timestamptz, code bpchar(4));
INSERT INTO customers SELECT i, 'Name ' || i, 'user' || i || '@example.com', '900-00-' || lpad(i::text, 4, '0'), 4111111111110000 + i,
  jsonb_build_object('email', 'user' || i || '@example.com', 'n', i), ARRAY['a' || i, NULL, 'b "quoted", {x}'], date '2000-01-01' + i,
  ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, decode(lpad(to_hex(i), 8, '0'), 'hex'), i % 2 = 0, i * 1.5,
  timestamptz '2020-01-01 00:00:00+00' + i * interval '1 day 1.25 seconds', 'c' || i
  FROM generate_series(1, 100) AS i;
INSERT INTO customers (id, full_name) VALUES (101, E'Tab\\there \\\\ and "quotes", commas\\nand lines');
CREATE VIEW customer_view AS SELECT id, email, upper(ssn) AS loud FROM customers;
CREATE TABLE notes (id int PRIMARY KEY, body text);
CREATE FUNCTION add_note(text) RETURNS void LANGUAGE sql AS $$ INSERT INTO notes VALUES (1, $1) $$;
CREATE ROLE app LOGIN PASSWORD 'app-password';
GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
GRANT ALL ON SCHEMA public TO app;
`;

/** Starts it in a folder of its own; `stop` removes the folder. */
export async function startRealTarget(version: RealTargetVersion): Promise<RealTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-wire-postgres-'));
  chmodSync(folder, 0o755);
  const owned = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    if (process.getuid?.() === 0) chownSync(path, nobody, nobody);
    return path;
  };
  const settings = {
    ssl: 'on',
    ssl_cert_file: owned('server.crt', testCertificate),
    ssl_key_file: owned('server.key', testKey),
  };
  const server = await startPostgres({ dataDir: join(folder, 'data'), version, password, fsync: false, settings });
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query('CREATE DATABASE app');
  await admin.end();
  const inside = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', password, database: 'app' });
  await inside.connect();
  await inside.query(schema);
  await inside.end();
  return {
    port: server.port,
    database: 'app',
    username: 'postgres',
    password,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs psql against a port and returns what it printed. */
export function psql(
  port: number,
  target: { readonly database: string; readonly username: string; readonly password: string },
  args: readonly string[],
  options: { readonly input?: string; readonly sslmode?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const where = `host=127.0.0.1 port=${port} dbname=${target.database} user=${target.username} sslmode=${options.sslmode ?? 'prefer'}`;
  return runTool(
    psqlPath,
    ['-X', '-w', where, ...args],
    { PGPASSWORD: target.password, ...options.env },
    options.input,
  );
}

/** Runs one of Debian's client tools and returns what it printed. */
export function runTool(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(path, args, { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The target's owner, past the gateway: puts a test's tables there, and later reads what really happened. The caller ends it. */
export async function connectDirectly(target: RealTarget, setUp: string): Promise<pg.Client> {
  const { port, password } = target;
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'app' });
  await client.connect();
  await client.query(setUp);
  return client;
}
