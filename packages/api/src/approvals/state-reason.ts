import { changeWaiting, findApproval, lockApproval } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { answererOf } from './answerer.ts';
import { acceptedTicket, maySee, mayState, toApprovalDetail } from './approval-views.ts';

const words = (most: number) => z.string().trim().min(1).max(most);

/**
 * The requester, or the owner of the agent that asked, says why. Nothing that was said changes once somebody has decided: they may
 * have relied on it.
 */
export const stateReason = mutation({
  permission: 'approvals.decide',
  input: z
    .strictObject({ id, reason: words(1_000).optional(), ticket: words(100).optional() })
    .refine(({ reason, ticket }) => reason !== undefined || ticket !== undefined, 'give a reason, a ticket or both'),
  run: async ({ input, tx, caller, now }) => {
    const viewer = await answererOf(tx, caller, now);
    const row = await lockApproval(tx, input.id);
    if (row === null || !maySee(viewer, row, now)) throw notFound('approval');
    if (!mayState(viewer, row, now))
      throw new SluiceError('forbidden', 'Only who asked for it can say why, and only before anybody has decided.', {
        audience: 'person',
      });
    const ticket = acceptedTicket(row, input.ticket ?? null);
    if (input.ticket !== undefined && ticket === null)
      throw new SluiceError('bad-request', 'The ticket has not the form that the rule asks for.', {
        audience: 'person',
        hint: 'Copy the ticket’s name as it stands in the ticket system.',
      });
    await changeWaiting(tx, row.id, {
      ...(input.reason === undefined ? {} : { statedReason: input.reason }),
      ...(ticket === null ? {} : { statedTicket: ticket }),
    });
    const after = (await findApproval(tx, row.id)) ?? row;
    return {
      output: await toApprovalDetail(tx, after, viewer, now),
      audit: {
        sentence: `said why ${row.command} on ${row.connection.name} is asked for`,
        subject: { type: 'approval', id: row.id, name: row.command },
        before: { reason: row.statedReason, ticket: row.statedTicket },
        after: { reason: after.statedReason, ticket: after.statedTicket },
      },
    };
  },
});
