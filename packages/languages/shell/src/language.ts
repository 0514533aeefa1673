/** The shell language of Sluice: text and session state in, facts out. Pure; runs in the gateway's parse worker. */
import { type Language, type ReadOutcome, type StatementDescription, unreadableFacts } from '@sluice/domain';
import { GrammarError, loadGrammar, parseText, printTree, TooDeep } from './grammar.ts';

export const languageName = 'shell';

/**
 * Longest text that is read. Units: UTF-8 bytes. Linux takes no longer argument (MAX_ARG_STRLEN), so a server could not hand a longer
 * one to `sh -c`.
 */
export const maxTextBytes = 128 * 1024;

export const shell: Language = {
  name: languageName,
  load: loadGrammar,
  read: readText,
  describe: describeText,
};

function readText(text: string): ReadOutcome {
  try {
    parseText(text);
  } catch (error) {
    if (error instanceof GrammarError) return { ok: false, reason: 'syntax', message: error.message, position: null };
    if (error instanceof TooDeep) return { ok: false, reason: 'refused', message: error.message, position: null };
    throw error;
  }
  return { ok: true, statements: [unreadableFacts(languageName, text, 'its programs are not read yet')] };
}

function describeText(text: string): StatementDescription {
  return { canonical: printTree(parseText(text)), tree: JSON.stringify(text), comment: null };
}
