/**
 * Functions of pg_catalog that do more than compute. Every volatile function of pg_catalog is either here or in `harmlessVolatile`
 * (a test holds that); one that a newer server adds and neither knows is judged `privilege`.
 */
import type { ColumnRef, EffectVerb, StatementKind } from '@sluice/domain';
import { volatileSystemFunctions } from './system-functions.ts';

export interface Action {
  readonly kind: StatementKind;
  readonly verb: EffectVerb;
  /** Set when the call runs or reads something its arguments do not prove. */
  readonly incomplete: string | null;
}

const list = (text: string): readonly string[] => text.trim().split(/\s+/);

const groups: readonly {
  readonly kind: StatementKind;
  readonly verb: EffectVerb;
  readonly incomplete?: string;
  readonly names: string;
}[] = [
  { kind: 'write', verb: 'update', names: 'nextval setval lo_put lowrite lo_truncate lo_truncate64' },
  { kind: 'write', verb: 'create', names: 'lo_creat lo_create lo_from_bytea' },
  { kind: 'write', verb: 'delete', names: 'lo_unlink' },
  { kind: 'write', verb: 'notify', names: 'pg_notify' },
  {
    kind: 'privilege',
    verb: 'file-read',
    names: `lo_import pg_read_file pg_read_file_old pg_read_binary_file pg_stat_file pg_current_logfile pg_hba_file_rules
      pg_ident_file_mappings pg_show_all_file_settings pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir pg_ls_logicalmapdir
      pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir`,
  },
  { kind: 'privilege', verb: 'file-write', names: 'lo_export' },
  {
    kind: 'privilege',
    verb: 'terminate',
    names: 'pg_terminate_backend pg_cancel_backend pg_log_backend_memory_contexts',
  },
  {
    kind: 'privilege',
    verb: 'replicate',
    names: `pg_logical_emit_message pg_logical_slot_get_changes pg_logical_slot_get_binary_changes
      pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes pg_create_logical_replication_slot pg_create_physical_replication_slot
      pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_drop_replication_slot pg_replication_slot_advance
      pg_sync_replication_slots pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_drop
      pg_replication_origin_session_reset pg_replication_origin_session_setup pg_replication_origin_xact_reset pg_replication_origin_xact_setup
      pg_create_restore_point pg_switch_wal pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_wal_replay_pause
      pg_wal_replay_resume pg_promote pg_log_standby_snapshot`,
  },
  {
    kind: 'privilege',
    verb: 'widen',
    names: `pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_import_system_collations pg_nextoid pg_stop_making_pinned_objects
      pg_extension_config_dump set_config binary_upgrade_add_sub_rel_state binary_upgrade_create_empty_extension
      binary_upgrade_logical_slot_has_caught_up binary_upgrade_replorigin_advance binary_upgrade_set_missing_value
      binary_upgrade_set_next_attribute_versions binary_upgrade_set_next_array_pg_type_oid binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode
      binary_upgrade_set_next_index_pg_class_oid binary_upgrade_set_next_index_relfilenode binary_upgrade_set_next_multirange_array_pg_type_oid
      binary_upgrade_set_next_multirange_pg_type_oid binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid
      binary_upgrade_set_next_pg_tablespace_oid binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid
      binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs`,
  },
  {
    kind: 'privilege',
    verb: 'maintain',
    names: `pg_stat_reset pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_shared
      pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru pg_stat_reset_subscription_stats
      pg_clear_attribute_stats pg_clear_relation_stats pg_restore_attribute_stats pg_restore_relation_stats`,
  },
  {
    kind: 'schema',
    verb: 'maintain',
    names: 'brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list',
  },
  {
    kind: 'procedure',
    verb: 'call',
    incomplete: 'calls a function that runs a text as SQL',
    names: `query_to_xml query_to_xmlschema
      query_to_xml_and_xmlschema ts_stat ts_rewrite`,
  },
  {
    kind: 'procedure',
    verb: 'call',
    incomplete: 'calls a function that makes a value of a type named by a text, whose checks may act',
    names: 'pg_input_is_valid pg_input_error_info',
  },
  {
    kind: 'procedure',
    verb: 'call',
    incomplete: 'calls a function that reads relations which the text does not name',
    names: `cursor_to_xml
      cursor_to_xmlschema table_to_xml table_to_xml_and_xmlschema table_to_xmlschema schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema
      database_to_xml database_to_xml_and_xmlschema database_to_xmlschema`,
  },
];

