/** A whole Sluice as `npm start` runs it, on free ports in a folder of its own, and ordinary clients to drive it. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AppRouter } from '@sluice/api';
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import pg from 'pg';
import superjson from 'superjson';

export const root = fileURLToPath(new URL('..', import.meta.url));

export interface Identity {
  readonly name: string;
  readonly kind: 'admin' | 'reviewer' | 'member' | 'agent';
  readonly email?: string;
  readonly password?: string;
  readonly apiToken: string;
  readonly nativeSecret: string;
}

export interface DemoConnection {
  readonly name: string;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly relayHost: string;
  readonly relayPort: number;
  readonly database: string;
  readonly username: string;
  readonly labels: { readonly env: string };
  readonly caFile: string;
}

export interface StackReport {
  readonly url: string;
  readonly dataDir: string;
  readonly identities: readonly Identity[];
  readonly connections: readonly DemoConnection[];
  readonly targets: readonly { readonly name: string; readonly dsn: string }[];
}

export interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Stack {
  readonly report: StackReport;
  readonly #child: ChildProcess;
  readonly #log: string[];

  constructor(report: StackReport, child: ChildProcess, log: string[]) {
    this.report = report;
    this.#child = child;
    this.#log = log;
  }

  /** Everything that the processes have printed on stderr so far. */
  get log(): string {
    return this.#log.join('\n');
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  who(name: string): Identity {
    return found(
      this.report.identities.find((identity) => identity.name === name),
      name,
    );
  }

  connection(name = 'demo-postgres'): DemoConnection {
    return found(
      this.report.connections.find((connection) => connection.name === name),
      name,
    );
  }

  target(name = 'demo-postgres'): string {
    return found(
      this.report.targets.find((target) => target.name === name),
      name,
    ).dsn;
  }

  /** libpq's environment for one identity on one port of a connection. */
  clientEnvironment(
    who: string,
    options: { readonly via?: 'port' | 'relay'; readonly connection?: string } = {},
  ): NodeJS.ProcessEnv {
    const connection = this.connection(options.connection);
    const relay = options.via === 'relay';
    return {
      ...process.env,
      PGHOST: relay ? connection.relayHost : connection.host,
      PGPORT: String(relay ? connection.relayPort : connection.port),
      PGUSER: who,
      PGDATABASE: connection.database,
      PGPASSWORD: this.who(who).nativeSecret,
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: connection.caFile,
      PGCONNECT_TIMEOUT: '15',
    };
  }

  /** Runs psql with one `-c` per text, or with a script on stdin. */
  psql(
    who: string,
    statements: string | readonly string[],
    options: {
      readonly via?: 'port' | 'relay';
      readonly connection?: string;
      readonly args?: readonly string[];
      readonly script?: boolean;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Output> {
    const list = typeof statements === 'string' ? [statements] : statements;
    const commands = options.script === true ? [] : list.flatMap((text) => ['-c', text]);
    return run('psql', ['-X', ...(options.args ?? ['-At']), ...commands], {
      env: this.clientEnvironment(who, options),
      ...(options.script === true ? { input: list.join('\n') } : {}),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  /** A node-postgres client of one identity; the caller ends it. */
  async driver(
    who: string,
    options: { readonly via?: 'port' | 'relay'; readonly connection?: string } = {},
  ): Promise<pg.Client> {
    const connection = this.connection(options.connection);
    const relay = options.via === 'relay';
    const { readFileSync } = await import('node:fs');
    const client = new pg.Client({
      host: relay ? connection.relayHost : connection.host,
      port: relay ? connection.relayPort : connection.port,
      user: who,
      database: connection.database,
      password: this.who(who).nativeSecret,
      ssl: { ca: readFileSync(connection.caFile, 'utf8'), servername: 'localhost' },
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** The process of this stack whose command line has this word. */
  pidOf(word: string): number {
    const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
    const processes = lines.flatMap((line) => {
      const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
      return match === null ? [] : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? '' }];
    });
    const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
    const isOurs = (pid: number): boolean => {
      for (let at = pid; at > 1; at = parents.get(at) ?? 0) if (at === this.pid) return true;
      return false;
    };
    return found(
      processes.find(({ pid, command }) => command.includes(word) && isOurs(pid)),
      word,
    ).pid;
  }

  /** A client of the target itself, for checking what really happened there. */
  async direct(name = 'demo-postgres'): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.target(name) });
    await client.connect();
    return client;
  }

  api(who: string) {
    const { apiToken } = this.who(who);
    return createTRPCClient<AppRouter>({
      links: [
        httpBatchLink({
          url: `${this.report.url}/api/trpc`,
          transformer: superjson,
          methodOverride: 'POST',
          headers: () => ({ authorization: `Bearer ${apiToken}` }),
        }),
      ],
    });
  }

  async stop(): Promise<number> {
    const ended = new Promise<number>((resolve) => this.#child.once('exit', (code) => resolve(code ?? -1)));
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    this.#child.kill('SIGTERM');
    return ended;
  }
}

/** Starts a stack; `keep` is a data folder of an earlier one. */
export async function startStack(keep?: string): Promise<Stack> {
  const dataDir = keep ?? mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  const child = spawn(process.execPath, ['scripts/up.mjs', '--json', '--port', '0', '--data-dir', dataDir], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${log.slice(-60).join('\n')}`)));
  });
  return new Stack(JSON.parse(line) as StackReport, child, log);
}

export function removeData(stack: Stack): void {
  rmSync(stack.report.dataDir, { recursive: true, force: true });
}

/** Runs a program to its end; never rejects for its exit code. */
export function run(
  program: string,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly input?: string;
    readonly signal?: AbortSignal;
    readonly cwd?: string;
    /** Longest run (ms). */
    readonly limitMs?: number;
  } = {},
): Promise<Output> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...args],
      {
        env: options.env ?? process.env,
        maxBuffer: 64 * 1_048_576,
        timeout: options.limitMs ?? 110_000,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, out, err });
      },
    );
    options.signal?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
    // A program that ends without reading what it is given closes its end.
    child.stdin?.on('error', () => undefined);
    if (options.input !== undefined) child.stdin?.end(options.input);
    else child.stdin?.end();
  });
}

/** A digest of every table's sorted rows and of the catalogue, read directly: equal digests mean that nothing changed. */
export async function targetDigest(client: pg.Client): Promise<string> {
  const hash = createHash('sha256');
  const tables = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  for (const { name } of tables.rows) {
    const digest = await client.query<{ digest: string }>(
      `SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) AS digest FROM ${name} t`,
    );
    hash.update(`${name} ${digest.rows[0]?.digest}\n`);
  }
  const catalogue = await client.query<{ line: string }>(
    `SELECT 'c ' || n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || c.relowner::regrole AS line
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     UNION ALL SELECT 'a ' || attrelid::regclass || ' ' || attname || ' ' || atttypid::regtype FROM pg_attribute
       WHERE attnum > 0 AND attrelid >= 16384
     UNION ALL SELECT 'p ' || oid::regprocedure || ' ' || md5(prosrc) FROM pg_proc WHERE oid >= 16384
     UNION ALL SELECT 'r ' || rolname || rolsuper::text FROM pg_roles ORDER BY 1`,
  );
  for (const { line } of catalogue.rows) hash.update(`${line}\n`);
  return hash.digest('hex');
}

/** Polls until `probe` gives something; for what has no event to wait for. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the demo has no ${name}`);
  return value;
}
