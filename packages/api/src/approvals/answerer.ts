import { type Db, listDelegationsTo } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { actorOfPerson } from '@sluice/identity';
import type { Answerer } from './eligibility.ts';

/** The caller with those in whose stead they may answer now. What was delegated to those is not passed on: a chain has one link. */
export async function answererOf(db: Db, actor: Actor, now: Date): Promise<Answerer> {
  if (actor.kind !== 'person') return { actor, standsInFor: [] };
  const delegations = await listDelegationsTo(db, actor.id, now);
  return { actor, standsInFor: delegations.map(({ fromPerson }) => actorOfPerson(fromPerson)) };
}
