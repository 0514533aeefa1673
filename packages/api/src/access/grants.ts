/** Grants that are in force, and their early end. */
import { findGrant, type GrantRow, listGrantsInForce, revokeGrant as revokeRow } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { onlyStanding } from '@sluice/identity';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import { tellAccessEvent } from './access-events.ts';
import { actsFor, toGrantView } from './access-views.ts';

const listed = 500;

/** Everybody's for who may read access; else the caller's own and their agents'. */
export const listGrants = query({
  permission: 'connections.read',
  input: z.strictObject({ connectionId: id.optional() }).optional(),
  run: async ({ input, db, caller, may, now }) => {
    const rows = await onlyStanding(db, await listGrantsInForce(db, { now }, listed), now);
    return rows
      .filter((row) => may('access.read') || isHolder(row, caller.actor))
      .filter((row) => input?.connectionId === undefined || row.connectionId === input.connectionId)
      .map(toGrantView);
  },
});

/** Ends a grant early: by its holder, its holder's owner, or who may change access. Live sessions hear of it within two seconds. */
export const revokeGrant = mutation({
  permission: 'access.request',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, may, now }) => {
    const row = await findGrant(tx, input.id);
    if (row === null || !(may('access.write') || isHolder(row, caller.actor))) throw notFound('grant');
    if (!(await revokeRow(tx, row.id, caller.actor.kind === 'person' ? caller.actor.id : null, now)))
      throw new SluiceError('conflict', 'It has ended already.', { audience: 'person', hint: 'Reload the list.' });
    if (row.kind === 'break-glass') await tellAccessEvent(tx, 'glass-closed', row.id);
    const view = toGrantView(row);
    return {
      output: { id: row.id },
      audit: {
        sentence: `ended ${view.holder.name}'s grant ${row.name} on ${view.connection?.name ?? view.chosen ?? ''}`,
        subject: { type: 'grant', id: row.id, name: row.name },
        before: { expiresAt: row.expiresAt },
        after: { revokedAt: now },
      },
    };
  },
});

function isHolder(row: Pick<GrantRow, 'personId' | 'serviceIdentity'>, actor: Actor): boolean {
  return row.personId === actor.id || row.serviceIdentity?.id === actor.id || actsFor(row.serviceIdentity, actor);
}
