import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '@sluice/database';
import pg from 'pg';
import { startPostgres } from '../../../scripts/postgres.mjs';

const migrationsDir = new URL('../../../prisma/migrations/', import.meta.url);

export interface TestDatabase {
  /** A superuser's URL, good for LISTEN and for tampering. */
  readonly url: string;
  readonly database: Database;
  /** Runs SQL past the repositories. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** An embedded Postgres of its own with the schema's migrations in it. Started once per test file. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  // As root Postgres runs as somebody else, who has to get to its folder.
  chmodSync(dir, 0o755);
  const server = await startPostgres({ dataDir: join(dir, 'data'), fsync: false });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const names = readdirSync(migrationsDir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of names.sort((a, b) => a.name.localeCompare(b.name)))
    await client.query(readFileSync(new URL(`${name}/migration.sql`, migrationsDir), 'utf8'));
  const database = openDatabase(server.url);
  return {
    url: server.url,
    database,
    query: async (sql, values = []) => (await client.query(sql, [...values])).rows as Record<string, unknown>[],
    stop: async () => {
      await database.close();
      await client.end();
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