/** Volatile, but they only tell time, chance, the session's own state or the server's health. Advisory locks hold up only who asks for them. */
const harmlessVolatile: ReadonlySet<string> = new Set(
  list(`RI_FKey_cascade_del RI_FKey_cascade_upd RI_FKey_check_ins RI_FKey_check_upd RI_FKey_noaction_del RI_FKey_noaction_upd RI_FKey_restrict_del
    RI_FKey_restrict_upd RI_FKey_setdefault_del RI_FKey_setdefault_upd RI_FKey_setnull_del RI_FKey_setnull_upd amvalidate array_sample
    array_shuffle bernoulli brinhandler bthandler clock_timestamp current_query currtid2 currval dsnowball_init dsnowball_lexize gen_random_uuid
    ginhandler gisthandler hashhandler heap_tableam_handler lastval lo_close lo_get lo_lseek lo_lseek64 lo_open lo_tell lo_tell64 loread
    pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock
    pg_advisory_xact_lock_shared pg_available_wal_summaries pg_blocking_pids pg_collation_actual_version pg_control_checkpoint pg_control_init
    pg_control_recovery pg_control_system pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn
    pg_database_collation_actual_version pg_database_size pg_export_snapshot pg_get_aios pg_get_backend_memory_contexts pg_get_loaded_modules
    pg_get_multixact_members pg_get_sequence_data pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_wait_events
    pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_get_wal_summarizer_state pg_indexes_size pg_is_in_backup pg_is_in_recovery
    pg_is_wal_replay_paused pg_isolation_test_session_is_blocked pg_jit_available pg_last_committed_xact pg_last_wal_receive_lsn
    pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_notification_queue_usage pg_partition_ancestors pg_partition_tree
    pg_prepared_xact pg_relation_size pg_replication_origin_progress pg_replication_origin_session_is_setup pg_replication_origin_session_progress
    pg_safe_snapshot_blocking_pids pg_sequence_last_value pg_show_replication_origin_status pg_sleep pg_sleep_for pg_sleep_until
    pg_stat_clear_snapshot pg_stat_force_next_flush pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io pg_stat_get_recovery_prefetch
    pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time
    pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
    pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned
    pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_table_size pg_tablespace_size pg_total_relation_size pg_try_advisory_lock
    pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_wal_summary_contents pg_xact_commit_timestamp
    pg_xact_commit_timestamp_origin pg_xact_status plpgsql_call_handler plpgsql_inline_handler plpgsql_validator random random_normal setseed
    spghandler suppress_redundant_updates_trigger system timeofday tsvector_update_trigger tsvector_update_trigger_column txid_status
    unique_key_recheck uuidv4 uuidv7`),
);

const acting: ReadonlyMap<string, Action> = new Map(
  groups.flatMap(({ kind, verb, incomplete = null, names }) =>
    list(names).map((name) => [name, { kind, verb, incomplete }] as const),
  ),
);

/** System functions whose result is stored data that no argument names. */
const revealed: ReadonlyMap<string, readonly ColumnRef[]> = new Map(
  [
    ['lo_get', 'pg_largeobject', 'data'],
    ['loread', 'pg_largeobject', 'data'],
    ['pg_stat_get_activity', 'pg_stat_activity', 'query'],
    ['pg_stat_get_backend_activity', 'pg_stat_activity', 'query'],
    ['pg_prepared_xact', 'pg_prepared_xacts', 'gid'],
    ['pg_mcv_list_items', 'pg_statistic_ext_data', 'stxdmcv'],
  ].map(([name = '', relation = '', column = '']) => [name, [{ schema: 'pg_catalog', relation, column }]]),
);

const unknownVolatile: Action = { kind: 'privilege', verb: 'call', incomplete: null };

/** What calling this function of pg_catalog does; null when it only computes. */
export function actionOf(name: string): Action | null {
  const action = acting.get(name);
  if (action !== undefined) return action;
  return volatileSystemFunctions.has(name) && !harmlessVolatile.has(name) ? unknownVolatile : null;
}

/** True when the table above has decided about this volatile function. */
export function isDecided(name: string): boolean {
  return acting.has(name) || harmlessVolatile.has(name);
}

export function revealedBy(name: string): readonly ColumnRef[] {
  return revealed.get(name) ?? [];
}
