import type { Db, VisibleTo } from '@sluice/database';
import { listConnectionLabels } from '@sluice/database';
import type { Permission, Rights } from '@sluice/domain';
import { can } from '@sluice/domain';
import { type Caller, placeOf } from '@sluice/identity';

/**
 * Whose sessions and approvals a caller without the wide permission sees: their own, and those of agents acting for them or for a
 * team that they are in. An agent sees its own only, not its owner's.
 */
export function ownIds({ actor, groupIds }: Caller): readonly string[] {
  return [actor.id, ...groupIds];
}

/** Whether something that `actorId` did for `ownerId` belongs to the caller. */
export function isOwn(caller: Caller, row: { readonly actorId: string; readonly ownerId: string | null }): boolean {
  return row.actorId === caller.actor.id || (row.ownerId !== null && ownIds(caller).includes(row.ownerId));
}

/** The connections, deleted ones too, on which somebody holds a permission; null: it is held for all there is. */
export async function reachOf(db: Db, rights: Rights, permission: Permission): Promise<readonly string[] | null> {
  if (can(rights, permission, null).yes) return null;
  const places = (await listConnectionLabels(db)).map(placeOf);
  return places.filter((place) => can(rights, permission, place).yes).map(({ id }) => id);
}

/** What a caller sees of all sessions: their own, and those on connections where they hold `permission`; null: all. */
export async function visibleTo(db: Db, caller: Caller, permission: Permission): Promise<VisibleTo | null> {
  const connectionIds = await reachOf(db, caller.rights, permission);
  return connectionIds === null ? null : { actorIds: ownIds(caller), connectionIds };
}

/** What belongs to the caller, or is on a connection where they hold `permission`. */
export function maySeeRow(
  caller: Caller,
  permission: Permission,
  row: {
    readonly actorId: string;
    readonly ownerId: string | null;
    readonly connection: { readonly id: string; readonly labels: unknown };
  },
): boolean {
  return isOwn(caller, row) || can(caller.rights, permission, placeOf(row.connection)).yes;
}
