import { countInRuns } from '@sluice/database';
import { z } from 'zod';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toRunView } from './run-views.ts';
import { visibleRun } from './visible-run.ts';

export const showRun = query({
  permission: 'sessions.read.own',
  input: z.strictObject({ id }),
  run: async ({ input, db, caller, may }) => {
    const row = await visibleRun(db, input.id, caller, may('sessions.read'));
    return toRunView(row, (await countInRuns(db, [row.id])).get(row.id));
  },
});
