import { changeWaiting, createDecision, findApproval, lockApproval, moveApproval } from '@sluice/database';
import { assertionSchema, SluiceError } from '@sluice/domain';
import { demandsOf, rightsOfDeciders, standingOf } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { alikeInput, checkAlike, grantAlike } from './alike.ts';
import { answererOf } from './answerer.ts';
import { maySee, toApprovalDetail } from './approval-views.ts';
import { type DecisionRight, decisionRight, mayAnswer, settledSentence, stateOf } from './eligibility.ts';
import { demandStepUp } from './step-up.ts';

/**
 * Answers a hold. One denial ends it; it is approved when every stage has as many distinct people as the rule asks for, counted as
 * they stand at that moment. The row is locked, so answers that come together are judged one after the other.
 */
export const decideApproval = mutation({
  permission: 'approvals.decide',
  input: z.strictObject({
    id,
    outcome: z.enum(['approve', 'deny']),
    comment: z.string().trim().max(2_000).optional(),
    assertion: assertionSchema.optional(),
    /** Others like it may run for a while as well. */
    alike: alikeInput.optional(),
  }),
  run: async ({ input, tx, caller, services, now }) => {
    const answerer = await answererOf(tx, caller, now);
    const row = await lockApproval(tx, input.id);
    if (row === null || !maySee(answerer, row, now)) throw notFound('approval');
    const who = mayAnswer(answerer, row, now);
    if (!who.yes) throw refused(who.because);
    const state = stateOf(row, now);
    if (state !== 'waiting') throw tooLate(settledSentence(state));
    const right = decisionRight(answerer, row, await rightsOfDeciders(tx, [row], now), now);
    if (input.outcome === 'approve' ? !right.yes : !(right.yes || right.mayDeny)) throw tooLate(right.because ?? '');
    const comment = input.comment === undefined || input.comment === '' ? null : input.comment;
    if (comment === null && demandsOf(row)?.comment === true) throw needsComment();
    const { outcome, assertion: given } = input;
    const { publicUrl } = services;
    const assertion = await demandStepUp(tx, { row, actor: caller.actor, outcome, assertion: given, publicUrl, now });
    const alike = input.outcome === 'approve' ? (input.alike ?? null) : null;
    if (alike !== null && row.connection.stepUp === 'passkey') throw signedOneByOne();
    if (alike !== null) checkAlike(row, alike);
    await createDecision(tx, {
      id: newId<'Decision'>(),
      approvalId: row.id,
      personId: caller.actor.id,
      forPersonId: right.inSteadOf?.id ?? null,
      stage: right.stage,
      outcome: input.outcome,
      comment,
      assertion,
      alikeMinutes: alike?.minutes ?? null,
      alikeRows: alike?.rows ?? null,
    });
    const decided = await findApproval(tx, row.id);
    if (decided === null) throw notFound('approval');
    const standing = standingOf(decided, await rightsOfDeciders(tx, [decided], now), now);
    const { open, stages } = standing;
    const settled = input.outcome === 'deny' ? 'denied' : open === null ? 'approved' : null;
    if (settled === null) await changeWaiting(tx, row.id, { asked: stages[open ?? 0]?.approvers.slice() ?? [] });
    else await moveApproval(tx, row.id, { from: ['waiting'], to: settled }, { settledAt: now, comment });
    const grant = settled === 'approved' ? await grantAlike(tx, decided, standing, caller.actor.id, now) : null;
    const after = (await findApproval(tx, row.id)) ?? decided;
    return {
      output: await toApprovalDetail(tx, after, answerer, now),
      audit: {
        sentence: `${input.outcome === 'approve' ? 'approved' : 'denied'} ${row.command} on ${row.connection.name}${stead(right)}${grant === null ? '' : ` and, until ${grant.expiresAt.toISOString()}, ${grant.reason}`}`,
        subject: { type: 'approval', id: row.id, name: row.command },
        before: { state: 'waiting', approvals: row.decisions.length, of: row.count },
        after: {
          state: after.state,
          outcome: input.outcome,
          comment,
          stage: right.stage,
          inSteadOf: right.inSteadOf?.id ?? null,
          alike,
          grant: grant?.id ?? null,
        },
      },
    };
  },
});

function stead({ inSteadOf }: DecisionRight): string {
  return inSteadOf === null ? '' : ` in the stead of ${inSteadOf.name}`;
}

function refused(because: string | null): SluiceError {
  return new SluiceError('forbidden', because ?? 'You may not decide this.', {
    audience: 'person',
    hint: 'Ask somebody whom the rule names.',
  });
}

function tooLate(message: string): SluiceError {
  return new SluiceError('conflict', message, { audience: 'person', hint: 'Reload to see what became of it.' });
}

function needsComment(): SluiceError {
  return new SluiceError('bad-request', 'The rule asks whoever decides to say why.', {
    audience: 'person',
    hint: 'Write a comment and decide again.',
  });
}

/** A grant carries no signature that a gateway could verify. */
function signedOneByOne(): SluiceError {
  return new SluiceError('forbidden', 'Decisions on this connection are signed one by one.', {
    audience: 'person',
    hint: 'Approve it without “the same for a while”.',
  });
}
