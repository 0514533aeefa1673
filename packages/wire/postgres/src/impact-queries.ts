/** What the gateway asks about a held statement, part of the closed list of its own texts. */

/** Longest wait for a lock, and for an answer, while a statement is looked at (ms). */
export const impactLockMs = 200;
export const impactStatementMs = 1_500;

/** Begins the one transaction in which everything is asked: it can change nothing, and waits for nobody. */
export const impactBeginTexts = [
  'BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY',
  `SET LOCAL lock_timeout = ${impactLockMs}`,
  `SET LOCAL statement_timeout = ${impactStatementMs}`,
] as const;

export const currentUserText = 'SELECT current_user::pg_catalog.text';

/** `$1`: the effective search path, quoted. */
export const searchPathText = "SELECT pg_catalog.set_config('search_path', $1::pg_catalog.text, true)";

/** `$1`: oids. Oid, estimated rows (-1: never counted), bytes by the last count: no lock is taken, so nobody is waited for. */
export const sizesText = `SELECT c.oid, COALESCE((SELECT CASE WHEN pg_catalog.min(p.reltuples) < 0 THEN -1 ELSE pg_catalog.sum(p.reltuples) END
    FROM pg_catalog.pg_class AS p WHERE c.relkind = 'p' AND p.relkind = 'r' AND p.oid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) AS t)), c.reltuples)::pg_catalog.float8,
  (SELECT pg_catalog.sum(p.relpages::pg_catalog.int8) FROM pg_catalog.pg_class AS p
    WHERE p.oid = c.oid OR p.oid = c.reltoastrelid OR p.oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid)
      OR (c.relkind = 'p' AND p.oid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) AS t)))::pg_catalog.int8
    OPERATOR(pg_catalog.*) pg_catalog.current_setting('block_size')::pg_catalog.int8
FROM pg_catalog.pg_class AS c WHERE c.oid = ANY ($1::pg_catalog.oid[])`;
