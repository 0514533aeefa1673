/** A message's text → the language that reads it → facts; and what this protocol refuses whatever policy says. */
import type { ReadOutcome } from '@sluice/domain';
import type { FactsReader } from '@sluice/wire-kit';
import type { SessionKnowledge } from './session-knowledge.ts';
import type { SessionTracker } from './session-state.ts';
import { isCarriedEncoding } from './startup-settings.ts';

export const languageName = 'postgres-sql';

/**
 * Reads a text under the session's state and the catalogue of this moment. Synchronous on a cache hit. `once`: a text of the gateway's
 * own, whose reading nobody asks for again.
 */
export function readFacts(
  text: string,
  facts: FactsReader,
  session: SessionTracker,
  knowledge: Pick<SessionKnowledge, 'catalogue'> | null,
  once = false,
): ReadOutcome | Promise<ReadOutcome> {
  const { session: state, key } = session.languageState(text);
  return facts.read({
    language: languageName,
    text,
    session: state,
    sessionKey: key,
    catalogue: knowledge?.catalogue() ?? null,
    once,
  });
}

/** Why a readable text cannot be carried: settings under which text means something else than what was read and masked. */
export function uncarriable(outcome: ReadOutcome): { readonly what: string; readonly because: string } | null {
  if (!outcome.ok) return null;
  for (const { sessionEffects } of outcome.statements) {
    for (const effect of sessionEffects) {
      if (effect.type !== 'set') continue;
      const value = typeof effect.value === 'string' ? effect.value : '';
      if (effect.name === 'client_encoding' && !isCarriedEncoding(value)) {
        return { what: 'SET client_encoding', because: 'Sluice reads and masks UTF-8 only' };
      }
      if (effect.name === 'standard_conforming_strings' && /^(off|false|no|0|f|n|of|fa.*)$/i.test(value)) {
        return {
          what: 'SET standard_conforming_strings',
          because: 'string literals would no longer mean what Sluice reads',
        };
      }
    }
  }
  return null;
}

/** True when running it turns the stream into COPY data from the client, or may. */
export function mayCopyIn(outcome: ReadOutcome): boolean {
  if (!outcome.ok) return true;
  return outcome.statements.some(
    ({ complete, sessionEffects }) =>
      !complete ||
      sessionEffects.some(
        (effect) => effect.type === 'unknown' || (effect.type === 'copy' && effect.direction !== 'out'),
      ),
  );
}

/** True when the target runs a part of it while it only parses it, or may. */
export function actsWhileParsed(
  outcome: ReadOutcome,
  knowledge: Pick<SessionKnowledge, 'hasActingDomains'> | null,
): boolean {
  // What nobody read may hold a literal of any type that there is.
  if (!outcome.ok) return knowledge?.hasActingDomains !== false;
  return outcome.statements.some(({ sessionEffects }) =>
    sessionEffects.some(({ type }) => type === 'acts-while-parsed'),
  );
}
