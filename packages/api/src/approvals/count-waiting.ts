import { countApprovals } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { approvalFilter } from './list-approvals.ts';

export const countWaiting = query({
  permission: 'approvals.read.own',
  input: nothing,
  run: async ({ db, caller, may, now }) => {
    const seesAll = may('approvals.read');
    return {
      mine: await countApprovals(db, approvalFilter('mine', caller.actor, seesAll, null), now),
      all: await countApprovals(db, approvalFilter('all', caller.actor, seesAll, null), now),
    };
  },
});
