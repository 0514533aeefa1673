/** Which statements are like one that was approved. Pure; what is not proved is like nothing. */
import {
  type AlikeBounds,
  type AlikeOffer,
  type AlikeStatement,
  alikeBoundsSchema,
  type Grant,
  maxAlikeNames,
  maxAlikeStatements,
  type StatementFacts,
} from '@sluice/domain';
import type { GrantedMessage } from './granted-message.ts';
import { showColumn, showObject } from './input.ts';

/** Where a message runs, as far as a grant is bound to it. */
interface Place {
  readonly database: string;
  readonly role: string | null;
}

/**
 * What a decision on this message may cover beside it; null where nothing may be covered: a statement whose facts are not complete, that
 * destroys, that touches every row, or that is more than can be described.
 */
export function alikeOffer(facts: readonly StatementFacts[], { database, role }: Place): AlikeOffer | null {
  if (facts.length === 0 || facts.length > maxAlikeStatements) return null;
  const statements: AlikeStatement[] = [];
  for (const one of facts) {
    const statement = describe(one);
    if (statement === null) return null;
    statements.push(statement);
  }
  return { statements, database, role };
}

/**
 * The rows that each statement of the message may change under this grant, or null when it does not cover the message. Every statement
 * must do what one of the approved ones did, or less: the same command and filter shape, no other effect, object, column or function.
 */
export function alikeRows(grant: Grant, message: GrantedMessage): number | null {
  const bounds = boundsOf(grant);
  if (bounds === null || !isSamePlace(bounds, message)) return null;
  const offer = alikeOffer(message.facts, message.place ?? { database: '', role: null });
  if (offer === null) return null;
  const isCovered = offer.statements.every((statement) =>
    bounds.statements.some((known) => isWithin(statement, known)),
  );
  return isCovered ? bounds.rows : null;
}

/** Bounds by grant: they are read once, however many statements are measured against them. */
const known = new WeakMap<Grant, AlikeBounds | null>();

function boundsOf(grant: Grant): AlikeBounds | null {
  if (grant.kind !== 'alike') return null;
  let bounds = known.get(grant);
  if (bounds === undefined) {
    const parsed = alikeBoundsSchema.safeParse(grant.bounds);
    bounds = parsed.success ? parsed.data : null;
    known.set(grant, bounds);
  }
  return bounds;
}

/** A caller that does not say where the message runs, in which run, and that rows can be counted, gets nothing. */
function isSamePlace(bounds: AlikeBounds, message: GrantedMessage): boolean {
  const { place } = message;
  return (
    place?.countsRows === true &&
    bounds.connectionId === message.connectionId &&
    bounds.connectionRevision === place.connectionRevision &&
    bounds.runId === place.runId &&
    bounds.database === place.database &&
    bounds.role === place.role
  );
}

function isWithin(statement: AlikeStatement, approved: AlikeStatement): boolean {
  return (
    statement.language === approved.language &&
    statement.kind === approved.kind &&
    statement.command === approved.command &&
    statement.filter === approved.filter &&
    isSubset(statement.effects, approved.effects) &&
    isSubset(statement.reads, approved.reads) &&
    isSubset(statement.writes, approved.writes) &&
    isSubset(statement.columns, approved.columns) &&
    isSubset(statement.functions, approved.functions)
  );
}

function isSubset(names: readonly string[], of: readonly string[]): boolean {
  return names.every((name) => of.includes(name));
}

function describe(facts: StatementFacts): AlikeStatement | null {
  if (!facts.complete || facts.kind === 'unknown' || facts.destructive || facts.nested.length > 0) return null;
  if (facts.filter === 'absent' || facts.filter === 'trivial') return null;
  const statement = {
    language: facts.language,
    kind: facts.kind,
    command: facts.command,
    filter: facts.filter,
    effects: sorted(
      facts.effects.map(
        ({ verb, object }) => `${verb} ${object === null ? '' : `${object.type} ${showObject(object)}`}`,
      ),
    ),
    reads: sorted(facts.reads.map(showObject)),
    writes: sorted(facts.writes.map(showObject)),
    columns: sorted(facts.columns.map(showColumn)),
    functions: sorted(facts.functions),
  };
  const lists = [statement.effects, statement.reads, statement.writes, statement.columns, statement.functions];
  return lists.every((list) => list.length <= maxAlikeNames) ? statement : null;
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
