/** What of a client's session must be the same where its writes run, and how it gets there. Closed texts; only names and values vary. */
import { quoteLiteral } from './startup-settings.ts';

/** Settings that say how a session runs and not what a statement means, or that are the very difference between the two sessions. */
const notCarried = [
  'application_name',
  'default_transaction_read_only',
  'transaction_read_only',
  'transaction_isolation',
  'transaction_deferrable',
];

/**
 * Settings under which the same text could do or say something else. Timeouts, memory and planner settings are not among them: role
 * and target may have their own for a writer.
 */
const meaningful = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'array_nulls',
  'backslash_quote',
  'bytea_output',
  'check_function_bodies',
  'client_encoding',
  'default_table_access_method',
  'default_tablespace',
  'default_text_search_config',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'extra_float_digits',
  'lc_messages',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'quote_all_identifiers',
  'row_security',
  'session_replication_role',
  'standard_conforming_strings',
  'temp_tablespaces',
  'timezone_abbreviations',
  'transform_null_equals',
  'xmlbinary',
  'xmloption',
];

const listed = (names: readonly string[]): string => `ARRAY[${names.map((name) => `'${name}'`).join(', ')}]`;

/** What the client set itself, by SET or at its start: name and value. */
const carriedText = `SELECT s.name, s.setting FROM pg_catalog.pg_settings AS s
WHERE s.source OPERATOR(pg_catalog.=) 'session' AND NOT s.name OPERATOR(pg_catalog.=) ANY (${listed(notCarried)})`;

/** Database, effective search path, whether the role is the one that logged in, and the settings that give a text its meaning. */
export const meaningText = `SELECT pg_catalog.current_database()::pg_catalog.text, pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text,
  (current_user OPERATOR(pg_catalog.=) session_user)::pg_catalog.text,
  (SELECT pg_catalog.json_object_agg(s.name, s.setting ORDER BY s.name) FROM pg_catalog.pg_settings AS s WHERE s.name OPERATOR(pg_catalog.=) ANY (${listed(meaningful)}))::pg_catalog.text`;

const customName = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)+$/;

/** With the client's own settings (`app.who`), which the server lists nowhere. Null: one has a name that cannot be carried. */
export function carriedStateText(custom: Iterable<string>): string | null {
  let text = carriedText;
  for (const name of custom) {
    if (!customName.test(name)) return null;
    text += `\nUNION ALL SELECT '${name}', pg_catalog.current_setting('${name}', true)`;
  }
  return text;
}

/** Puts one carried setting where the write runs. */
export function settingText(name: string, value: string): string {
  return `SELECT pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`;
}

/** Null: the rows of `meaningText` say the same; else what differs, in words. */
export function differenceOf(
  home: readonly (string | null)[] | undefined,
  writer: readonly (string | null)[] | undefined,
): string | null {
  if (home === undefined || writer === undefined) return 'its state could not be read';
  if (home[2] !== 'true') return 'the session runs under another role than the one that logged in';
  if (home[0] !== writer[0]) return 'the database differs';
  if (home[1] !== writer[1]) return `the search path is ${home[1]} for the reader and ${writer[1]} for the writer`;
  if (home[3] === writer[3]) return null;
  const [one, other] = [settingsOf(home[3]), settingsOf(writer[3])];
  const names = meaningful.filter((name) => one[name] !== other[name]);
  return `these settings differ: ${names.join(', ')}`;
}

function settingsOf(json: string | null | undefined): Record<string, unknown> {
  return JSON.parse(json ?? '{}') as Record<string, unknown>;
}
