import type { Db } from '@sluice/database';
import { findPerson, findServiceIdentity } from '@sluice/database';
import { agentIsActive, type Caller, ownerOf } from '@sluice/identity';
import { notFound } from '../errors.ts';
import { ownIds } from '../visibility.ts';

export interface Identity {
  readonly kind: 'person' | 'service';
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  /** Whether it is the caller, or an agent of the caller or of a team that the caller is in. */
  readonly own: boolean;
}

/** The person or agent of an id. Throws SluiceError `not-found` when there is none, or it is neither the caller's nor `seesAll`. */
export async function visibleIdentity(db: Db, id: string, caller: Caller, seesAll: boolean): Promise<Identity> {
  const found = (await personOf(db, id, caller)) ?? (await agentOf(db, id, caller));
  if (found === null || !(seesAll || found.own)) throw notFound('person or agent');
  return found;
}

async function personOf(db: Db, id: string, caller: Caller): Promise<Identity | null> {
  const row = await findPerson(db, { id });
  if (row === null) return null;
  return { kind: 'person', id, name: row.name, active: row.disabledAt === null, own: id === caller.actor.id };
}

async function agentOf(db: Db, id: string, caller: Caller): Promise<Identity | null> {
  const row = await findServiceIdentity(db, { id });
  if (row === null) return null;
  const active = agentIsActive(row, new Date());
  return { kind: 'service', id, name: row.name, active, own: ownIds(caller).includes(ownerOf(row).id) };
}
