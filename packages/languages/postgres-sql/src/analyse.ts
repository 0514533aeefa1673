/** Puts the modules together: one statement's tree in, its facts out. */
import type { ColumnRef, LiteralSpan, ObjectRef, StatementFacts } from '@sluice/domain';
import {
  type Analysis,
  type Budget,
  type CallTrail,
  maxStatementNesting,
  ReadingLimit,
  type ReadingMode,
  type StatementText,
} from './analysis.ts';
import { type BodyReader, readFunction } from './bodies.ts';
import { callStored } from './calls.ts';
import { readChange } from './changes.ts';
import { commandName } from './command-names.ts';
import type { PostgresSessionState } from './context.ts';
import { readExpression } from './expressions.ts';
import { FactsBuilder } from './facts-builder.ts';
import { readFromItem } from './from-items.ts';
import { fingerprintOf, GrammarError, parseStatements } from './grammar.ts';
import { literalsBetween } from './literals.ts';
import { Names } from './names.ts';
import { unknownParts } from './node-table.ts';
import { readQuery } from './queries.ts';
import type { Scope } from './scope.ts';
import { stateAfter } from './session-after.ts';
import { statementReaders } from './statements.ts';
import { type Tree, unwrap } from './tree.ts';

export const languageName = 'postgres-sql';

/** What one statement's tree shares among all its parts. */
interface Shared {
  readonly names: Names;
  readonly budget: Budget;
  readonly nesting: number;
  readonly source: StatementText | null;
  readonly literals: readonly LiteralSpan[];
  readonly understood: Set<Tree>;
  readonly meanings: Analysis['meanings'];
  readonly relations: Map<Tree, ObjectRef>;
  readonly literalColumns: Map<number, ColumnRef>;
  readonly callColumns: Analysis['callColumns'];
  readonly planned: StatementFacts[];
  readonly reached: Set<string>;
  readonly outer: Scope | null;
  readonly trail: CallTrail;
}

/** The facts of one statement of a message. `statement` is the tagged tree. */
export function analyseStatement(
  statement: Tree,
  context: {
    readonly names: Names;
    readonly budget: Budget;
    readonly source: StatementText;
    readonly literals: readonly LiteralSpan[];
    readonly trail: CallTrail;
  },
): StatementFacts {
  return readRoot(statement, { ...context, ...freshTree(), nesting: 0, outer: null }, 'run');
}

/** No call is under way. */
export function freshTrail(): CallTrail {
  return { underWay: [], ledBackTo: Number.POSITIVE_INFINITY, bodies: 0, characters: 0, cut: false };
}

type OfTree = 'understood' | 'meanings' | 'relations' | 'literalColumns' | 'callColumns' | 'planned' | 'reached';

function freshTree(): Pick<Shared, OfTree> {
  return {
    understood: new Set(),
    meanings: new Map(),
    relations: new Map(),
    literalColumns: new Map(),
    callColumns: new Map(),
    planned: [],
    reached: new Set(),
  };
}

/** Reads a whole tree, and checks afterwards that no part of it was passed over. */
function readRoot(statement: Tree, shared: Shared, mode: ReadingMode): StatementFacts {
  const facts = new FactsBuilder();
  const depth = shared.budget.depth;
  let beyond = false;
  try {
    readInto(statement, shared, facts, mode);
    noteSilentCasts(analysisOf(shared, facts, mode));
    const unknown = unknownParts(statement, shared.understood);
    if (unknown !== null) facts.incomplete(unknown);
    if (mayActWhileParsed(shared, facts)) facts.session({ type: 'acts-while-parsed' });
  } catch (error) {
    // An overflow of the reading's own recursion (the grammar's is a GrammarBroken) leaves nothing behind that could hurt.
    if (!(error instanceof ReadingLimit) && !(error instanceof RangeError)) throw error;
    shared.budget.depth = depth;
    beyond = true;
    facts.raise('unknown');
    facts.incomplete(error instanceof ReadingLimit ? error.message : 'is nested deeper than Sluice reads');
  }
  return finish(
    facts,
    shared,
    // What is nested too deep for the reading could overflow the fingerprint's recursion, which would break the grammar.
    shared.source === null || beyond
      ? ''
      : fingerprintOf(shared.source.message.text.slice(shared.source.start, shared.source.end)),
  );
}

/**
 * True when the target may run a function for a text literal while the statement is only parsed: a type's input function does that for
 * a domain inside an array, row or range. Which type a literal takes is known where no function of people's own has a say in it.
 */
function mayActWhileParsed(shared: Shared, facts: FactsBuilder): boolean {
  const { names, source } = shared;
  // Texts inside other texts are parsed when the outer one runs.
  if (source === null || !hasTexts(shared)) return false;
  if (!names.hasCatalogue) return true;
  const proved = facts.incompleteBecause === null && !facts.checksTexts;
  if (names.isMoving && !proved) return true;
  return (
    names.hasActingTypes &&
    (!proved || [...facts.functions].some((name) => !/^(pg_catalog|information_schema)\./.test(name)))
  );
}

/** True when a literal in quotes stands in the statement, or may. */
function hasTexts({ source, literals }: Shared): boolean {
  if (source === null) return true;
  const { text } = source.message;
  return literals.some(
    ({ start, end }) => start >= source.start && end <= source.end && !/[\d.]/.test(text.charAt(start)),
  );
}

