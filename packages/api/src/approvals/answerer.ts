import { type Db, listDelegationsTo } from '@sluice/database';
import type { Actor, Rights } from '@sluice/domain';
import { noRights } from '@sluice/domain';
import { actorOfPerson, type Caller, rightsOfPeople } from '@sluice/identity';

/** Somebody whose consent an approval may ask for, and what they may do. */
export interface Seat {
  readonly actor: Actor;
  readonly rights: Rights;
}

/** Somebody who may answer: the person, and those who are away and delegated to them. */
export interface Answerer {
  readonly caller: Caller;
  readonly actor: Actor;
  readonly standsInFor: readonly Seat[];
}

/** The caller with those in whose stead they may answer now. What was delegated to those is not passed on: a chain has one link. */
export async function answererOf(db: Db, caller: Caller, now: Date): Promise<Answerer> {
  const { actor } = caller;
  if (actor.kind !== 'person') return { caller, actor, standsInFor: [] };
  const away = (await listDelegationsTo(db, actor.id, now)).map(({ fromPerson }) => fromPerson);
  if (away.length === 0) return { caller, actor, standsInFor: [] };
  const rights = await rightsOfPeople(db, away, now);
  return {
    caller,
    actor,
    standsInFor: away.map((person) => ({ actor: actorOfPerson(person), rights: rights.get(person.id) ?? noRights })),
  };
}

/** The person's own seat first, then those in whose stead they answer. */
export function seatsOf({ caller, actor, standsInFor }: Answerer): readonly Seat[] {
  return [{ actor, rights: caller.rights }, ...standsInFor];
}
