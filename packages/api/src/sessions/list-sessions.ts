import { defaultPageSize, listSessions as listRows } from '@sluice/database';
import { z } from 'zod';
import { id, idCursor, search, searchText } from '../inputs.ts';
import { query } from '../procedure.ts';
import { runsOf } from '../runs/run-refs.ts';
import type { Page, SessionSummary } from '../views.ts';
import { visibleTo } from '../visibility.ts';
import { toSessionSummary } from './session-views.ts';

export const listSessions = query({
  permission: 'sessions.read.own',
  input: z
    .strictObject({
      state: z.enum(['live', 'closed', 'interrupted']).optional(),
      actorId: id.optional(),
      connectionId: id.optional(),
      runId: id.optional(),
      verdict: z.enum(['allow', 'hold', 'deny']).optional(),
      search,
      from: z.date().optional(),
      to: z.date().optional(),
      cursor: idCursor,
    })
    .optional(),
  run: async ({ input, db, caller }): Promise<Page<SessionSummary>> => {
    const filter = {
      visibleTo: await visibleTo(db, caller, 'sessions.read'),
      state: input?.state ?? null,
      actorId: input?.actorId ?? null,
      connectionId: input?.connectionId ?? null,
      runId: input?.runId ?? null,
      verdict: input?.verdict ?? null,
      search: searchText(input?.search),
      from: input?.from ?? null,
      to: input?.to ?? null,
    };
    const page = await listRows(db, filter, { cursor: input?.cursor ?? null, limit: defaultPageSize });
    const runs = await runsOf(db, page.rows);
    return { items: page.rows.map((row) => toSessionSummary(row, runs)), nextCursor: page.nextCursor };
  },
});
