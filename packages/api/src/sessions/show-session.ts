import { z } from 'zod';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import { runsOf } from '../runs/run-refs.ts';
import { toSessionDetail } from './session-views.ts';
import { visibleSession } from './visible-session.ts';

export const showSession = query({
  permission: 'sessions.read.own',
  input: z.strictObject({ id }),
  run: async ({ input, db, caller }) => {
    const row = await visibleSession(db, input.id, caller, 'sessions.read');
    return toSessionDetail(row, await runsOf(db, [row]));
  },
});
