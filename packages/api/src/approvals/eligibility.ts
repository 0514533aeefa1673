/** Whose answer counts, and in which stage. */
import type { ApprovalRow } from '@sluice/database';
import type { Actor, ApprovalState } from '@sluice/domain';
import { approvalStateSchema, can } from '@sluice/domain';
import { approverNames, type DeciderRights, demandsOf, isOwner, placeOf, stagesOf, standingOf } from '@sluice/identity';
import { type Answerer, type Seat, seatsOf } from './answerer.ts';
import { missingWords } from './missing-words.ts';

export interface Eligibility {
  readonly yes: boolean;
  /** Why not, in a sentence. */
  readonly because: string | null;
}

/** What somebody may answer at this moment. */
export interface DecisionRight extends Eligibility {
  /** Denying is open to everybody whom any stage names: a refusal waits for no turn and no reason. */
  readonly mayDeny: boolean;
  /** The stage in which an approval would count. */
  readonly stage: number;
  /** In whose stead it would be; null: their own. */
  readonly inSteadOf: Actor | null;
}

/** The state as of now: what nobody answered in time is expired, whether or not the sweep came by. */
export function stateOf(row: Pick<ApprovalRow, 'state' | 'expiresAt'>, now: Date): ApprovalState {
  return row.state === 'waiting' && row.expiresAt <= now ? 'expired' : approvalStateSchema.parse(row.state);
}

type Asked = Pick<
  ApprovalRow,
  | 'actor'
  | 'actorId'
  | 'connection'
  | 'ownerId'
  | 'ownerCounts'
  | 'approvers'
  | 'count'
  | 'demands'
  | 'escalateAt'
  | 'escalateTo'
  | 'decisions'
>;

/**
 * Whether the rule names this person at all, in any stage. Service identities never decide; the requester never does; an agent's owner
 * only where the rule says so; everybody else must be named, by role or group, or stand in for somebody who is.
 */
export function mayAnswer(answerer: Answerer, row: Asked, now: Date): Eligibility {
  const { caller, actor } = answerer;
  if (actor.kind !== 'person') return no('Only people decide.');
  if (row.actorId === actor.id) return no('You asked for this yourself; somebody else has to decide.');
  const answer = can(caller.rights, 'approvals.decide', placeOf(row.connection));
  if (!answer.yes) return no(`You may not decide on this connection: ${answer.because}.`);
  if (isOwner(actor, row))
    return row.ownerCounts ? yes : no('The agent acts for you, so its owner’s decision does not count.');
  const names = [...new Set(stagesOf(row, now).flatMap((stage) => stage.approvers))];
  if (seatsOf(answerer).some((seat) => isOpenTo(seat, row) && isNamed(seat, row, names))) return yes;
  return no(
    names.length === 0
      ? 'The rule names nobody who may decide.'
      : `The rule asks for ${names.join(' or ')}, and you are not among them.`,
  );
}

/** `mayAnswer`, whether there is still something to answer, and whether it is this person's turn. */
export function decisionRight(answerer: Answerer, row: ApprovalRow, deciders: DeciderRights, now: Date): DecisionRight {
  const { actor } = answerer;
  const refused = (because: string | null, deniesIn: number | null = null): DecisionRight => ({
    yes: false,
    because,
    mayDeny: deniesIn !== null,
    stage: deniesIn ?? 0,
    inSteadOf: null,
  });
  const who = mayAnswer(answerer, row, now);
  if (!who.yes) return refused(who.because);
  const state = stateOf(row, now);
  if (state !== 'waiting') return refused(settledSentence(state));
  const { open, stages } = standingOf(row, deciders, now);
  if (open === null) return refused('Everybody whom the rule asks has approved.');
  const inThisStage = demandsOf(row)?.samePerson === true ? open : null;
  const earlier = row.decisions.filter(({ stage }) => inThisStage === null || stage === inThisStage);
  if (earlier.some(({ personId }) => personId === actor.id)) return refused('You have decided already.');
  const inTheirStead = earlier.find(({ forPersonId }) => forPersonId === actor.id);
  if (inTheirStead !== undefined) return refused(`${inTheirStead.person.name} has decided in your stead already.`);
  const missing = missingWords(row);
  if (missing !== null) return refused(`The requester has to give ${missing} before anybody can approve.`, open);
  const approvers = stages[open]?.approvers ?? [];
  const used = new Set(earlier.flatMap(({ personId, forPersonId }) => [personId, forPersonId ?? personId]));
  const seat = seatIn(answerer, row, approvers, used);
  if (seat === null) return refused(`First ${approvers.join(' or ')} must approve; yours is another stage.`, open);
  return {
    yes: true,
    because: null,
    mayDeny: true,
    stage: open,
    inSteadOf: seat.actor.id === actor.id ? null : seat.actor,
  };
}

/** For whom the answer would be: the person first, then those in whose stead. Whoever has answered already is no seat. */
function seatIn(
  answerer: Answerer,
  row: ApprovalRow,
  approvers: readonly string[],
  used: ReadonlySet<string>,
): Seat | null {
  const [own, ...others] = seatsOf(answerer);
  if (own === undefined || isOwner(own.actor, row)) return own ?? null;
  const free = [own, ...others.filter(({ actor }) => !used.has(actor.id))];
  return free.find((seat) => isOpenTo(seat, row) && isNamed(seat, row, approvers)) ?? null;
}

/**
 * Nobody's own request or own agent is answered by them, nor in their stead; and in nobody's stead is answered what they might not
 * answer themselves.
 */
function isOpenTo(
  { actor, rights }: Seat,
  row: Pick<ApprovalRow, 'actor' | 'actorId' | 'ownerId' | 'connection'>,
): boolean {
  if (actor.id === row.actorId || isOwner(actor, row)) return false;
  return can(rights, 'approvals.decide', placeOf(row.connection)).yes;
}

function isNamed({ actor, rights }: Seat, row: Pick<ApprovalRow, 'connection'>, names: readonly string[]): boolean {
  return approverNames(actor, rights, placeOf(row.connection)).some((name) => names.includes(name));
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
