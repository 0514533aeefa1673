/** The shell language of Sluice: text and session state in, facts out. Pure; runs in the gateway's parse worker. */
import type { Language, LanguageContext, ReadOutcome, StatementDescription, StatementFacts } from '@sluice/domain';
import { unknown } from './abstract.ts';
import { convertText, NotUnderstood } from './convert.ts';
import { FactsBuilder } from './facts-builder.ts';
import { fingerprintOf } from './fingerprint.ts';
import { GrammarError, loadGrammar, parseText, printTree, TooDeep } from './grammar.ts';
import { literalsOf } from './literals.ts';
import { Runner } from './runner.ts';
import type { ShellSession } from './session.ts';
import { codeUnits } from './source-text.ts';
import { State } from './state.ts';
import type { ShellText } from './syntax-tree.ts';

export const languageName = 'shell';

/**
 * Longest text that is read. Units: UTF-8 bytes. Linux takes no longer argument (MAX_ARG_STRLEN), so a server could not hand a longer
 * one to `sh -c`.
 */
export const maxTextBytes = 128 * 1024;
/** Brackets that are open at once; the grammar's own stack ends at some thousands. */
const maxOpenBrackets = 500;

export const shell: Language = {
  name: languageName,
  load: loadGrammar,
  read: readText,
  describe: describeText,
};

const nothingKnown: ShellSession = { user: null, home: null, cwd: null, shell: null };

function readText(text: string, context: LanguageContext): ReadOutcome {
  const unfit = unfitBecause(text);
  if (unfit !== null) return { ok: false, ...unfit, position: null };
  // The shape is this package's own; the port is typed `unknown` because each language has others.
  const session = { ...nothingKnown, ...(context.session as ShellSession | null) };
  const parsed = parseSafely(text);
  if ('ok' in parsed) return parsed;
  const readNested = context.readNested ?? (() => null);
  return { ok: true, statements: readStatements(text, parsed, session, readNested) };
}

function unfitBecause(text: string): { readonly reason: 'oversize' | 'refused'; readonly message: string } | null {
  const oversize = { reason: 'oversize', message: `The text is longer than ${maxTextBytes} bytes.` } as const;
  if (text.length > maxTextBytes) return oversize;
  const { bytes } = codeUnits(text);
  if (bytes === null) return { reason: 'refused', message: 'The text is not valid Unicode.' };
  if (bytes > maxTextBytes) return oversize;
  if (text.includes('\u0000')) return { reason: 'refused', message: 'The text contains a NUL character.' };
  // Shells differ in where such a line ends.
  if (/\r(?!\n)|\r\n/.test(text)) return { reason: 'refused', message: 'The text contains a carriage return.' };
  if (openBrackets(text) > maxOpenBrackets) return { reason: 'refused', message: 'The text is nested too deeply.' };
  return null;
}

/** At most how many brackets, braces and substitutions can be open at once; quotes are not looked at, so it may be fewer. */
function openBrackets(text: string): number {
  let open = 0;
  let most = 0;
  for (const character of text) {
    if (character === '(' || character === '{' || character === '[') open += 1;
    else if ((character === ')' || character === '}' || character === ']') && open > 0) open -= 1;
    if (open > most) most = open;
  }
  return most;
}

function parseSafely(text: string): ShellText | (ReadOutcome & { readonly ok: false }) {
  try {
    return convertText(parseText(text).root, codeUnits(text).at);
  } catch (error) {
    if (error instanceof GrammarError) {
      const { byteOffset } = error;
      const position = byteOffset === null ? null : codeUnits(text).at(byteOffset) + 1;
      return { ok: false, reason: 'syntax', message: error.message, position };
    }
    if (error instanceof TooDeep || error instanceof NotUnderstood || error instanceof RangeError)
      return { ok: false, reason: 'refused', message: `The text cannot be read: ${error.message}.`, position: null };
    throw error;
  }
}

function readStatements(
  text: string,
  parsed: ShellText,
  session: ShellSession,
  readNested: NonNullable<LanguageContext['readNested']>,
): readonly StatementFacts[] {
  const runner = new Runner({
    session,
    parse: (inner) => {
      if (unfitBecause(inner) !== null) return null;
      const outcome = parseSafely(inner);
      return 'ok' in outcome ? null : outcome.statements;
    },
    readNested,
  });
  const state = State.opening(session);
  return parsed.statements.map((statement) => {
    runner.facts = new FactsBuilder();
    if (!isBourne(session.shell)) runner.incomplete('the shell that reads it has another grammar');
    const before = state.folders;
    runner.statement(statement, state, unknown);
    state.folders = [...new Set([...state.folders, ...before])];
    const lasting = session.standing === true ? state.lasting() : null;
    if (lasting !== null) runner.incomplete(lasting);
    runner.facts.literals.push(...literalsOf(statement, text));
    return runner.facts.finish({
      language: languageName,
      start: statement.start,
      end: statement.end,
      fingerprint: fingerprintOf(statement),
    });
  });
}

/** Shells that read a text as this grammar does, but for the differences that the reading knows of. */
function isBourne(shell: string | null): boolean {
  return shell === null || /^(.*\/)?(sh|bash|dash|ash|ksh|mksh|zsh|busybox)$/.test(shell);
}

/** Throws where the text is no shell text: only a text that was read is described. */
function describeText(text: string): StatementDescription {
  const parsed = parseText(text);
  const { statements, comment } = convertText(parsed.root, (offset) => offset);
  return { canonical: printTree(parsed).trim(), tree: canonicalTree(statements), comment };
}

/** The tree without positions, keys in order. */
function canonicalTree(statements: ShellText['statements']): string {
  return JSON.stringify(statements, (key, value: unknown) => {
    if (key === 'start' || key === 'end') return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
