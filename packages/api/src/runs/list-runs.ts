import { countInRuns, defaultPageSize, listRuns as listRows } from '@sluice/database';
import { z } from 'zod';
import { idCursor, search, searchText } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { RunView } from '../role-views.ts';
import type { Page } from '../views.ts';
import { ownIds } from '../visibility.ts';
import { toRunView } from './run-views.ts';

/** Runs of the caller and their agents, or everybody's for whoever reads all sessions. */
export const listRuns = query({
  permission: 'sessions.read.own',
  input: z.strictObject({ search, cursor: idCursor }).optional(),
  run: async ({ input, db, caller, may }): Promise<Page<RunView>> => {
    const filter = {
      visibleTo: may('sessions.read') ? null : ownIds(caller),
      search: searchText(input?.search),
    };
    const page = await listRows(db, filter, { cursor: input?.cursor ?? null, limit: defaultPageSize });
    const counts = await countInRuns(
      db,
      page.rows.map((row) => row.id),
    );
    return { items: page.rows.map((row) => toRunView(row, counts.get(row.id))), nextCursor: page.nextCursor };
  },
});
