/** `forward "db.internal:5432"`: a connection onwards as a statement, whose content no language reads. */
import { type Language, type ObjectRef, type StatementFacts, unreadableFacts } from '@sluice/domain';
import { type Destination, destinationOf, showDestination } from './destinations.ts';

export const forwardLanguageName = 'forward';
const textForm = /^forward "([^"\\]+)"$/;

export function textOf(destination: Destination): string {
  return `forward "${showDestination(destination)}"`;
}

/** Where it goes is known, and a rule may name it; what goes through is not, so that it is never complete. */
export function factsOf(destination: Destination): StatementFacts {
  const name = showDestination(destination);
  const object: ObjectRef = { type: 'other', schema: null, name };
  const text = textOf(destination);
  return {
    ...unreadableFacts(forwardLanguageName, text, 'what goes through a forwarded connection is not read'),
    kind: 'procedure',
    command: 'FORWARD',
    effects: [{ verb: 'call', object }],
    writes: [object],
    fingerprint: text,
  };
}

export const forwardLanguage: Language = {
  name: forwardLanguageName,
  load: () => Promise.resolve(),
  read: (text) => {
    const destination = destinationOf(textForm.exec(text)?.[1] ?? '');
    return destination === null
      ? { ok: false, reason: 'syntax', message: 'it names no destination', position: null }
      : { ok: true, statements: [factsOf(destination)] };
  },
  // It has one way to be written, so its text is its tree.
  describe: (text) => ({ canonical: text, tree: JSON.stringify(text), comment: null }),
};
