import { findApproval } from '@sluice/database';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { StepUpView } from '../views.ts';
import { answererOf } from './answerer.ts';
import { maySee } from './approval-views.ts';
import { toStepUpView } from './step-up.ts';

/** What a decision has to be signed with; null where a click is enough. */
export const prepareDecision = query({
  permission: 'approvals.decide',
  input: z.strictObject({ id }),
  run: async ({ input, db, caller, services, now }): Promise<StepUpView | null> => {
    const row = await findApproval(db, input.id);
    const viewer = await answererOf(db, caller, now);
    if (row === null || !maySee(viewer, row, now)) throw notFound('approval');
    return toStepUpView(db, row, caller.actor, services.publicUrl);
  },
});
