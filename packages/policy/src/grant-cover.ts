import { alikeGrantName, type Grant } from '@sluice/domain';
import { alikeRows } from './alike.ts';
import type { GrantedMessage } from './granted-message.ts';

export type GrantCover = (grant: Grant, message: GrantedMessage) => boolean;

/**
 * Whether a grant counts for a message. One without bounds counts for every statement; an `alike` grant never does without, because
 * that would be leave for everything. Bounds that nobody here can read cover nothing.
 */
export const grantCovers: GrantCover = (grant, message) =>
  grant.kind === 'alike'
    ? alikeRows(grant, message) !== null
    : // Whoever gave another sort of grant this name gave no leave for everything.
      grant.bounds === null && grant.name !== alikeGrantName;

/**
 * How many rows each statement of a message may change because it runs under `alike` grants: the most that one covering grant gives.
 * Null when none covers it.
 */
export function alikeCeiling(inForce: readonly Grant[], message: GrantedMessage): number | null {
  const rows = inForce.flatMap((grant) => alikeRows(grant, message) ?? []);
  return rows.length === 0 ? null : Math.max(...rows);
}

/** The names that rules see for one message. `inForce` are the grants that count at this moment. */
export function grantNamesFor(inForce: readonly Grant[], message: GrantedMessage): readonly string[] {
  if (inForce.length === 0) return noNames;
  return namesOf(inForce.filter((grant) => grantCovers(grant, message)));
}

/** The names that mask rules see: masks belong to a session, so grants that are bound to statements do not count. */
export function grantNamesAtOpening(inForce: readonly Grant[]): readonly string[] {
  return inForce.length === 0 ? noNames : namesOf(inForce.filter((grant) => grant.bounds === null));
}

const noNames: readonly string[] = [];

/** Sorted and without repetitions, so that equal sets make equal keys. */
function namesOf(grants: readonly Grant[]): readonly string[] {
  return [...new Set(grants.map(({ name }) => name))].sort();
}
