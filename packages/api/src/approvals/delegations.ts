/** Who answers in whose stead while somebody is away. */
import {
  createDelegation,
  type DelegationRow,
  endDelegation as endRow,
  findPerson,
  listDelegationsOf,
  listPossibleDelegates,
} from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { personActorView } from '../actor-views.ts';
import { notFound } from '../errors.ts';
import { id, nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import type { DelegationView } from '../views.ts';

/** Nobody is away for longer without arranging it anew. In ms. */
const maxDelegationMs = 90 * 24 * 3_600_000;

function toView(row: DelegationRow): DelegationView {
  return {
    id: row.id,
    from: personActorView(row.fromPerson),
    to: personActorView(row.toPerson),
    reason: row.reason,
    startsAt: row.startsAt,
    endsAt: row.endsAt,
  };
}

/** What the caller has arranged or was asked to stand in for, and to whom they could delegate. */
export const listDelegations = query({
  permission: 'approvals.decide',
  input: nothing,
  run: async ({ db, caller, now }) => ({
    items: (await listDelegationsOf(db, caller.actor.id, now)).map(toView),
    candidates: (await listPossibleDelegates(db, caller.actor.id)).map(personActorView),
  }),
});

/**
 * The caller is away: what rules ask of them is asked of somebody else too, for a time. It passes on what the caller may answer and
 * nothing else; who stands in never answers their own requests, and both together count once.
 */
export const delegateApprovals = mutation({
  permission: 'approvals.decide',
  input: z.strictObject({
    toPersonId: id,
    startsAt: z.date().optional(),
    endsAt: z.date(),
    reason: z.string().trim().max(500).default(''),
  }),
  run: async ({ input, tx, caller, now }) => {
    const startsAt = input.startsAt ?? now;
    if (input.endsAt <= now || input.endsAt <= startsAt || input.endsAt.getTime() - now.getTime() > maxDelegationMs)
      throw badRequest('The time must end after it begins, in the future, within 90 days.');
    if (caller.actor.kind !== 'person') throw badRequest('Only people delegate.');
    const to = await findPerson(tx, { id: input.toPersonId });
    if (to === null || to.disabledAt !== null) throw notFound('person');
    if (to.id === caller.actor.id) throw badRequest('You cannot stand in for yourself.');
    const row = await createDelegation(tx, {
      id: newId<'Delegation'>(),
      fromPersonId: caller.actor.id,
      toPersonId: to.id,
      reason: input.reason,
      startsAt,
      endsAt: input.endsAt,
    });
    if (row === null)
      throw new SluiceError('conflict', 'Somebody stands in for you in that time already.', {
        audience: 'person',
        hint: 'End that delegation first.',
      });
    return {
      output: toView(row),
      audit: {
        sentence: `let ${to.name} answer approvals in their stead until ${input.endsAt.toISOString()}`,
        subject: { type: 'person', id: to.id, name: to.name },
        after: { startsAt: startsAt.toISOString(), endsAt: input.endsAt.toISOString(), reason: input.reason },
      },
    };
  },
});

/** Whoever gave or got a delegation ends it before its time. What was answered under it stays answered. */
export const endDelegation = mutation({
  permission: 'approvals.decide',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, now }) => {
    const row = await endRow(tx, input.id, caller.actor.id, now);
    if (row === null) throw notFound('delegation');
    return {
      output: toView(row),
      audit: {
        sentence: `ended that ${row.toPerson.name} answers approvals in the stead of ${row.fromPerson.name}`,
        subject: { type: 'person', id: row.toPersonId, name: row.toPerson.name },
        before: { endsAt: row.endsAt.toISOString() },
        after: { endedAt: now.toISOString() },
      },
    };
  },
});

function badRequest(message: string): SluiceError {
  return new SluiceError('bad-request', message, { audience: 'person' });
}
