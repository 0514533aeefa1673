import type { RunCounts, RunRow } from '@sluice/database';
import { ownerOf } from '@sluice/identity';
import { personActorView } from '../actor-views.ts';
import type { RunView } from '../role-views.ts';
import type { ActorView } from '../views.ts';

const nothingDone: RunCounts = { sessions: 0, statements: 0, held: 0, denied: 0 };

export function toRunView(row: RunRow, counts: RunCounts | undefined): RunView {
  const { id, taskId, purpose, software, startedAt, endedAt } = row;
  return { id, taskId, purpose, software, startedAt, endedAt, actor: actorOf(row), ...(counts ?? nothingDone) };
}

/** The database holds that exactly one of the two declared it. */
function actorOf({ person, serviceIdentity }: RunRow): ActorView {
  if (person !== null) return personActorView(person);
  if (serviceIdentity === null) throw new Error('a run has an actor');
  const { id, name } = serviceIdentity;
  return { id, kind: 'service', name, role: 'agent', owner: ownerOf(serviceIdentity) };
}
