/** Texts by which the corpora tell whether a try changed anything at the target. */

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export { quoted };

/** Tables up to this size are digested row by row; larger ones by count of pages and by storage (bytes). */
const maxDigestedBytes = 4 * 1024 * 1024;

/** One row: every definition in a schema, and what its sequences stand at. */
const definitionsOf = (schema: string): string => `
  SELECT 'c ' || c.relname || ' ' || c.relkind::text || c.relowner || ' ' || coalesce(c.relacl::text, '') || c.relrowsecurity || c.relpersistence::text || coalesce(c.reloptions::text, '') AS line
    FROM pg_class c WHERE c.relnamespace = ${schema}::regnamespace
  UNION ALL SELECT 'a ' || attrelid || ' ' || attname || ' ' || atttypid || attnotnull || coalesce(attacl::text, '') FROM pg_attribute
    JOIN pg_class c ON c.oid = attrelid WHERE c.relnamespace = ${schema}::regnamespace AND attnum > 0
  UNION ALL SELECT 'd ' || adrelid || ' ' || adnum || ' ' || md5(adbin::text) FROM pg_attrdef JOIN pg_class c ON c.oid = adrelid WHERE c.relnamespace = ${schema}::regnamespace
  UNION ALL SELECT 'p ' || oid || ' ' || proname || ' ' || proowner || coalesce(proacl::text, '') || prosecdef || md5(coalesce(prosrc, '') || coalesce(prosqlbody::text, '')) FROM pg_proc WHERE pronamespace = ${schema}::regnamespace
  UNION ALL SELECT 't ' || tgrelid || ' ' || tgname || tgenabled::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE c.relnamespace = ${schema}::regnamespace
  UNION ALL SELECT 'w ' || ev_class || ' ' || rulename || ev_enabled::text || md5(ev_action::text) FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class WHERE c.relnamespace = ${schema}::regnamespace
  UNION ALL SELECT 'k ' || conname || contype::text FROM pg_constraint WHERE connamespace = ${schema}::regnamespace
  UNION ALL SELECT 'y ' || typname || typtype::text || coalesce(typdefault, '') FROM pg_type WHERE typnamespace = ${schema}::regnamespace
  UNION ALL SELECT 'l ' || polrelid || polname FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE c.relnamespace = ${schema}::regnamespace
  UNION ALL SELECT 'm ' || coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_class c WHERE c.relnamespace = ${schema}::regnamespace
  UNION ALL SELECT 'n ' || nspname || nspowner || coalesce(nspacl::text, '') FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%'`;

/** Server-wide and database-wide state that a form may try to move. */
const surroundings = `
  SELECT 'r ' || rolname || rolsuper || rolcreaterole || rolcanlogin || rolbypassrls || coalesce(rolconfig::text, '') AS line FROM pg_roles
  UNION ALL SELECT 's ' || setdatabase || setrole || setconfig::text FROM pg_db_role_setting
  UNION ALL SELECT 'g ' || roleid || ' ' || member FROM pg_auth_members
  UNION ALL SELECT 'o ' || count(*) || coalesce(sum(oid::bigint), 0) FROM pg_largeobject_metadata
  UNION ALL SELECT 'e ' || extname FROM pg_extension
  UNION ALL SELECT 'v ' || evtname FROM pg_event_trigger
  UNION ALL SELECT 'b ' || datname || coalesce(datacl::text, '') FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT 'x ' || count(*) FROM pg_prepared_xacts
  UNION ALL SELECT 'h ' || slot_name FROM pg_replication_slots
  UNION ALL SELECT 'u ' || pubname FROM pg_publication
  UNION ALL SELECT 'f ' || srvname FROM pg_foreign_server
  UNION ALL SELECT 'z ' || defaclrole || defaclobjtype::text || defaclacl::text FROM pg_default_acl`;

const digestOf = (lines: string): string =>
  `(SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (${lines}) AS lines)`;

/** A relation that stores rows, or a sequence, as SQL names it. */
export interface Stored {
  readonly name: string;
  readonly bytes: number;
  readonly sequence: boolean;
}

function contentOf({ name, bytes, sequence }: Stored): string {
  if (sequence) return `(SELECT last_value || is_called::text FROM ${name})`;
  if (bytes > maxDigestedBytes)
    return `(SELECT pg_relation_filenode(${literal(name)}::regclass) || '/' || pg_relation_size(${literal(name)}::regclass))`;
  return `(SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM ONLY ${name} t)`;
}

/** Reading under a row policy would run what the policy calls: such tables are left out. What stores rows in one schema; in all that people made for null. */
export const storedText = (schema: string | null): string =>
  `SELECT format('%I.%I', n.nspname, c.relname), pg_relation_size(c.oid), c.relkind = 'S' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${schema === null ? "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'" : `n.nspname = ${literal(schema)}`}
     AND c.relkind IN ('r', 'm', 'S') AND (c.relkind <> 'm' OR c.relispopulated) AND NOT row_security_active(c.oid) ORDER BY 1`;

/** One value that differs whenever a row or a definition in the schema does. `stored` is what `storedText` gave. */
export function schemaDigestText(schema: string, stored: readonly Stored[]): string {
  return `SELECT concat_ws('|', ${[digestOf(definitionsOf(literal(schema))), digestOf(surroundings), ...stored.map(contentOf)].join(', ')})`;
}

/** One value over the rows of many relations. */
export function contentDigestText(stored: readonly Stored[]): string {
  return `SELECT concat_ws('|', ''${stored.map((one) => `, ${contentOf(one)}`).join('')})`;
}

/** Definitions of every schema that people made, by name. */
export const schemasText = `SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1`;
export const definitionsDigestText = (schema: string): string => `SELECT ${digestOf(definitionsOf(literal(schema)))}`;
