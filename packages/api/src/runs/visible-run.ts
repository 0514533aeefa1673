import type { Db, RunRow } from '@sluice/database';
import { findRun } from '@sluice/database';
import type { Caller } from '@sluice/identity';
import { notFound, refusedInput } from '../errors.ts';
import { ownIds } from '../visibility.ts';

/** The run if it is the caller's, of one of their agents or of their teams' agents, or `seesAll`. Throws SluiceError `not-found`. */
export async function visibleRun(db: Db, id: string, caller: Caller, seesAll: boolean): Promise<RunRow> {
  const row = await findRun(db, id);
  if (row === null) throw notFound('run');
  const agent = row.serviceIdentity;
  const owners = [row.personId, agent?.id, agent?.owner?.id, agent?.ownerGroup?.id];
  if (!(seesAll || ownIds(caller).some((own) => owners.includes(own)))) throw notFound('run');
  return row;
}

/** A run that the caller declared and that has not ended: nobody works in another's run. */
export async function openRunOf(db: Db, id: string, caller: Caller): Promise<RunRow> {
  const row = await findRun(db, id);
  if (row === null || (row.personId ?? row.serviceIdentityId) !== caller.actor.id) throw notFound('run');
  if (row.endedAt !== null) throw refusedInput('This run has ended.', 'Start another one: `sluice run start`.');
  return row;
}
