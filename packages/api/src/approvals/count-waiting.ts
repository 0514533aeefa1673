import { countApprovals } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { answererOf } from './answerer.ts';
import { approvalFilter } from './list-approvals.ts';

export const countWaiting = query({
  permission: 'approvals.read.own',
  input: nothing,
  run: async ({ db, caller, may, now }) => {
    const seesAll = may('approvals.read');
    const viewer = await answererOf(db, caller.actor, now);
    return {
      mine: await countApprovals(db, approvalFilter('mine', viewer, seesAll, null), now),
      all: await countApprovals(db, approvalFilter('all', viewer, seesAll, null), now),
    };
  },
});
