import type { ApprovalFilter, Db } from '@sluice/database';
import { defaultPageSize, listApprovals as listRows } from '@sluice/database';
import { z } from 'zod';
import { id, idCursor, search, searchText } from '../inputs.ts';
import { query } from '../procedure.ts';
import { runsOf } from '../runs/run-refs.ts';
import type { ApprovalSummary, Page } from '../views.ts';
import { type Answerer, answererOf } from './answerer.ts';
import { approvalScope, namesOf, toApprovalSummary } from './approval-views.ts';

/** `mine`: waiting and addressed to the caller; `all`: waiting; `decided`: everything that no longer waits; `any`: both. */
export const approvalScopes = z.enum(['mine', 'all', 'decided', 'any']);

export const listApprovals = query({
  permission: 'approvals.read.own',
  input: z.strictObject({ scope: approvalScopes, search, runId: id.optional(), cursor: idCursor }),
  run: async ({ input, db, caller, now }): Promise<Page<ApprovalSummary>> => {
    const viewer = await answererOf(db, caller, now);
    const some = await approvalFilter(db, input.scope, viewer, searchText(input.search));
    const filter = { ...some, runId: input.runId ?? null };
    const page = await listRows(db, filter, now, { cursor: input.cursor ?? null, limit: defaultPageSize });
    const runs = await runsOf(db, page.rows);
    return { items: page.rows.map((row) => toApprovalSummary(row, runs, now)), nextCursor: page.nextCursor };
  },
});

export async function approvalFilter(
  db: Db,
  scope: z.infer<typeof approvalScopes>,
  viewer: Answerer,
  text: string | null,
): Promise<ApprovalFilter> {
  // An agent decides nothing: what is "mine" to it is what it asked for.
  const { actor } = viewer;
  const asksMe = scope === 'mine' && actor.kind === 'person';
  return {
    states: scope === 'any' ? 'any' : scope === 'decided' ? 'settled' : 'waiting',
    visible: await approvalScope(db, viewer),
    addressedTo: asksMe ? { asked: await namesOf(db, viewer), personId: actor.id } : null,
    search: text,
    runId: null,
  };
}
