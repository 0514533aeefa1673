/** Facts for tests that are about the wire and not about the language: every text is one complete read. */
import type { ReadOutcome, SessionEffect, StatementFacts } from '@sluice/domain';
import type { FactsReader } from '@sluice/wire-kit';
import { languageName } from '../facts.ts';

/** `effects` by text, for what the relay acts on. */
export function plainFacts(effects: (text: string) => readonly SessionEffect[] = () => []): FactsReader {
  const cache = new Map<string, ReadOutcome>();
  return {
    read: ({ text }) => {
      const known = cache.get(text);
      if (known !== undefined) return known;
      const outcome: ReadOutcome = { ok: true, statements: [plainStatement(text, effects(text))] };
      cache.set(text, outcome);
      return outcome;
    },
  };
}

export function plainStatement(text: string, sessionEffects: readonly SessionEffect[]): StatementFacts {
  return {
    language: languageName,
    kind: 'read',
    complete: true,
    incompleteBecause: null,
    command: 'SELECT',
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
    sessionEffects,
  };
}
