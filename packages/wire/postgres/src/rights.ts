/** What a role may do beyond what a connection needs, and the warnings that say so. */
import { z } from 'zod';

/** One of the closed list of texts that the gateway itself sends. One row, one column: JSON. */
export const rightsText = `SELECT pg_catalog.json_build_object(
  'role', current_user, 'superuser', r.rolsuper, 'bypassRls', r.rolbypassrls, 'createRole', r.rolcreaterole,
  'replication', r.rolreplication, 'createDatabase', r.rolcreatedb,
  'owned', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class AS c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')),
  'ownerRoles', (SELECT pg_catalog.json_agg(o.rolname ORDER BY o.rolname) FROM pg_catalog.pg_roles AS o WHERE o.oid <> r.oid AND pg_catalog.pg_has_role(r.oid, o.oid, 'MEMBER')
    AND EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c WHERE c.relowner = o.oid AND c.relkind IN ('r', 'p') AND c.oid >= 16384)),
  'memberOf', (SELECT pg_catalog.json_agg(p.rolname ORDER BY p.rolname) FROM pg_catalog.pg_roles AS p
    WHERE p.rolname LIKE 'pg\\_%' AND p.oid <> r.oid AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER')),
  'bypassRoles', (SELECT pg_catalog.json_agg(p.rolname ORDER BY p.rolname) FROM pg_catalog.pg_roles AS p
    WHERE (p.rolsuper OR p.rolbypassrls) AND p.oid <> r.oid AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER')),
  'createIn', (SELECT pg_catalog.json_agg(n.nspname ORDER BY n.nspname) FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')),
  'createSchema', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
  'writable', (SELECT pg_catalog.count(*) FROM (SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') LIMIT 1000) AS w),
  'languages', (SELECT pg_catalog.json_agg(l.lanname ORDER BY l.lanname) FROM pg_catalog.pg_language AS l
    WHERE l.lanname NOT IN ('internal', 'sql', 'plpgsql') AND (r.rolsuper OR l.lanpltrusted) AND pg_catalog.has_language_privilege(l.oid, 'USAGE')),
  'extensions', (SELECT pg_catalog.json_agg(e.extname ORDER BY e.extname) FROM pg_catalog.pg_extension AS e
    WHERE e.extname IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'pg_cron', 'lo', 'plpython3u', 'plperlu', 'pltclu')),
  'otherLogins', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles AS o WHERE o.rolcanlogin AND o.oid <> r.oid
    AND pg_catalog.has_database_privilege(o.oid, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()), 'CONNECT')),
  'readOnly', pg_catalog.current_setting('transaction_read_only'), 'passwordEncryption', pg_catalog.current_setting('password_encryption'),
  'database', pg_catalog.current_database(), 'clientAddress', pg_catalog.host(pg_catalog.inet_client_addr()),
  'version', pg_catalog.current_setting('server_version'), 'versionNumber', pg_catalog.current_setting('server_version_num')::pg_catalog.int4)::pg_catalog.text
FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user`;

const names = z
  .array(z.string())
  .nullable()
  .transform((list) => list ?? []);
const rightsSchema = z.object({
  role: z.string(),
  superuser: z.boolean(),
  bypassRls: z.boolean(),
  createRole: z.boolean(),
  replication: z.boolean(),
  createDatabase: z.boolean(),
  owned: z.number(),
  ownerRoles: names,
  memberOf: names,
  bypassRoles: names,
  createIn: names,
  createSchema: z.boolean(),
  writable: z.number(),
  languages: names,
  extensions: names,
  otherLogins: z.number(),
  readOnly: z.string(),
  passwordEncryption: z.string(),
  database: z.string(),
  /** The gateway's address as the target sees it; null over a socket of the machine. */
  clientAddress: z.string().nullable(),
  version: z.string(),
  versionNumber: z.number(),
});
export type Rights = z.infer<typeof rightsSchema>;

/** Reads the row of `rightsText`. Throws on anything else. */
export function readRights(row: readonly (string | null)[] | undefined): Rights {
  return rightsSchema.parse(JSON.parse(row?.[0] ?? 'null'));
}

const oldestVersion = 120_000;
const hostRoles: ReadonlySet<string> = new Set([
  'pg_execute_server_program',
  'pg_read_server_files',
  'pg_write_server_files',
]);
/** Memberships that reach further than a connection needs, each in words. */
const wideRoles: readonly (readonly [string, string])[] = [
  ['pg_read_all_data', 'it reads every table of every database, whatever is granted'],
  ['pg_write_all_data', 'it writes every table of every database, whatever is granted'],
  ['pg_monitor', 'it sees the statements of all other sessions'],
  ['pg_read_all_settings', 'it sees all settings of the server'],
  ['pg_read_all_stats', 'it sees the statements of all other sessions'],
  ['pg_signal_backend', 'it can end the sessions of others'],
  ['pg_maintain', 'it can lock and rewrite every table'],
  ['pg_create_subscription', 'it can have the server connect to others'],
  ['pg_checkpoint', 'it can slow the server down at will'],
];
const reaching: Readonly<Record<string, string>> = {
  dblink: 'functions of it connect elsewhere, also back to this server past Sluice',
  postgres_fdw: 'foreign tables of it connect elsewhere, also back to this server past Sluice',
  file_fdw: 'foreign tables of it read files of the target’s host',
  adminpack: 'functions of it write files of the target’s host',
  pg_cron: 'its jobs run statements later, in sessions that Sluice does not see',
};

