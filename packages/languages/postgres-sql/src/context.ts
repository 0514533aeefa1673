/**
 * The two inputs beside the text, as `packages/wire/postgres` keeps them. JSON-safe: they cross a worker boundary.
 */

/** What the gateway knows of the client's session at the target. */
export interface PostgresSessionState {
  readonly database: string;
  /** Effective role; null: unknown, which makes name resolution incomplete. */
  readonly role: string | null;
  /** Effective search path with `$user` and `pg_catalog` resolved in order; null: unknown, which makes unqualified names incomplete. */
  readonly searchPath: readonly string[] | null;
  /** SQL-level and protocol-level prepared statements by name, with their text, for EXECUTE and EXPLAIN EXECUTE. */
  readonly prepared: Readonly<Record<string, string>>;
  /** Open cursors by name, with the text of their query, for FETCH (its lineage is the cursor's). */
  readonly cursors: Readonly<Record<string, string>>;
  /** `schema.name` of objects touched by uncommitted DDL of this session: unknown until commit. `*` means everything. */
  readonly touched: readonly string[];
  /** False when the session may have temporary objects whose shape is not known. */
  readonly temporaryObjectsKnown: boolean;
}

export interface PostgresCatalogue {
  readonly serverVersion: number;
  readonly relations: readonly CatalogueRelation[];
  readonly functions: readonly CatalogueFunction[];
}

export interface CatalogueRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind:
    | 'table'
    | 'view'
    | 'materialized-view'
    | 'foreign-table'
    | 'sequence'
    | 'partitioned-table'
    | 'composite';
  readonly columns: readonly CatalogueColumn[];
  /** For views: every stored column that the definition depends on (pg_depend), by relation oid and attribute (0: whole relation). */
  readonly dependsOn: readonly { readonly relation: number; readonly attribute: number }[];
  /** For tables: names of functions run by enabled, non-internal triggers; `true` when it has rules beside a view's own. */
  readonly triggerFunctions: readonly string[];
  readonly hasRules: boolean;
}

export interface CatalogueColumn {
  readonly attribute: number;
  readonly name: string;
  readonly type: string;
  /** `pg_attribute.attnotnull`; with it `WHERE id IS NOT NULL` is known to be always true. Absent: not known. */
  readonly notNull?: boolean;
  /**
   * For a view's column that is a bare column of another relation: that column (`resorigtbl` and `resorigcol` in the view's
   * `pg_rewrite.ev_action`). Absent or null: every column in `dependsOn` may flow into it.
   */
  readonly origin?: { readonly relation: number; readonly attribute: number } | null;
}

export interface CatalogueFunction {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly language: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly returnsSet: boolean;
  readonly securityDefiner: boolean;
}
