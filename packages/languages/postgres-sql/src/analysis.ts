/** The state of one statement's reading, handed through all the modules that walk its tree. */

import type { ColumnRef, ObjectRef, StatementFacts } from '@sluice/domain';
import type { CatalogueFunction } from './context.ts';
import type { FactsBuilder } from './facts-builder.ts';
import type { Flow } from './lineage.ts';
import type { Names, ResolvedRelation } from './names.ts';
import type { Entry, OutColumn, Scope } from './scope.ts';
import type { SourceText } from './source-text.ts';
import type { Tree } from './tree.ts';

/**
 * `run`: the part is executed. `plan`: it is only planned (EXPLAIN), which executes user functions but not the system's acting ones.
 * `store`: it is only stored as a definition (view, rule, policy, default), which executes nothing.
 */
export type ReadingMode = 'run' | 'plan' | 'store';

/** A query's result columns; null when their list is not provable. */
export type QueryColumns = readonly OutColumn[] | null;

/** Visits of tree nodes for one message, so that nested recursive queries cannot blow the reading up. Units: nodes. */
export const maxVisitedNodes = 400_000;
/** Depth of nesting that the reading follows, so that it fits a thread's stack. Units: nodes; a query counts for several. */
export const maxTreeDepth = 700;
export const queryDepth = 6;
/** EXECUTE of a prepared EXECUTE, DO inside DO and so on. Units: statements inside statements. */
export const maxStatementNesting = 8;

export interface StatementText {
  readonly message: SourceText;
  /** UTF-16 bounds of the statement in the message. */
  readonly start: number;
  readonly end: number;
}

/** Thrown by the reading itself when a bound is reached; the statement is then incomplete. */
export class ReadingLimit extends Error {}

export interface Budget {
  visited: number;
  depth: number;
}

/** Functions whose bodies one message's reading may look into, and how deep calls inside calls are followed. */
export const maxReadBodies = 256;
export const maxCallDepth = 24;
/** Text of bodies that one message's reading may look into. Units: UTF-16 code units. */
export const maxReadBodyCharacters = 1024 * 1024;

/** Calls being followed, over all statements of one message. */
export interface CallTrail {
  /** Functions under way, outermost first, by oid: a recursive call adds nothing that is not noted already. */
  readonly underWay: number[];
  /** The outermost function that a recursive call led back to since this was last set, as an index into `underWay`. */
  ledBackTo: number;
  bodies: number;
  characters: number;
  /** A bound of this message's reading stopped a body: what was read since is true of this message only. */
  cut: boolean;
}

/** What running a function does, and what its value may carry. */
export interface FunctionFacts {
  readonly facts: StatementFacts;
  /** Without what its arguments carry. */
  readonly returned: Flow;
  /** Its result as a table: its columns; null when the shape is not known. A scalar has one column without a name. */
  readonly columns: readonly OutColumn[] | null;
}

export interface ReferenceMeaning {
  readonly entry: Entry | null;
  /** The stored column, where it is exactly one. */
  readonly column: ColumnRef | null;
  /** A whole row, or a row's address: `IS NOT NULL` says nothing about it. */
  readonly neverNull: boolean;
}

export interface Analysis {
  readonly facts: FactsBuilder;
  readonly names: Names;
  readonly mode: ReadingMode;
  readonly budget: Budget;
  readonly nesting: number;
  /** The statement's message, for slices of inner statements; null when the tree comes from another text. */
  readonly source: StatementText | null;
  /** Payloads that some module understood; what a generic walk finds beside them makes the statement incomplete. */
  readonly understood: Set<Tree>;
  /** What each ColumnRef payload was found to mean, for the filter's proof. */
  readonly meanings: Map<Tree, ReferenceMeaning>;
  /** What each RangeVar payload was found to be. */
  readonly relations: Map<Tree, ObjectRef>;
  /** Column that the constant at this byte offset is compared with or assigned to. */
  readonly literalColumns: Map<number, ColumnRef>;
  /** The result of each FuncCall payload of a function outside pg_catalog, as a table; null: not known. */
  readonly callColumns: Map<Tree, readonly OutColumn[] | null>;
  /** Under EXPLAIN: what planning alone may run. */
  readonly planned: StatementFacts[];
  /** Pairs of relation and verb whose triggers, rules and keys are noted already. */
  readonly reached: Set<string>;
  /** Names that stand around the whole statement: a function's parameters; null for none. */
  readonly outer: Scope | null;

  expression(value: unknown, scope: Scope): Flow;
  query(select: Tree, scope: Scope): QueryColumns;
  change(tag: string, node: Tree, scope: Scope): QueryColumns;
  fromItem(item: Tree, scope: Scope): void;
  /** Walks something that is stored, not run: only what it mentions is noted. */
  stored(read: (inner: Analysis) => void): void;
  /** Facts of a statement inside this one, from the same tree. */
  inner(statement: Tree, options?: { readonly mode?: ReadingMode }): StatementFacts;
  /** Facts of another text's only statement (a prepared statement's, a cursor's, one in a body); null when that cannot be read. */
  foreign(text: string): StatementFacts | null;
  /** What running this function does: by its body, where that can be read. */
  functionFacts(called: CatalogueFunction): FunctionFacts;
}

export function visit(a: Analysis): void {
  a.budget.visited += 1;
  if (a.budget.visited > maxVisitedNodes) throw new ReadingLimit('is larger than Sluice reads');
}

/** Without the catalogue an operator, a type or a function of the system's name may be one that people put beside it. */
export function needCatalogue(a: Analysis): void {
  if (a.mode !== 'store' && !a.names.hasCatalogue)
    a.facts.incomplete('is read while the target’s catalogue is not known');
}

/** Reads one kind of statement, given its payload. */
export type StatementReader = (a: Analysis, node: Tree) => void;

/** Resolves a RangeVar payload and marks it understood. */
export function resolveRangeVar(a: Analysis, rangeVar: Tree): ResolvedRelation {
  a.understood.add(rangeVar);
  const schema = rangeVar.schemaname;
  const name = rangeVar.relname;
  const resolved = a.names.relation(typeof schema === 'string' ? schema : null, typeof name === 'string' ? name : '');
  a.relations.set(rangeVar, resolved.ref);
  return resolved;
}
