import type { ApprovalRow } from '@sluice/database';
import type { Actor, ApprovalState } from '@sluice/domain';
import { approvalStateSchema } from '@sluice/domain';
import { approverNames } from '../visibility.ts';

export interface Eligibility {
  readonly yes: boolean;
  /** Why not, in a sentence. */
  readonly because: string | null;
}

/** The state as of now: what nobody answered in time is expired, whether or not the sweep came by. */
export function stateOf(row: Pick<ApprovalRow, 'state' | 'expiresAt'>, now: Date): ApprovalState {
  return row.state === 'waiting' && row.expiresAt <= now ? 'expired' : approvalStateSchema.parse(row.state);
}

/**
 * Whether this actor's answer counts. Service identities never decide; the requester never does; an agent's owner only where the rule
 * says so; everybody else must be named by the rule, by role or group.
 */
export function mayAnswer(
  actor: Actor,
  row: Pick<ApprovalRow, 'actorId' | 'ownerId' | 'ownerCounts' | 'approvers'>,
): Eligibility {
  if (actor.kind !== 'person') return no('Only people decide.');
  if (row.actorId === actor.id) return no('You asked for this yourself; somebody else has to decide.');
  if (row.ownerId === actor.id)
    return row.ownerCounts ? yes : no('The agent acts for you, so its owner’s decision does not count.');
  if (approverNames(actor).some((name) => row.approvers.includes(name))) return yes;
  return no(
    row.approvers.length === 0
      ? 'The rule names nobody who may decide.'
      : `The rule asks for ${row.approvers.join(' or ')}, and you are not among them.`,
  );
}

/** `mayAnswer`, and whether there is still something to answer. */
export function mayDecide(actor: Actor, row: ApprovalRow, now: Date): Eligibility {
  const who = mayAnswer(actor, row);
  if (!who.yes) return who;
  const state = stateOf(row, now);
  if (state !== 'waiting') return no(settledSentence(state));
  if (row.decisions.some((decision) => decision.personId === actor.id)) return no('You have decided already.');
  return yes;
}

export function settledSentence(state: ApprovalState): string {
  switch (state) {
    case 'waiting':
      return 'It is waiting.';
    case 'approved':
      return 'It was approved already.';
    case 'denied':
      return 'It was denied already.';
    case 'expired':
      return 'It expired before anybody decided.';
    case 'cancelled':
      return 'The client or its gateway went away, so there is nothing left to decide.';
    case 'void':
      return 'What it was about has changed, so there is nothing left to decide.';
    case 'consumed':
    case 'succeeded':
    case 'failed':
    case 'outcome-unknown':
      return 'It was approved and used already.';
  }
}

const yes: Eligibility = { yes: true, because: null };

function no(because: string): Eligibility {
  return { yes: false, because };
}