/** Warnings about a role whatever it is for. */
export function warningsOf(rights: Rights): string[] {
  const { role } = rights;
  if (rights.superuser)
    return [
      `${role} is a superuser: nothing at the target limits what gets past the gateway. Use a role with the rights that this connection needs.`,
      ...surroundings(rights),
    ];
  const warnings: string[] = [];
  const warn = (holds: boolean, text: string): void => {
    if (holds) warnings.push(text);
  };
  warn(rights.bypassRls, `${role} has BYPASSRLS: row-level security does not hold for it.`);
  warn(rights.createRole, `${role} has CREATEROLE: it can make roles and grant memberships.`);
  warn(rights.replication, `${role} has REPLICATION: it can copy the whole cluster over a replication connection.`);
  warn(rights.createDatabase, `${role} has CREATEDB.`);
  warn(
    rights.owned > 0,
    `${role} owns ${rights.owned} tables: an owner may drop and alter them and is not bound by row-level security.`,
  );
  warn(
    rights.ownerRoles.length > 0,
    `${role} is a member of ${list(rights.ownerRoles)}, which own tables: as a member it may do what an owner may.`,
  );
  warn(
    rights.bypassRoles.length > 0,
    `${role} is a member of ${list(rights.bypassRoles)}: by SET ROLE it becomes a superuser or leaves row-level security.`,
  );
  const reachesHost = rights.memberOf.filter((name) => hostRoles.has(name));
  warn(
    reachesHost.length > 0,
    `${role} is a member of ${list(reachesHost)}: it can reach files or programs on the target’s host.`,
  );
  for (const [name, why] of wideRoles) warn(rights.memberOf.includes(name), `${role} is a member of ${name}: ${why}.`);
  warn(rights.createSchema, `${role} may make schemas in ${rights.database}, and functions and tables in them.`);
  warn(
    rights.createIn.length > 0,
    `${role} may create in ${plural('schema', rights.createIn)} ${list(rights.createIn)}: a function or operator of its own there can stand before one of the same name.`,
  );
  return [...warnings, ...surroundings(rights)];
}

/** Warnings about the database, whoever asks. */
function surroundings(rights: Rights): string[] {
  const warnings: string[] = [];
  if (rights.languages.length > 0)
    warnings.push(
      `${rights.role} may write functions in ${list(rights.languages)}, whose bodies Sluice cannot read: calls of them count as unproven.`,
    );
  for (const name of rights.extensions) {
    const why = reaching[name];
    if (why !== undefined) warnings.push(`The extension ${name} is installed: ${why}.`);
  }
  if (rights.passwordEncryption !== 'scram-sha-256')
    warnings.push(
      `The server stores new passwords as ${rights.passwordEncryption}: set password_encryption to scram-sha-256 and give the roles new passwords.`,
    );
  if (rights.versionNumber < oldestVersion)
    warnings.push(`PostgreSQL ${rights.version} is older than 12, the oldest version that Sluice is made for.`);
  return warnings;
}

/** Warnings about a role that is to read only, loudest first. */
export function readerWarningsOf(reader: Rights, writer: Rights): string[] {
  const warnings: string[] = [];
  if (reader.role === writer.role)
    warnings.push(
      `Reader and writer are the same role ${reader.role}: only its read-only session stands under the parser. Make a role that may only read.`,
    );
  else if (reader.superuser || reader.writable > 0)
    warnings.push(
      `THE READER CAN WRITE: ${reader.role} may change ${reader.superuser ? 'everything' : `${reader.writable === 1000 ? 'at least 1000' : reader.writable} tables and views`}. A statement that is read wrongly is then held by the read-only session alone. Revoke INSERT, UPDATE, DELETE and TRUNCATE.`,
    );
  if (reader.readOnly !== 'on')
    warnings.push(
      `The reader’s session did not open read-only: something between gateway and target drops the setting.`,
    );
  const known = new Set(surroundings(writer));
  return [...warnings, ...warningsOf(reader).filter((warning) => !known.has(warning))].map((text) => `Reader: ${text}`);
}

/** Without a reader there is no backstop under the parser. */
export function noReaderWarning(writer: Rights): string {
  return `There is no reader credential: agents open as ${writer.role}, and only the gateway’s reading of a statement stands between them and a write. The lines below make a role that may only read.`;
}

function list(texts: readonly string[]): string {
  return texts.join(', ');
}

function plural(word: string, of: readonly unknown[]): string {
  return of.length === 1 ? word : `${word}s`;
}
