/** Real clients through the gateway's steps to a real server, compared with the same client directly. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { languageFacts } from './testing/language-facts.ts';
import { hasPsql, psql, type RealTarget, runTool, startRealTarget, toolFolder } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

let target: RealTarget;
let gateway: TestGateway;

beforeAll(async () => {
  target = await startRealTarget('15');
  gateway = await startTestGateway(target, { facts: await languageFacts(), withKnowledge: true });
});
afterAll(async () => {
  await gateway?.close();
  await target?.stop();
});

async function both<T>(run: (port: number) => Promise<T>): Promise<void> {
  const direct = await run(target.port);
  expect(await run(gateway.port)).toEqual(direct);
}

describe.skipIf(!hasPsql)('psql 15', () => {
  const script = (text: string) => (port: number) => psql(port, target, ['-v', 'ON_ERROR_STOP=0'], { input: text });

  it('prints the same for queries, errors, transactions and several statements in one message', async () => {
    await both(
      script(`SELECT * FROM customers ORDER BY id LIMIT 20;
        SELECT 1/0;
        BEGIN; SAVEPOINT a; SELECT nope; ROLLBACK TO a; SELECT 2; COMMIT;
        SELECT 1\\; SELECT 2\\; SELECT 3;
        SELECT E'tab\\tand ünïcode ☃';
        DO $$BEGIN RAISE NOTICE 'hello'; END$$;
        SHOW server_version; \\conninfo-none
        SELECT generate_series(1, 3) AS n \\gdesc
        SELECT 5 AS a \\gx
        SET search_path = pg_catalog; SHOW search_path; RESET search_path; SELECT count(*) FROM customers;
        ;`),
    );
  });

  it('describes tables and copies both ways', async () => {
    await both(
      script(`\\d customers
        \\d+ customer_view
        \\df
        \\dt+ nothing*
        CREATE TEMP TABLE t (a int, b text);
        \\copy t FROM STDIN
1\tone
2\ttwo \\\\ backslash
\\.
        \\copy t TO STDOUT WITH (FORMAT csv, HEADER)
        COPY t FROM STDIN (FORMAT csv);
3,"three, quoted"
\\.
        TABLE t;
        COPY t FROM STDIN;
bad row
\\.
        SELECT count(*) FROM t;
        COPY (SELECT * FROM customers ORDER BY id) TO STDOUT;`),
    );
  });

  it('connects with TLS required and verified', async () => {
    const required = await psql(gateway.port, target, ['-Atc', 'SELECT 1'], { sslmode: 'require' });
    expect(required).toEqual({ code: 0, stdout: '1\n', stderr: '' });
    const plain = await psql(gateway.port, target, ['-Atc', 'SELECT 1'], { sslmode: 'disable' });
    expect(plain.stdout).toBe('1\n');
  });

  it('applies startup options and refuses another database and encoding', async () => {
    const set = await psql(gateway.port, target, ['-Atc', 'SHOW statement_timeout'], {
      env: { PGOPTIONS: '-c statement_timeout=77s' },
    });
    expect(set.stdout).toBe('77s\n');
    const wrong = await psql(gateway.port, { ...target, database: 'elsewhere' }, ['-c', 'SELECT 1']);
    expect(wrong.stderr).toContain('does not lead to that database');
    const encoding = await psql(gateway.port, target, ['-c', 'SELECT 1'], { env: { PGCLIENTENCODING: 'LATIN1' } });
    expect(encoding.stderr).toContain('PGCLIENTENCODING=UTF8');
  });

  it('shows the actor in the target’s own list of sessions', async () => {
    const { stdout } = await psql(gateway.port, target, ['-Atc', "SELECT current_setting('application_name')"]);
    expect(stdout).toBe('psql [sluice coding-agent for engineer]\n');
  });
});

describe.skipIf(!existsSync(`${toolFolder}/pg_dump`))('pg_dump and pgbench 15', () => {
  const tool = (name: string, args: readonly string[]) => (port: number) =>
    runTool(`${toolFolder}/${name}`, args, {
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: target.username,
      PGPASSWORD: target.password,
      PGDATABASE: target.database,
    });

  it('dumps the same', async () => {
    for (const args of [['--schema-only'], ['-Fp'], ['-Fp', '--inserts']]) {
      await both(async (port) => {
        const dump = await tool('pg_dump', args)(port);
        // Newer versions guard the file with a random word.
        return { ...dump, stdout: dump.stdout.replace(/^.(un)?restrict .*$/gm, '') };
      });
    }
  });

  it('runs every protocol of pgbench, pipelines too, without a failure', async () => {
    expect((await tool('pgbench', ['-i', '-q', '-s', '1'])(gateway.port)).code).toBe(0);
    for (const mode of ['simple', 'extended', 'prepared']) {
      const { code, stdout } = await tool('pgbench', ['-n', '-M', mode, '-c', '4', '-t', '25'])(gateway.port);
      expect(`${code} ${/number of failed transactions: (\d+)/.exec(stdout)?.[1]}`).toBe('0 0');
    }
    const folder = mkdtempSync(join(tmpdir(), 'sluice-pgbench-'));
    const script = join(folder, 'pipeline.sql');
    const inside =
      'BEGIN;\nSELECT abalance FROM pgbench_accounts WHERE aid = 5;\nUPDATE pgbench_accounts SET abalance = 1 WHERE aid = 7;\nEND;';
    writeFileSync(script, `\\startpipeline\n${inside}\n\\endpipeline\n`);
    const piped = await tool('pgbench', ['-n', '-M', 'extended', '-c', '2', '-t', '50', '-f', script])(gateway.port);
    rmSync(folder, { recursive: true });
    expect(`${piped.code} ${/processed: (\d+)/.exec(piped.stdout)?.[1]}`).toBe('0 100');
  });
});

describe('node pg', () => {
  const withClient =
    <T>(run: (client: pg.Client) => Promise<T>) =>
    async (port: number): Promise<T> => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user: target.username,
        password: target.password,
        database: 'app',
      });
      await client.connect();
      try {
        return await run(client);
      } finally {
        await client.end();
      }
    };

  it('reads rows in text and in binary, with parameters and by name', async () => {
    await both(
      withClient(async (client) => {
        const rows = [];
        for (let i = 1; i <= 5; i++) {
          rows.push(
            (await client.query({ name: 'one', text: 'SELECT * FROM customers WHERE id = $1', values: [i] })).rows,
          );
          rows.push(
            (
              await client.query({
                text: 'SELECT id, uid, born FROM customers WHERE id < $1',
                values: [i],
                binary: true,
              } as pg.QueryConfig)
            ).rows,
          );
        }
        return rows;
      }),
    );
  });

  it('keeps a transaction failed after an error, as the server does', async () => {
    await both(
      withClient(async (client) => {
        const said: string[] = [];
        const attempt = async (text: string): Promise<void> => {
          await client.query(text).then(
            (result) => said.push(`${result.command} ${result.rowCount}`),
            (error: Error) => said.push(error.message),
          );
        };
        for (const text of ['BEGIN', 'SELECT 1/0', 'SELECT 1', 'ROLLBACK', 'SELECT 1', 'SELEKT']) await attempt(text);
        return said;
      }),
    );
  });
});

describe('postgres.js', () => {
  it('pipelines, uses cursors and types', async () => {
    await both(async (port) => {
      const sql = postgres({
        host: '127.0.0.1',
        port,
        user: target.username,
        pass: target.password,
        database: 'app',
        max: 2,
      });
      try {
        const pipelined = await Promise.all(
          Array.from({ length: 50 }, (_, i) => sql`SELECT ${i}::int AS n, id FROM customers WHERE id = ${i}`),
        );
        const pages: number[] = [];
        await sql`SELECT id FROM customers ORDER BY id`.cursor(30, (rows) => {
          pages.push(rows.length);
        });
        const inTransaction = await sql.begin(async (tx) => {
          await tx`INSERT INTO notes VALUES (7, 'seven')`;
          const seen = await tx`SELECT body FROM notes WHERE id = 7`;
          await tx`DELETE FROM notes WHERE id = 7`;
          return [...seen];
        });
        const failed = await sql`SELECT ${'x'}::int`.catch((error: Error) => error.message);
        return [pipelined.map((rows) => [...rows]), pages, inTransaction, failed];
      } finally {
        await sql.end();
      }
    });
  });
});
