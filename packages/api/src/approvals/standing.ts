/** How far an approval is: which stage is open, whose answers count in it at this moment, and what is still owed. Pure. */
import type { ApprovalRow, DecisionRow } from '@sluice/database';
import type { HoldDemands, HoldStage } from '@sluice/domain';
import { holdDemandsSchema } from '@sluice/domain';
import { actorOfPerson } from '@sluice/identity';
import { missingOf } from '@sluice/policy';
import { approverNames, isOwner } from '../visibility.ts';

export interface StageStanding extends HoldStage {
  /** The consents that count, each of another person. */
  readonly given: readonly DecisionRow[];
}

export interface Standing {
  readonly stages: readonly StageStanding[];
  /** The first stage that still lacks people; null when none does. */
  readonly open: number | null;
  /** Consents that do not count any more, and why. */
  readonly lapsed: ReadonlyMap<string, string>;
}

/** Null for the short form: one stage of the approval's own approvers and count. */
export function demandsOf(row: Pick<ApprovalRow, 'demands'>): HoldDemands | null {
  return row.demands === null ? null : holdDemandsSchema.parse(row.demands);
}

/** The stages with the names that count at `now`: an escalation that is due counts whether or not the sweep came by. */
export function stagesOf(
  row: Pick<ApprovalRow, 'demands' | 'approvers' | 'count' | 'escalateAt' | 'escalateTo'>,
  now: Date,
): readonly HoldStage[] {
  const stages = demandsOf(row)?.stages ?? [{ approvers: row.approvers, count: row.count }];
  if (row.escalateAt === null || row.escalateAt > now) return stages;
  return stages.map((stage) => ({ ...stage, approvers: [...new Set([...stage.approvers, ...row.escalateTo])] }));
}

/** What the requester has to say before anybody can approve, or null. */
export function missingWords(row: Pick<ApprovalRow, 'demands' | 'statedReason' | 'statedTicket'>): string | null {
  return missingOf(demandsOf(row), { reason: row.statedReason, ticket: row.statedTicket });
}

/**
 * Counts the consents as people stand at this moment. One person counts once, whatever groups they are in, and for nobody twice: neither
 * the one who answered nor the one in whose stead may stand behind another consent (only `same-person` lets them in another stage).
 */
export function standingOf(row: ApprovalRow, now: Date): Standing {
  const stages = stagesOf(row, now);
  const samePerson = demandsOf(row)?.samePerson === true;
  const lapsed = new Map<string, string>();
  const given: DecisionRow[][] = stages.map(() => []);
  const used = new Set<string>();
  for (const decision of row.decisions) {
    if (decision.outcome !== 'approve') continue;
    const stage = stages[decision.stage];
    const problem = stage === undefined ? 'the rule has no such stage' : lapsedBecause(decision, row, stage);
    const people = [decision.personId, ...(decision.forPersonId === null ? [] : [decision.forPersonId])];
    const keys = people.map((id) => (samePerson ? `${decision.stage} ${id}` : id));
    if (problem !== null) lapsed.set(decision.id, problem);
    else if (keys.some((key) => used.has(key))) lapsed.set(decision.id, 'one person counts once');
    else {
      for (const key of keys) used.add(key);
      given[decision.stage]?.push(decision);
    }
  }
  const open = stages.findIndex((stage, index) => (given[index]?.length ?? 0) < stage.count);
  return {
    stages: stages.map((stage, index) => ({ ...stage, given: given[index] ?? [] })),
    open: open < 0 ? null : open,
    lapsed,
  };
}

/** Why a consent counts no longer, as a clause; null when it does. */
function lapsedBecause(decision: DecisionRow, row: ApprovalRow, stage: HoldStage): string | null {
  const { person, forPerson } = decision;
  const seat = forPerson ?? person;
  for (const one of [person, seat]) {
    if (one.disabledAt !== null) return `${one.name} is disabled`;
    if (one.id === row.actorId) return `${one.name} asked for it`;
    if (isOwner(actorOfPerson(one), row) && !row.ownerCounts) return `${one.name} owns the agent that asked for it`;
  }
  if (forPerson === null && isOwner(actorOfPerson(person), row) && row.ownerCounts) return null;
  const names = approverNames(actorOfPerson(seat));
  return names.some((name) => stage.approvers.includes(name))
    ? null
    : `${seat.name} is no longer one of ${stage.approvers.join(', ')}`;
}
