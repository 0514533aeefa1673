/**
 * What a parser proved about one statement. Language-neutral, JSON-safe (it crosses a worker boundary).
 * What cannot be proved is `complete: false`, and policy treats that as the most dangerous kind.
 */
export const statementKinds = ['read', 'write', 'schema', 'privilege', 'session', 'procedure', 'unknown'] as const;
export type StatementKind = (typeof statementKinds)[number];

/**
 * The closed list of effect verbs. `alter-destructive` drops or retypes something inside an object; `widen` is a setting or
 * grant that enlarges what later statements may do; `program` runs a program on the target's host.
 */
export const effectVerbs = [
  'read',
  'insert',
  'update',
  'delete',
  'merge',
  'truncate',
  'create',
  'alter',
  'alter-destructive',
  'drop',
  'grant',
  'revoke',
  'widen',
  'set',
  'show',
  'explain',
  'transaction',
  'lock',
  'listen',
  'notify',
  'call',
  'maintain',
  'copy-in',
  'copy-out',
  'file-read',
  'file-write',
  'program',
  'replicate',
  'terminate',
] as const;
export type EffectVerb = (typeof effectVerbs)[number];

/** A named thing at the target. `schema` is null where the text did not say and session state could not tell. */
export interface ObjectRef {
  readonly type:
    | 'relation'
    | 'function'
    | 'schema'
    | 'database'
    | 'role'
    | 'setting'
    | 'file'
    | 'program'
    | 'type'
    | 'channel'
    | 'other';
  readonly schema: string | null;
  readonly name: string;
}

export interface ColumnRef {
  readonly schema: string | null;
  readonly relation: string;
  readonly column: string;
}

export interface Effect {
  readonly verb: EffectVerb;
  readonly object: ObjectRef | null;
}

/** `absent`: touches every row; `trivial`: a condition that is always true; `present`: a real one; `not-applicable`: no rows are chosen. */
export type FilterShape = 'absent' | 'trivial' | 'present' | 'not-applicable';

/**
 * Where one output column's value comes from. `columns` lists every stored column the value is computed from (empty: none);
 * `whole-row` names relations whose entire row goes into the value (`to_jsonb(c)`, `c::text`); `unknown`: not provable.
 */
export type OutputLineage =
  | {
      readonly known: true;
      readonly direct: boolean;
      readonly columns: readonly ColumnRef[];
      readonly wholeRows: readonly ObjectRef[];
    }
  | { readonly known: false };

/** A literal in the text. Offsets are UTF-16 code units of the statement's text, end exclusive, quotes included. */
export interface LiteralSpan {
  readonly start: number;
  readonly end: number;
  /** The decoded value. */
  readonly value: string;
  /** The column that the literal is assigned to or compared with; null when none or not known. */
  readonly column: ColumnRef | null;
}

export interface StatementFacts {
  readonly language: string;
  readonly kind: StatementKind;
  readonly complete: boolean;
  /** Why not complete: a short English clause without values of the statement. */
  readonly incompleteBecause: string | null;
  /** The command in the language's own words, upper case: `SELECT`, `DROP TABLE`. For people and indexes. */
  readonly command: string;
  readonly effects: readonly Effect[];
  readonly reads: readonly ObjectRef[];
  readonly writes: readonly ObjectRef[];
  readonly columns: readonly ColumnRef[];
  readonly functions: readonly string[];
  readonly filter: FilterShape;
  /** By which argument a trivial filter was proved to choose nothing, in a short clause without values; null for other shapes. */
  readonly filterBecause: string | null;
  /** True for unfiltered or trivially filtered UPDATE/DELETE, DROP, TRUNCATE, ALTER … DROP or TYPE, and their like. */
  readonly destructive: boolean;
  readonly destructiveBecause: string | null;
  /** Lineage of the result's columns by position; null when the statement returns none or the list is not provable. */
  readonly outputs: readonly OutputLineage[] | null;
  readonly nested: readonly StatementFacts[];
  /** For grouping and search only; nothing that grants is keyed by it. */
  readonly fingerprint: string;
  /** Offsets of this statement in the message's text (UTF-16 code units). */
  readonly start: number;
  readonly end: number;
  readonly literals: readonly LiteralSpan[];
  /**
   * What running it changes in the session, for the protocol to act on: language-specific, JSON-safe
   * (`{type:'transaction', op:'begin'}`, `{type:'set', name, value, local}`, `{type:'prepare', name}` …).
   */
  readonly sessionEffects: readonly SessionEffect[];
}

export interface SessionEffect {
  readonly type: string;
  readonly [key: string]: string | number | boolean | null | readonly string[];
}

/** What reading a message's text gave. A failure is judged as one incomplete statement. */
export type ReadOutcome =
  | { readonly ok: true; readonly statements: readonly StatementFacts[] }
  | {
      readonly ok: false;
      readonly reason: 'syntax' | 'oversize' | 'timed-out' | 'broken' | 'refused';
      readonly message: string;
      /** 1-based UTF-16 position in the text, when known. */
      readonly position: number | null;
    };

/** The cold reading, made only when a person has to look at it or an approval must be bound to the effect. */
export interface StatementDescription {
  /** Canonical print from the parse tree, for people only; never sent to a target. */
  readonly canonical: string;
  /** The exact parse tree with literals and without positions, as canonical JSON: the input of an approval's keyed digest. */
  readonly tree: string;
  /** The comment before the first statement, without its marks; null when there is none. The requester's own words, never part of the effect. */
  readonly comment: string | null;
}

/** What a language is given beside a text. `session` and `catalogue` are its own shapes. */
export interface LanguageContext {
  readonly session: unknown;
  readonly catalogue: unknown;
  /**
   * Reads a text of another language that stands inside this one (SQL behind `psql -c`), of whose session nothing is known. Null: that
   * language is not here. Languages never import one another; whoever holds them all gives this. Missing: none is here.
   */
  readonly readNested?: (language: string, text: string) => ReadOutcome | null;
}

/** A language: pure, JSON-safe in and out, so that it can run in a worker. `session` and `catalogue` are the language's own shapes. */
export interface Language {
  readonly name: string;
  /** Prepares the grammar; awaited once before the first call. */
  load(): Promise<void>;
  read(text: string, context: LanguageContext): ReadOutcome;
  /** Reads a text of whose session and catalogue nothing is known. Missing: such a text cannot be read. */
  readAlone?(text: string): ReadOutcome;
  describe(text: string): StatementDescription;
}

/** Stands in the place of a command that nobody could read. For indexes: people are told of a statement. */
export const unreadableCommand = 'UNREADABLE';

/** The facts of a text that could not be read: everything unknown. */
export function unreadableFacts(language: string, text: string, because: string): StatementFacts {
  return {
    language,
    kind: 'unknown',
    complete: false,
    incompleteBecause: because,
    command: unreadableCommand,
    effects: [],
    reads: [],
    writes: [],
    columns: [],
    functions: [],
    filter: 'not-applicable',
    filterBecause: null,
    destructive: false,
    destructiveBecause: null,
    outputs: null,
    nested: [],
    fingerprint: '',
    start: 0,
    end: text.length,
    literals: [],
    sessionEffects: [],
  };
}
