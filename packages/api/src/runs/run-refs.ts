import { type Db, findRunNames } from '@sluice/database';
import { isId } from '@sluice/domain';
import { storedActor } from '../actor-views.ts';
import type { RunRef } from '../views.ts';

/**
 * The runs that stored actors worked in, by id, for pages that name them. Whoever sees what was done in a run sees what it was said to
 * be for: it stands on the recording too.
 */
export async function runsOf(
  db: Db,
  rows: readonly { readonly actor: unknown }[],
): Promise<ReadonlyMap<string, RunRef>> {
  const ids = new Set(rows.map((row) => runIdOf(row)).filter((id) => id !== null && isId(id)));
  if (ids.size === 0) return new Map();
  return new Map((await findRunNames(db, [...ids] as string[])).map((run) => [run.id, run]));
}

/** The run of one row, among those that were read. */
export function runOf(row: { readonly actor: unknown }, runs: ReadonlyMap<string, RunRef>): RunRef | null {
  const id = runIdOf(row);
  return id === null ? null : (runs.get(id) ?? null);
}

function runIdOf({ actor }: { readonly actor: unknown }): string | null {
  return storedActor(actor).runId;
}
