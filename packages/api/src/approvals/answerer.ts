import { type Db, listDelegationsTo } from '@sluice/database';
import { actorOfPerson, type Caller } from '@sluice/identity';
import type { Answerer } from './eligibility.ts';

/** The caller with those in whose stead they may answer now. What was delegated to those is not passed on: a chain has one link. */
export async function answererOf(db: Db, caller: Caller, now: Date): Promise<Answerer> {
  const { actor } = caller;
  if (actor.kind !== 'person') return { caller, actor, standsInFor: [] };
  const delegations = await listDelegationsTo(db, actor.id, now);
  return { caller, actor, standsInFor: delegations.map(({ fromPerson }) => actorOfPerson(fromPerson)) };
}
