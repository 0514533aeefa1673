import { bumpRevocationEpoch, endRun as endRow } from '@sluice/database';
import { z } from 'zod';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { toRunView } from './run-views.ts';
import { visibleRun } from './visible-run.ts';

/** Ends a run, and with it the tokens and secrets that were issued for it. */
export const endRun = mutation({
  permission: 'runs.declare',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, now }) => {
    const row = await visibleRun(tx, input.id, caller, false);
    if (await endRow(tx, row.id, now)) await bumpRevocationEpoch(tx);
    return {
      output: toRunView({ ...row, endedAt: row.endedAt ?? now }, undefined),
      audit: {
        sentence: `ended the run: ${row.purpose}`,
        subject: { type: 'run', id: row.id, name: row.purpose },
        before: { endedAt: row.endedAt },
      },
    };
  },
});
