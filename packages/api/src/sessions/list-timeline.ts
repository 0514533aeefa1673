import { listTimelineStatements } from '@sluice/database';
import { z } from 'zod';
import { id, numberCursor } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { Page, TimelineEntry } from '../views.ts';
import { readTimeline } from './timeline.ts';
import { visibleSession } from './visible-session.ts';

/** Entries of one page: each may carry results up to the session's recording budget. */
const defaultEntries = 50;
const maxEntries = 200;

/** A session's statements in order, folded from its recording. */
export const listTimeline = query({
  permission: 'sessions.read.own',
  input: z.strictObject({ id, cursor: numberCursor, limit: z.int().min(1).max(maxEntries).default(defaultEntries) }),
  run: async ({ input, db, caller }): Promise<Page<TimelineEntry>> => {
    await visibleSession(db, input.id, caller, 'sessions.read');
    const cursor = input.cursor === undefined ? null : Number(input.cursor);
    const page = await listTimelineStatements(db, input.id, { cursor, limit: input.limit });
    return { items: await readTimeline(db, input.id, page.rows), nextCursor: page.nextCursor };
  },
});
