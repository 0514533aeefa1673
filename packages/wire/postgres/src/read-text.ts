/** A text read as a new session would read it, for those who ask what policy says of it. */
import type { ReadText, ReadTextRequest } from '@sluice/wire-kit';
import { languageName, readFacts, uncarriable } from './facts.ts';
import type { PostgresKnowledge } from './knowledge.ts';
import { SessionTracker, sessionStateText } from './session-state.ts';
import { StatementTable } from './statement-table.ts';
import { dialTarget } from './target-side.ts';

/** Asks the target for nothing but a session's state and, where it is old, the catalogue. */
export async function readText(request: ReadTextRequest<PostgresKnowledge>): Promise<ReadText> {
  const { text, dial, knowledge, facts } = request;
  const { database } = dial.options;
  const session = new SessionTracker(typeof database === 'string' ? database : '', new StatementTable());
  const target = await dialTarget(dial);
  try {
    session.learn((await target.query(sessionStateText))[0] ?? null);
  } finally {
    await target.close();
  }
  const outcome = await readFacts(text, facts, session, knowledge);
  const forbidden = uncarriable(outcome);
  return {
    language: languageName,
    outcome,
    state: session.state(),
    uncarried: forbidden === null ? null : `${forbidden.what}: ${forbidden.because}`,
  };
}
