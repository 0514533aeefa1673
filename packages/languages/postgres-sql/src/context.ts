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
  /** What only this session sees: its temporary objects and those of its open transaction. Absent or null: nothing, as far as is known. */
  readonly own?: OwnCatalogue | null;
}

/** Laid over the shared catalogue. Temporary objects stand in the schema `pg_temp`, whatever the server calls it. */
export interface OwnCatalogue {
  /** Changes with the content and with what it lies over. */
  readonly key: string;
  /** New, changed and temporary ones: they stand in for those with the same oid. */
  readonly relations: readonly CatalogueRelation[];
  readonly functions: readonly CatalogueFunction[];
  /** Oids of relations and functions of the shared catalogue that this session does not see any more. */
  readonly gone: readonly number[];
  /** Whole lists, as the session sees them. */
  readonly operators: readonly CatalogueOperator[];
  readonly casts: readonly CatalogueCast[];
  readonly domains: readonly CatalogueDomain[];
  readonly eventTriggerFunctions: readonly number[];
}

export interface PostgresCatalogue {
  readonly serverVersion: number;
  readonly relations: readonly CatalogueRelation[];
  readonly functions: readonly CatalogueFunction[];
  /** Operators outside pg_catalog. */
  readonly operators: readonly CatalogueOperator[];
  /** Casts whose function stands outside pg_catalog. */
  readonly casts: readonly CatalogueCast[];
  /** Domains whose checks call something that is not plain computing, and domains and ranges on types that people made. */
  readonly domains: readonly CatalogueDomain[];
  /** Functions of enabled event triggers, by oid: every statement of definition may run them. */
  readonly eventTriggerFunctions: readonly number[];
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
  /** Enabled triggers that people made; those of foreign keys are in `referencedBy`. */
  readonly triggers: readonly CatalogueTrigger[];
  /** Enabled rules beside a view's own. */
  readonly rules: readonly CatalogueRule[];
  /** Foreign keys of other relations that point here. */
  readonly referencedBy: readonly CatalogueReference[];
  /** Relations that this one inherits from or is a partition of, and those that inherit from it, by oid. */
  readonly parents: readonly number[];
  readonly children: readonly number[];
  /** Sequences that its defaults and identity columns count up, by oid. */
  readonly sequences: readonly number[];
  /** Functions by oid that reading runs: a view's query, row policies. Plain computing ones of pg_catalog are left out. */
  readonly readFunctions: readonly number[];
  /** Functions by oid that writing runs: defaults, generated columns, checks, index expressions, partition keys, row policies. */
  readonly writeFunctions: readonly number[];
  /** False: a stored definition could not be read for what it calls. */
  readonly definitionsKnown: boolean;
}

export type ChangeVerb = 'insert' | 'update' | 'delete' | 'truncate';

export interface CatalogueTrigger {
  readonly function: number;
  readonly verbs: readonly ChangeVerb[];
  /** INSTEAD OF: the view's own relations are not written then, but by the function. */
  readonly instead: boolean;
}

/** What a rule adds to a statement or puts in its place, from its stored form. */
export interface CatalogueRule {
  readonly verb: 'select' | 'insert' | 'update' | 'delete';
  /** True only for an unconditional INSTEAD. */
  readonly instead: boolean;
  readonly actions: StoredQueries;
}

/** What stored queries do, from their node trees. */
export interface StoredQueries {
  readonly commands: readonly ('select' | 'insert' | 'update' | 'delete' | 'merge' | 'utility')[];
  /** Every relation named, by oid. */
  readonly relations: readonly number[];
  /** Every function called, by oid, also behind operators, aggregates and domains. */
  readonly functions: readonly number[];
}

export type ReferenceAction = 'none' | 'cascade' | 'set';

export interface CatalogueReference {
  /** The relation that holds the foreign key. */
  readonly relation: number;
  readonly onDelete: ReferenceAction;
  readonly onUpdate: ReferenceAction;
  /** Attributes of the relation that is pointed at. */
  readonly attributes: readonly number[];
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
  /** Attributes of the same relation that a generated column is computed from. */
  readonly madeOf?: readonly number[];
}

export interface CatalogueFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly language: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly returnsSet: boolean;
  readonly securityDefiner: boolean;
  /** How many arguments a call may have; `most` is null for a variadic one. */
  readonly least: number;
  readonly most: number | null;
  /** Null for functions of the server's own, and where the definition could not be had. */
  readonly body: CatalogueBody | null;
}

export interface CatalogueBody {
  /** `pg_proc.prosrc` of a function in SQL or PL/pgSQL; null: another language, a standard SQL body, or too long. */
  readonly text: string | null;
  /** A standard SQL body (`BEGIN ATOMIC`, `RETURN`), or an aggregate's support functions; null for others. */
  readonly stored: StoredQueries | null;
  /** The extension that brought the function; null for none. */
  readonly extension: string | null;
  readonly parameters: readonly CatalogueParameter[];
  readonly returns: string;
  /** The relation whose row type it returns, by oid; 0 for none. */
  readonly returnsRelation: number;
  readonly owner: string;
  /** `pg_proc.proconfig`: `name=value`. */
  readonly settings: readonly string[];
}

export interface CatalogueParameter {
  /** Empty for none. */
  readonly name: string;
  readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table';
  readonly type: string;
}

export interface CatalogueOperator {
  readonly schema: string;
  readonly name: string;
  readonly function: number;
  /** It answers with a boolean. */
  readonly comparison: boolean;
}

export interface CatalogueCast {
  /** `pg_type.typname` of the type that is made. */
  readonly type: string;
  readonly function: number;
  /** False: the server applies it without being asked to, at least in assignments. */
  readonly explicit: boolean;
}

/** A domain, or an array or range that holds one. */
export interface CatalogueDomain {
  readonly schema: string;
  readonly name: string;
  readonly functions: readonly number[];
  /** True: a literal of it runs checks while the statement is parsed, before anything is bound or held. */
  readonly whileParsed?: boolean;
  /** `pg_type.typname` of the type that it stands on. */
  readonly on: string;
}
