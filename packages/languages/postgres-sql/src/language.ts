/** The PostgreSQL language of Sluice: text and session state in, facts out. Pure; runs in the gateway's parse worker. */
import type { Language, ReadOutcome, StatementDescription, StatementFacts } from '@sluice/domain';
import { deparseSync } from 'pgsql-deparser';
import { analyseStatement, freshTrail, languageName } from './analyse.ts';
import type { PostgresCatalogue, PostgresSessionState } from './context.ts';
import { GrammarError, loadGrammar, parseStatements, type RawStatement } from './grammar.ts';
import { leadingComment } from './lexer.ts';
import { literalsOf } from './literals.ts';
import { Names } from './names.ts';
import { stateAfter } from './session-after.ts';
import { type SourceText, sourceText, utf8Length } from './source-text.ts';
import { canonicalJson } from './tree.ts';

/** Longest message that reaches the grammar. Longer ones are data more often than statements, and cost the worker most. Units: UTF-8 bytes. */
export const maxTextBytes = 256 * 1024;

export const postgresSql: Language = {
  name: languageName,
  load: loadGrammar,
  read: readMessage,
  readAlone: (text) => readMessage(text, { session: strangersSession, catalogue: null }),
  describe: describeMessage,
};

/** A session of which nothing is known: the statement stands inside another language's text and runs who knows where. */
const strangersSession: PostgresSessionState = {
  database: '',
  role: null,
  searchPath: null,
  prepared: {},
  cursors: {},
  touched: ['*'],
  temporaryObjectsKnown: false,
};

/** Throws only when the grammar's WebAssembly broke or hung up; the caller then throws the worker away. */
function readMessage(text: string, context: { readonly session: unknown; readonly catalogue: unknown }): ReadOutcome {
  const source = checkText(text);
  if ('reason' in source) return source;
  if (/^[ \t\n\r\f\v]*$/.test(text)) return { ok: true, statements: [] };
  let raw: readonly RawStatement[];
  try {
    raw = parseStatements(text);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    return {
      ok: false,
      reason: 'syntax',
      message: error.message,
      position: error.characterOffset === null ? null : codeUnitsOf(text, error.characterOffset) + 1,
    };
  }
  // The two shapes are this package's own; the port is typed `unknown` because each language has others.
  return {
    ok: true,
    statements: readAll(
      source,
      raw,
      context.session as PostgresSessionState,
      context.catalogue as PostgresCatalogue | null,
    ),
  };
}

/** UTF-16 length of a text's first characters. */
function codeUnitsOf(text: string, characters: number): number {
  let units = 0;
  for (let passed = 0; passed < characters && units < text.length; passed += 1)
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}

function checkText(text: string): SourceText | (ReadOutcome & { readonly ok: false }) {
  const refused = (reason: 'oversize' | 'refused', message: string): ReadOutcome & { readonly ok: false } => ({
    ok: false,
    reason,
    message,
    position: null,
  });
  // A code unit is at least one byte, so this spares counting what is too long anyway.
  if (text.length > maxTextBytes) return refused('oversize', `The text is longer than ${maxTextBytes} bytes.`);
  const bytes = utf8Length(text);
  if (bytes === null) return refused('refused', 'The text is not valid Unicode.');
  if (bytes > maxTextBytes) return refused('oversize', `The text is longer than ${maxTextBytes} bytes.`);
  // The grammar takes NUL for the end of the text, the server for an error.
  if (text.includes('\u0000')) return refused('refused', 'The text contains a NUL character.');
  return sourceText(text, bytes);
}

function readAll(
  source: SourceText,
  raw: readonly RawStatement[],
  session: PostgresSessionState,
  catalogue: PostgresCatalogue | null,
): readonly StatementFacts[] {
  const literals = literalsOf(source);
  const budget = { visited: 0, depth: 0 };
  const trail = freshTrail();
  const facts: StatementFacts[] = [];
  let state = session;
  for (const statement of raw) {
    const bounds = boundsOf(source, statement);
    const read = analyseStatement(statement.stmt, {
      names: new Names(state, catalogue),
      budget,
      source: { message: source, ...bounds },
      literals,
      trail,
    });
    facts.push(read);
    state = read.sessionEffects.reduce(stateAfter, state);
  }
  return facts;
}

/** White space as the server's scanner has it (scan.l): a no-break space or a byte-order mark is part of a name there. */
const leadingSpace = /^[ \t\n\r\f\v]+/;
const trailingSpace = /(?<![ \t\n\r\f\v])[ \t\n\r\f\v]+$/;

function boundsOf(
  source: SourceText,
  { stmt_location: location = 0, stmt_len: length }: RawStatement,
): { readonly start: number; readonly end: number } {
  const start = source.toCodeUnit(location);
  const end = length === undefined || length === 0 ? source.text.length : source.toCodeUnit(location + length);
  const written = source.text.slice(start, end);
  return {
    start: start + (written.length - written.replace(leadingSpace, '').length),
    end: start + written.replace(trailingSpace, '').length,
  };
}

/** Throws `GrammarError` when the text is not SQL: only a text that was read is described. */
function describeMessage(text: string): StatementDescription {
  const statements = parseStatements(text).map((statement) => statement.stmt);
  const tree = canonicalJson(statements);
  return { canonical: printed(statements, text), tree, comment: leadingComment(text) };
}

/** The deparser is for display only; where it cannot print a tree the text itself is shown. */
function printed(statements: readonly unknown[], text: string): string {
  try {
    return deparseSync(statements as Parameters<typeof deparseSync>[0], { pretty: true });
  } catch {
    return text;
  }
}
