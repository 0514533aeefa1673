import type { Db } from '@sluice/database';
import { findPerson, findServiceIdentity } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { notFound } from '../errors.ts';

export interface Identity {
  readonly kind: 'person' | 'service';
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  /** Whether it is the caller, or an agent of the caller. */
  readonly own: boolean;
}

/** The person or agent of an id. Throws SluiceError `not-found` when there is none, or it is neither the caller's nor `seesAll`. */
export async function visibleIdentity(db: Db, id: string, actor: Actor, seesAll: boolean): Promise<Identity> {
  const found = (await personOf(db, id, actor)) ?? (await agentOf(db, id, actor));
  if (found === null || !(seesAll || found.own)) throw notFound('person or agent');
  return found;
}

async function personOf(db: Db, id: string, actor: Actor): Promise<Identity | null> {
  const row = await findPerson(db, { id });
  if (row === null) return null;
  return { kind: 'person', id, name: row.name, active: row.disabledAt === null, own: id === actor.id };
}

async function agentOf(db: Db, id: string, actor: Actor): Promise<Identity | null> {
  const row = await findServiceIdentity(db, { id });
  if (row === null) return null;
  const active = row.disabledAt === null && row.owner.disabledAt === null;
  return { kind: 'service', id, name: row.name, active, own: row.ownerId === actor.id };
}
