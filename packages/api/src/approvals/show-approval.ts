import { findApproval } from '@sluice/database';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import { answererOf } from './answerer.ts';
import { maySee, toApprovalDetail } from './approval-views.ts';

export const showApproval = query({
  permission: 'approvals.read.own',
  input: z.strictObject({ id }),
  run: async ({ input, db, caller, now }) => {
    const row = await findApproval(db, input.id);
    const viewer = await answererOf(db, caller, now);
    if (row === null || !maySee(viewer, row, now)) throw notFound('approval');
    return toApprovalDetail(db, row, viewer, now);
  },
});
