import type { ApprovalFilter } from '@sluice/database';
import { defaultPageSize, listApprovals as listRows } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { z } from 'zod';
import { idCursor, search, searchText } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { ApprovalSummary, Page } from '../views.ts';
import { approverNames } from '../visibility.ts';
import { approvalScope, toApprovalSummary } from './approval-views.ts';

/** `mine`: waiting and addressed to the caller; `all`: waiting; `decided`: everything that no longer waits. */
export const approvalScopes = z.enum(['mine', 'all', 'decided']);

export const listApprovals = query({
  permission: 'approvals.read.own',
  input: z.strictObject({ scope: approvalScopes, search, cursor: idCursor }),
  run: async ({ input, db, caller, may, now }): Promise<Page<ApprovalSummary>> => {
    const filter = approvalFilter(input.scope, caller.actor, may('approvals.read'), searchText(input.search));
    const page = await listRows(db, filter, now, { cursor: input.cursor ?? null, limit: defaultPageSize });
    return { items: page.rows.map((row) => toApprovalSummary(row, now)), nextCursor: page.nextCursor };
  },
});

export function approvalFilter(
  scope: z.infer<typeof approvalScopes>,
  actor: Actor,
  seesAll: boolean,
  text: string | null,
): ApprovalFilter {
  // An agent decides nothing: what is "mine" to it is what it asked for.
  const asksMe = scope === 'mine' && actor.kind === 'person';
  return {
    states: scope === 'decided' ? 'settled' : 'waiting',
    visible: seesAll ? null : approvalScope(actor),
    addressedTo: asksMe ? { names: approverNames(actor), personId: actor.id } : null,
    search: text,
  };
}
