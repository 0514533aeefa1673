import { countApprovals } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { answererOf } from './answerer.ts';
import { approvalFilter } from './list-approvals.ts';

export const countWaiting = query({
  permission: 'approvals.read.own',
  input: nothing,
  run: async ({ db, caller, now }) => {
    const viewer = await answererOf(db, caller, now);
    const [mine, all] = await Promise.all([
      approvalFilter(db, 'mine', viewer, null).then((filter) => countApprovals(db, filter, now)),
      approvalFilter(db, 'all', viewer, null).then((filter) => countApprovals(db, filter, now)),
    ]);
    return { mine, all };
  },
});
