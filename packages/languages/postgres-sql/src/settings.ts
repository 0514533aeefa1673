/** Which settings a client may change by itself, and which would widen what later statements can do or blind the gateway. */

/** `harmless`; `names`: moves name resolution; `widen`: needs the `privilege` verdict. */
export type SettingJudgement = 'harmless' | 'names' | 'widen';

/**
 * Formats, limits on itself and planner choices. `row_security` is here because `off` makes a query fail where a row policy would have
 * hidden rows; it never shows more (PostgreSQL's documentation of the setting), and pg_dump sends it.
 */
const harmlessSettings: ReadonlySet<string> = new Set(
  `application_name datestyle timezone intervalstyle extra_float_digits bytea_output xmlbinary xmloption lc_messages lc_monetary lc_numeric lc_time
  client_min_messages statement_timeout lock_timeout idle_in_transaction_session_timeout idle_session_timeout transaction_timeout
  transaction_isolation transaction_deferrable default_transaction_isolation default_transaction_deferrable
  work_mem hash_mem_multiplier maintenance_work_mem temp_buffers effective_cache_size random_page_cost seq_page_cost cpu_tuple_cost
  cpu_index_tuple_cost cpu_operator_cost parallel_setup_cost parallel_tuple_cost max_parallel_workers_per_gather max_parallel_workers
  min_parallel_table_scan_size min_parallel_index_scan_size from_collapse_limit join_collapse_limit geqo geqo_threshold geqo_effort
  cursor_tuple_fraction default_statistics_target constraint_exclusion plan_cache_mode jit jit_above_cost jit_inline_above_cost
  jit_optimize_above_cost effective_io_concurrency synchronize_seqscans row_security check_function_bodies default_text_search_config
  tcp_keepalives_idle tcp_keepalives_interval tcp_keepalives_count tcp_user_timeout client_connection_check_interval
  quote_all_identifiers escape_string_warning gin_fuzzy_search_limit gin_pending_list_limit seed vacuum_cost_delay
  default_table_access_method default_tablespace default_toast_compression backend_flush_after`
    .trim()
    .split(/\s+/),
);

const readOnlySettings: ReadonlySet<string> = new Set(['transaction_read_only', 'default_transaction_read_only']);
const on = /^(on|true|yes|1|t|tr|tru|y|ye)$/i;

/** `UTF8` in all of PostgreSQL's spellings (it compares letters and digits only); libpq resolves `auto` itself. */
const utf8 = /^(utf8|unicode)$/;

/**
 * Judges `SET name = value`, `set_config` and startup parameters alike. `value` null: DEFAULT, RESET or not known.
 * A non-UTF-8 `client_encoding` and `standard_conforming_strings = off` would make the server read another text than the parser did.
 */
export function judgeSetting(name: string, value: string | null): SettingJudgement {
  const key = name.toLowerCase();
  if (key === 'search_path') return 'names';
  if (key === 'client_encoding') {
    return value !== null && utf8.test(value.toLowerCase().replace(/[^a-z0-9]/g, '')) ? 'harmless' : 'widen';
  }
  if (key === 'standard_conforming_strings') return value !== null && on.test(value) ? 'harmless' : 'widen';
  if (key === 'backslash_quote')
    return value !== null && /^(safe_encoding|off|false|no|0)$/i.test(value) ? 'harmless' : 'widen';
  // Names kinds of relations that may not be read; emptying it would allow them again.
  if (key === 'restrict_nonsystem_relation_kind') return value !== null && value.trim() !== '' ? 'harmless' : 'widen';
  if (readOnlySettings.has(key)) return value !== null && on.test(value) ? 'harmless' : 'widen';
  if (harmlessSettings.has(key) || /^enable_[a-z_]+$/.test(key)) return 'harmless';
  return 'widen';
}
