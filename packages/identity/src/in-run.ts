import { type Database, findRun } from '@sluice/database';
import { isId, SluiceError } from '@sluice/domain';
import type { Caller } from './authenticate.ts';

/**
 * The caller in one of their own open runs, as a request's header names it. Programs only: a run is declared by whoever works in it. Throws
 * SluiceError `forbidden` where the run is not theirs or has ended, or where their token was issued for another one.
 */
export async function inRun(database: Database, caller: Caller, runId: string): Promise<Caller> {
  const { actor } = caller;
  if (caller.by !== 'api-token') throw noRun('Only programs that call with an API token work in a run.');
  const run = isId(runId) ? await findRun(database.db, runId) : null;
  if (run === null || (run.personId ?? run.serviceIdentityId) !== actor.id) throw noRun('This run is not yours.');
  if (run.endedAt !== null) throw noRun('This run has ended.');
  if (actor.runId !== null && actor.runId !== run.id) throw noRun('Your token was issued for another run.');
  return { ...caller, actor: { ...actor, runId: run.id } };
}

function noRun(message: string): SluiceError {
  return new SluiceError('forbidden', message, {
    audience: 'person',
    hint: 'Start one with `sluice run start`, or leave SLUICE_RUN unset.',
  });
}
