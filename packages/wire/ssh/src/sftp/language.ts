/** The texts of file operations, for the parse worker: approvals are bound to them, and what was recorded can be read again. */
import type { Language } from '@sluice/domain';
import { factsOf, operationOf, sftpLanguageName } from './operations.ts';

export const sftpLanguage: Language = {
  name: sftpLanguageName,
  load: () => Promise.resolve(),
  read: (text) => {
    const operation = operationOf(text);
    return operation === null
      ? { ok: false, reason: 'syntax', message: 'it is no file operation', position: null }
      : { ok: true, statements: [factsOf(operation)] };
  },
  // A file operation has one way to be written, so its text is its tree.
  describe: (text) => ({ canonical: text, tree: JSON.stringify(text), comment: null }),
};
