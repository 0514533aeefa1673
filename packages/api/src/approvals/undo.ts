/** What of an approved change can be put back, and whose word it takes. */
import type { ApprovalRow } from '@sluice/database';
import { type Revert, revertSchema, type UndoOffer, undoOfferSchema } from '@sluice/domain';
import type { Answerer } from './answerer.ts';
import { type Eligibility, mayAnswer } from './eligibility.ts';

/** A revert that was asked for and not answered blocks another one for this long: its gateway may have died (ms). */
const unansweredMs = 120_000;

/** Null: nothing is kept, or no longer. */
export function undoOf(row: Pick<ApprovalRow, 'undo'>, now: Date): UndoOffer | null {
  const read = undoOfferSchema.safeParse(row.undo);
  return read.success && new Date(read.data.expiresAt) > now ? read.data : null;
}

export function revertOf(row: Pick<ApprovalRow, 'revert'>): Revert | null {
  const read = revertSchema.safeParse(row.revert);
  return read.success ? read.data : null;
}

/** Whoever could have decided may ask for a revert: it changes data as much as what was decided upon. Never the requester alone. */
export function mayRevert(answerer: Answerer, row: ApprovalRow, now: Date): Eligibility {
  if (undoOf(row, now) === null) return { yes: false, because: 'Nothing is kept that could be put back.' };
  const last = revertOf(row);
  if (last !== null && last.result === null && now.getTime() - new Date(last.at).getTime() < unansweredMs)
    return { yes: false, because: 'A revert is running.' };
  return mayAnswer(answerer, row, now);
}
