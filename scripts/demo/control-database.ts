/** The control plane's own database: role, database, schema. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { root } from '../install.mjs';
import { childEnvironment, run } from '../run.mjs';
import { makeTargetRole } from './target-data.ts';

const databaseName = 'sluice';
const roleName = 'sluice';

/** Makes role and database where they are missing and brings the schema up to date. Resolves with the role's URL. */
export async function prepareControl(superuserUrl: string, password: string): Promise<string> {
  await makeTargetRole(superuserUrl, { name: roleName, password });
  await connected(superuserUrl, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${databaseName} OWNER ${roleName}`);
  });
  const url = new URL(superuserUrl);
  url.username = roleName;
  url.password = password;
  url.pathname = `/${databaseName}`;
  if (!(await connected(url.href, isUpToDate))) await migrate(url.href);
  return url.href;
}

/** Prisma's own table, read directly: asking its command line the same takes seconds at every start. */
async function isUpToDate(client: pg.Client): Promise<boolean> {
  const table = await client.query("SELECT to_regclass('public._prisma_migrations') IS NOT NULL AS there");
  if (table.rows[0]?.there !== true) return false;
  const applied = await client.query<{ migration_name: string; checksum: string }>(
    'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  const checksums = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]));
  const folder = join(root, 'prisma/migrations');
  const wanted = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return wanted.every(({ name }) => {
    const text = readFileSync(join(folder, name, 'migration.sql'));
    return checksums.get(name) === createHash('sha256').update(text).digest('hex');
  });
}

async function migrate(url: string): Promise<void> {
  const { code, text } = await run(process.execPath, [join(root, 'scripts/prisma.mjs'), 'migrate', 'deploy'], {
    cwd: root,
    output: 'capture',
    env: childEnvironment({ DATABASE_URL: url }),
  });
  if (code !== 0) throw new Error(`the control plane's schema could not be brought up to date:\n${text}`);
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
