import type { Grant, StatementFacts } from '@sluice/domain';

/** What a grant's bounds are measured against: one wire message, whole. */
export interface GrantedMessage {
  readonly connectionId: string;
  readonly facts: readonly StatementFacts[];
}

export type GrantCover = (grant: Grant, message: GrantedMessage) => boolean;

/**
 * Whether a grant counts for a message. One without bounds counts for every statement; an `alike` grant never does without, because
 * that would be leave for everything. Bounds that nobody here can read cover nothing.
 */
export const grantCovers: GrantCover = (grant) => grant.kind !== 'alike' && grant.bounds === null;

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
