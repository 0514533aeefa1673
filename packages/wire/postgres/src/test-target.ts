/** Step-by-step check of a connection: address, TLS, login, database, rights. */
import { SluiceError, type TestStep } from '@sluice/domain';
import type { DialRequest } from '@sluice/wire-kit';
import { dialTarget, openStream, type PostgresTarget } from './target-side.ts';
import { secureTarget } from './target-tls.ts';

export interface TargetTest {
  readonly steps: readonly TestStep[];
  readonly warnings: readonly string[];
}

/** One of the closed list of texts that the gateway itself sends: what the role may do beyond reading and writing. */
export const rightsText = `SELECT current_user, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication, r.rolcreatedb,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class AS c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')),
  (SELECT pg_catalog.string_agg(p.rolname, ', ' ORDER BY p.rolname) FROM pg_catalog.pg_roles AS p
    WHERE p.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files') AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER')),
  pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')
FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user`;

const oldestVersion = 120_000;

/** Never throws: what failed is a step that is not ok, with what the target said and the likely mend. */
export async function testTarget(request: DialRequest): Promise<TargetTest> {
  const steps: TestStep[] = [];
  const { host, port, tls } = request.address;
  const reached = await step(steps, 'address', async () => {
    const stream = await openStream(request);
    stream.destroy();
    return `A TCP connection to ${host}:${port} opened.`;
  });
  if (!reached) return { steps, warnings: [] };
  const encrypted = await step(steps, 'TLS', async () => {
    const plain = await openStream(request);
    try {
      const target = await secureTarget(plain, request.address);
      const how = target.verified
        ? 'encrypted, and the certificate was checked'
        : target.encrypted
          ? 'encrypted; the certificate was not checked'
          : 'not encrypted';
      return `With TLS mode ${tls.mode} the connection is ${how}.`;
    } finally {
      plain.destroy();
    }
  });
  if (!encrypted) return { steps, warnings: [] };
  let target: PostgresTarget | null = null;
  const startedAt = performance.now();
  try {
    target = await dialTarget(request);
    const durationMs = performance.now() - startedAt;
    steps.push(done('authentication', durationMs, `The target accepted role ${request.credential.reveal().username}.`));
    steps.push(done('database', 0, `Database ${String(request.options.database ?? '')} opened.`));
  } catch (error) {
    const durationMs = performance.now() - startedAt;
    const isDatabase = error instanceof SluiceError && error.code === 'wrong-database';
    if (isDatabase) steps.push(done('authentication', durationMs, 'The target accepted the login.'));
    steps.push(failed(isDatabase ? 'database' : 'authentication', durationMs, error));
    return { steps, warnings: [] };
  }
  try {
    return { steps, warnings: await checkRights(steps, target) };
  } finally {
    await target.close();
  }
}

async function checkRights(steps: TestStep[], target: PostgresTarget): Promise<string[]> {
  let warnings: string[] = [];
  await step(steps, 'rights', async () => {
    const row = (await target.query(rightsText))[0] ?? [];
    warnings = warningsOf(row);
    return `PostgreSQL ${row[8]}, as role ${row[0]}.`;
  });
  return warnings;
}

function warningsOf(row: readonly (string | null)[]): string[] {
  const warnings: string[] = [];
  const role = row[0] ?? 'the role';
  if (row[1] === 't')
    warnings.push(
      `${role} is a superuser: nothing at the target limits what gets past the gateway. Use a role with the rights that this connection needs.`,
    );
  if (row[2] === 't') warnings.push(`${role} has BYPASSRLS: row-level security does not hold for it.`);
  if (row[3] === 't') warnings.push(`${role} has CREATEROLE: it can make roles and grant memberships.`);
  if (row[4] === 't')
    warnings.push(`${role} has REPLICATION: it can copy the whole cluster over a replication connection.`);
  if (row[5] === 't') warnings.push(`${role} has CREATEDB.`);
  if (Number(row[6] ?? 0) > 0)
    warnings.push(
      `${role} owns ${row[6]} tables: an owner may drop and alter them and is not bound by row-level security.`,
    );
  if (row[7] !== null && row[7] !== undefined && row[1] !== 't')
    warnings.push(`${role} is a member of ${row[7]}: it can reach files or programs on the target’s host.`);
  if (Number(row[9] ?? 0) < oldestVersion)
    warnings.push(`PostgreSQL ${row[8]} is older than 12, the oldest version that Sluice is made for.`);
  return warnings;
}

async function step(steps: TestStep[], name: string, run: () => Promise<string>): Promise<boolean> {
  const startedAt = performance.now();
  try {
    const message = await run();
    steps.push(done(name, performance.now() - startedAt, message));
    return true;
  } catch (error) {
    steps.push(failed(name, performance.now() - startedAt, error));
    return false;
  }
}

function done(name: string, durationMs: number, message: string): TestStep {
  return { name, ok: true, durationMs, message, hint: null };
}

function failed(name: string, durationMs: number, error: unknown): TestStep {
  const message = error instanceof Error ? error.message : 'unknown error';
  return { name, ok: false, durationMs, message, hint: error instanceof SluiceError ? (error.hint ?? null) : null };
}
