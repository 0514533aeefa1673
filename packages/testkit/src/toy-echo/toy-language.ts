import type { Language, LiteralSpan, ObjectRef, ReadOutcome, StatementFacts } from '@sluice/domain';
import { z } from 'zod';

export const toyLanguageName = 'toy';

const stateSchema = z.object({ refused: z.string() });
/** `column='value'`: the only literal that the language knows. */
const assignment = /(\w+)='([^']*)'/g;
const toyRelation: ObjectRef = { type: 'relation', schema: null, name: 'toy' };

/** `echo …` reads, `write …` changes what it names, `drop …` destroys; every other line is a syntax error. `[…]` is a comment. */
export const toyLanguage: Language = {
  name: toyLanguageName,
  load: () => Promise.resolve(),
  read: (text, { session }) => readLine(text, stateSchema.parse(session).refused),
  describe: (text) => {
    const words = text.trim().split(/\s+/);
    return { canonical: words.join(' '), tree: JSON.stringify(words), comment: /\[([^\]]*)\]/.exec(text)?.[1] ?? null };
  },
};

function readLine(text: string, refused: string): ReadOutcome {
  const [verb = '', ...rest] = text.trim().split(/\s+/);
  if (rest.some((word) => word.includes(refused))) {
    return { ok: false, reason: 'refused', message: 'it holds the refused word', position: text.indexOf(refused) + 1 };
  }
  switch (verb) {
    case 'echo':
      return { ok: true, statements: [facts(text, { kind: 'read', command: 'ECHO', verb: 'read' })] };
    case 'write':
      return { ok: true, statements: [facts(text, { kind: 'write', command: 'WRITE', verb: 'update' })] };
    case 'drop':
      return { ok: true, statements: [facts(text, { kind: 'schema', command: 'DROP', verb: 'drop' })] };
    default:
      return { ok: false, reason: 'syntax', message: 'a line begins with echo, write or drop', position: 1 };
  }
}

function facts(
  text: string,
  line: {
    readonly kind: 'read' | 'write' | 'schema';
    readonly command: string;
    readonly verb: 'read' | 'update' | 'drop';
  },
): StatementFacts {
  const literals = [...text.matchAll(assignment)].map(literalOf);
  const columns = literals.flatMap((literal) => (literal.column === null ? [] : [literal.column]));
  const touched = columns.length === 0 && line.kind === 'read' ? [] : [toyRelation];
  const drops = line.verb === 'drop';
  return {
    language: toyLanguageName,
    kind: line.kind,
    complete: true,
    incompleteBecause: null,
    command: line.command,
    effects: [{ verb: line.verb, object: touched[0] ?? null }],
    reads: line.kind === 'read' ? touched : [],
    writes: line.kind === 'read' ? [] : touched,
    columns,
    functions: [],
    filter: line.verb === 'update' ? 'present' : 'not-applicable',
    filterBecause: null,
    destructive: drops,
    destructiveBecause: drops ? 'it drops' : null,
    outputs: [{ known: true, direct: false, columns, wholeRows: [] }],
    nested: [],
    fingerprint: line.command,
    start: 0,
    end: text.length,
    literals,
    sessionEffects: [],
  };
}

function literalOf(match: RegExpExecArray): LiteralSpan {
  const [whole, column = '', value = ''] = match;
  const end = match.index + whole.length;
  const start = end - value.length - 2;
  return { start, end, value, column: { schema: null, relation: toyRelation.name, column } };
}
