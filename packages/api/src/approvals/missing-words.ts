import type { ApprovalRow } from '@sluice/database';
import { demandsOf } from '@sluice/identity';
import { missingOf } from '@sluice/policy';

/** What the requester has to say before anybody can approve, or null. */
export function missingWords(row: Pick<ApprovalRow, 'demands' | 'statedReason' | 'statedTicket'>): string | null {
  return missingOf(demandsOf(row), { reason: row.statedReason, ticket: row.statedTicket });
}