function finish(facts: FactsBuilder, shared: Shared, fingerprint: string): StatementFacts {
  const { source } = shared;
  const bounds = source ?? { start: 0, end: 0 };
  const literals =
    source === null ? [] : literalsBetween(source.message, shared.literals, source, shared.literalColumns);
  const { start, end } = bounds;
  return facts.finish({
    language: languageName,
    start,
    end,
    fingerprint,
    literals,
    hasTexts: facts.checksTexts && hasTexts(shared),
  });
}

function readInto(statement: Tree, shared: Shared, facts: FactsBuilder, mode: ReadingMode): void {
  const { tag, node } = unwrap(statement);
  facts.command = commandName(tag, node);
  const reader = statementReaders[tag];
  if (reader === undefined) {
    facts.raise('unknown');
    facts.incomplete('is a statement of a kind that Sluice does not read');
  } else reader(analysisOf(shared, facts, mode), node);
  noteMadeValues(analysisOf(shared, facts, mode));
  noteMovedNames(facts);
}

/** What has no type of its own may become a value of a type that a column has, which runs its checks. */
function noteMadeValues(a: Analysis): void {
  if (!a.facts.makesValues) return;
  const functions = [...a.facts.columnTypes].flatMap((type) => [...a.names.typeFunctions(type)]);
  callStored(a, [...new Set(functions)]);
}

/** The statement's own names are settled before it runs; a body's are looked up when it is called, after what ran before it. */
function noteMovedNames(facts: FactsBuilder): void {
  const { called, moving, movesItself } = facts;
  if ((movesItself && called.size > 0) || (moving.size > 0 && called.size > 1))
    facts.incomplete('calls a function after names may have come to mean something else');
}

function analysisOf(shared: Shared, facts: FactsBuilder, mode: ReadingMode): Analysis {
  const self: Analysis = {
    ...shared,
    facts,
    mode,
    expression: (value, scope) => readExpression(self, value, scope),
    query: (node, scope) => readQuery(self, node, scope),
    change: (tag, node, scope) => readChange(self, tag, node, scope),
    fromItem: (item, scope) => readFromItem(self, item, scope),
    stored: (read) => {
      const stored = new FactsBuilder();
      read(analysisOf(shared, stored, 'store'));
      facts.absorbNames(finish(stored, { ...shared, source: null }, ''));
    },
    inner: (statement, options = {}) => {
      const inner = new FactsBuilder();
      if (shared.nesting >= maxStatementNesting) throw new ReadingLimit('is nested deeper than Sluice reads');
      readInto(statement, { ...shared, nesting: shared.nesting + 1 }, inner, options.mode ?? mode);
      return finish(inner, shared, '');
    },
    foreign: (text) => readForeign(text, shared, mode),
    functionFacts: (called) => readFunction(called, shared.names, shared.trail, bodyReader(shared)),
  };
  return self;
}

/** Casts outside pg_catalog that the server applies by itself may run in any statement that handles values. */
function noteSilentCasts(a: Analysis): void {
  const casts = a.names.silentCasts();
  if (casts.length > 0 && a.facts.kind !== 'session') callStored(a, casts);
}

/** Bodies are texts of their own: with names, budget and literals of their own, and the message's trail of calls. */
function bodyReader(shared: Shared): BodyReader {
  const inside = (session: PostgresSessionState, outer: Scope | null): Shared => ({
    ...freshTree(),
    names: new Names(session, shared.names.catalogue),
    budget: { visited: 0, depth: 0 },
    nesting: shared.nesting,
    source: null,
    literals: [],
    outer,
    trail: shared.trail,
  });
  return {
    statements: (text, session, outer) => {
      const facts: StatementFacts[] = [];
      let state = session;
      try {
        for (const { stmt } of parseStatements(text)) {
          const read = readRoot(stmt, inside(state, outer), 'run');
          facts.push(read);
          state = read.sessionEffects.reduce(stateAfter, state);
        }
      } catch (error) {
        if (error instanceof GrammarError) return null;
        throw error;
      }
      return facts;
    },
    collect: (session, outer, read) => {
      const facts = new FactsBuilder();
      const within = inside(session, outer);
      try {
        read(analysisOf(within, facts, 'run'));
      } catch (error) {
        if (!(error instanceof ReadingLimit) && !(error instanceof RangeError)) throw error;
        facts.raise('unknown');
        facts.incomplete('calls a function whose body is larger or deeper than Sluice reads');
      }
      return finish(facts, within, '');
    },
  };
}

/** The facts of another text's only statement; null when it has none, several, or is not SQL. Its literals are not this message's. */
function readForeign(text: string, shared: Shared, mode: ReadingMode): StatementFacts | null {
  if (shared.nesting >= maxStatementNesting) throw new ReadingLimit('is nested deeper than Sluice reads');
  if (text === '' || text.includes('\u0000')) return null;
  try {
    const [statement, ...others] = parseStatements(text);
    if (statement === undefined || others.length > 0) return null;
    const facts = readRoot(
      statement.stmt,
      { ...shared, ...freshTree(), source: null, nesting: shared.nesting + 1 },
      mode,
    );
    const { source } = shared;
    return source === null ? facts : { ...facts, start: source.start, end: source.end };
  } catch (error) {
    if (error instanceof GrammarError) return null;
    throw error;
  }
}
