import type { Actor } from '@sluice/domain';

/**
 * Whose sessions and approvals a caller without the wide permission sees: their own, and those of agents acting for them. An agent
 * sees its own only, not its owner's.
 */
export function ownIds(actor: Actor): readonly string[] {
  return [actor.id];
}

/** Whether something that `actorId` did for `ownerId` belongs to the caller. */
export function isOwn(actor: Actor, row: { readonly actorId: string; readonly ownerId: string | null }): boolean {
  return row.actorId === actor.id || row.ownerId === actor.id;
}

/** The names by which a rule can name a person as approver: their groups and their role. Service identities have none. */
export function approverNames(actor: Actor): readonly string[] {
  return actor.kind === 'person' ? [actor.role, ...actor.groups] : [];
}
