import { createDecision, findApproval, lockApproval, moveApproval } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { maySee, toApprovalDetail } from './approval-views.ts';
import { mayAnswer, settledSentence, stateOf } from './eligibility.ts';

/**
 * Answers a hold. One denial ends it; it is approved when as many distinct people as the rule asks for have approved. The row is
 * locked, so answers that come together are judged one after the other.
 */
export const decideApproval = mutation({
  permission: 'approvals.decide',
  input: z.strictObject({ id, outcome: z.enum(['approve', 'deny']), comment: z.string().trim().max(2_000).optional() }),
  run: async ({ input, tx, caller, may, now }) => {
    const { actor } = caller;
    const row = await lockApproval(tx, input.id);
    if (row === null || !(may('approvals.read') || maySee(actor, row))) throw notFound('approval');
    const who = mayAnswer(actor, row);
    if (!who.yes) throw refused(who.because);
    const state = stateOf(row, now);
    if (state !== 'waiting') throw tooLate(settledSentence(state));
    if (row.decisions.some((decision) => decision.personId === actor.id)) throw tooLate('You have decided already.');
    const comment = input.comment === undefined || input.comment === '' ? null : input.comment;
    await createDecision(tx, {
      id: newId<'Decision'>(),
      approvalId: row.id,
      personId: actor.id,
      outcome: input.outcome,
      comment,
    });
    const approvals = row.decisions.filter((decision) => decision.outcome === 'approve').length + 1;
    const settled = input.outcome === 'deny' ? 'denied' : approvals >= row.count ? 'approved' : null;
    if (settled !== null)
      await moveApproval(tx, row.id, { from: ['waiting'], to: settled }, { settledAt: now, comment });
    const after = await findApproval(tx, row.id);
    if (after === null) throw notFound('approval');
    return {
      output: await toApprovalDetail(tx, after, actor, now),
      audit: {
        sentence: `${input.outcome === 'approve' ? 'approved' : 'denied'} ${row.command} on ${row.connection.name}`,
        subject: { type: 'approval', id: row.id, name: row.command },
        before: { state: 'waiting', approvals: approvals - 1, of: row.count },
        after: { state: after.state, outcome: input.outcome, comment },
      },
    };
  },
});

function refused(because: string | null): SluiceError {
  return new SluiceError('forbidden', because ?? 'You may not decide this.', {
    audience: 'person',
    hint: 'Ask somebody whom the rule names.',
  });
}

function tooLate(message: string): SluiceError {
  return new SluiceError('conflict', message, { audience: 'person', hint: 'Reload to see what became of it.' });
}
