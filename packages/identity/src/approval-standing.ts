/** How far an approval is: which stage is open, whose answers count in it at this moment, and what is still owed. */
import type { ApprovalRow, Db, DecisionRow } from '@sluice/database';
import type { Actor, HeldRole, HoldDemands, HoldStage, Place, Rights } from '@sluice/domain';
import { actorSchema, can, holdDemandsSchema, labelsSchema, noRights, rolesHeldOn } from '@sluice/domain';
import { actorOfPerson, type PersonLike } from './actors.ts';
import { rightsOfPeople } from './rights-of.ts';
import { sooner } from './sooner.ts';

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
  /** When the first of the consents that count ends by itself, as the roles behind it do; null: none does. */
  readonly until: Date | null;
}

/** What those who answered an approval may do at this moment, by a person's id. Whoever is not in it may do nothing. */
export type DeciderRights = ReadonlyMap<string, Rights>;

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

/** The rights of everybody who answered these approvals, and of those in whose stead it was. */
export function rightsOfDeciders(
  db: Db,
  rows: readonly Pick<ApprovalRow, 'decisions'>[],
  now: Date,
): Promise<DeciderRights> {
  const people = new Map<string, PersonLike>();
  for (const { person, forPerson } of rows.flatMap(({ decisions }) => decisions))
    for (const one of forPerson === null ? [person] : [person, forPerson]) people.set(one.id, one);
  return people.size === 0 ? Promise.resolve(new Map()) : rightsOfPeople(db, [...people.values()], now);
}

/**
 * Counts the consents as people stand at this moment: whoever is disabled, may no longer decide on the connection or is no longer named
 * counts no more. One person counts once, whatever groups they are in, and for nobody twice: neither the one who answered nor the one in
 * whose stead may stand behind another consent (only `same-person` lets them in another stage).
 */
export function standingOf(row: ApprovalRow, rights: DeciderRights, now: Date): Standing {
  const stages = stagesOf(row, now);
  const samePerson = demandsOf(row)?.samePerson === true;
  const lapsed = new Map<string, string>();
  const given: DecisionRow[][] = stages.map(() => []);
  const used = new Set<string>();
  let until: Date | null = null;
  for (const decision of row.decisions) {
    if (decision.outcome !== 'approve') continue;
    const stage = stages[decision.stage];
    const worth: Worth =
      stage === undefined ? { lapsed: 'the rule has no such stage' } : worthOf(decision, row, stage, rights);
    const people = [decision.personId, ...(decision.forPersonId === null ? [] : [decision.forPersonId])];
    const keys = people.map((id) => (samePerson ? `${decision.stage} ${id}` : id));
    if ('lapsed' in worth) lapsed.set(decision.id, worth.lapsed);
    else if (keys.some((key) => used.has(key))) lapsed.set(decision.id, 'one person counts once');
    else {
      for (const key of keys) used.add(key);
      given[decision.stage]?.push(decision);
      until = sooner(until, worth.until);
    }
  }
  const open = stages.findIndex((stage, index) => (given[index]?.length ?? 0) < stage.count);
  return {
    stages: stages.map((stage, index) => ({ ...stage, given: given[index] ?? [] })),
    open: open < 0 ? null : open,
    lapsed,
    until,
  };
}

/** Why a consent counts no longer, as a clause; or when it ends by itself. */
type Worth = { readonly lapsed: string } | { readonly until: Date | null };

function worthOf(decision: DecisionRow, row: ApprovalRow, stage: HoldStage, rights: DeciderRights): Worth {
  const { person, forPerson } = decision;
  const seat = forPerson ?? person;
  const place = placeOf(row.connection);
  let until: Date | null = null;
  for (const one of new Set([person, seat])) {
    if (one.disabledAt !== null) return { lapsed: `${one.name} is disabled` };
    if (one.id === row.actorId) return { lapsed: `${one.name} asked for it` };
    if (isOwner(actorOfPerson(one), row) && !row.ownerCounts)
      return { lapsed: `${one.name} owns the agent that asked for it` };
    const answer = can(rights.get(one.id) ?? noRights, 'approvals.decide', place);
    if (!answer.yes) return { lapsed: `${one.name} may no longer decide on this connection: ${answer.because}` };
    until = sooner(until, answer.until);
  }
  if (forPerson === null && isOwner(actorOfPerson(person), row) && row.ownerCounts) return { until };
  const named = namedUntil(actorOfPerson(seat), rights.get(seat.id) ?? noRights, place, stage.approvers);
  return named === false
    ? { lapsed: `${seat.name} is no longer one of ${stage.approvers.join(', ')}` }
    : { until: sooner(until, named) };
}

/** When somebody's being named ends by itself (null: it does not), or false where none of the names is theirs. */
function namedUntil(actor: Actor, rights: Rights, place: Place, names: readonly string[]): Date | null | false {
  if (actor.groups.some((group) => names.includes(group))) return null;
  const held = rolesHeldOn(rights, place).filter(({ role }) => names.includes(role));
  return held.length === 0 ? false : lastEnd(held);
}

function lastEnd(held: readonly HeldRole[]): Date | null {
  const ends = held.map(({ expiresAt }) => expiresAt?.getTime() ?? null);
  return ends.includes(null) ? null : new Date(Math.max(...ends.map(Number)));
}

/**
 * The names by which a rule can name a person as approver on a connection: their groups, and the roles that they hold there, assigned
 * ones too. Service identities have none.
 */
export function approverNames(actor: Actor, rights: Rights, place: Place): readonly string[] {
  if (actor.kind !== 'person') return [];
  return [...new Set([...rolesHeldOn(rights, place).map(({ role }) => role), ...actor.groups])];
}

/** Whether an approval was asked for by an agent of this person, or of a team that this person is in. */
export function isOwner(actor: Actor, row: { readonly ownerId: string | null; readonly actor: unknown }): boolean {
  if (row.ownerId === actor.id) return true;
  const owner = actorSchema.parse(row.actor).onBehalfOf;
  return owner?.kind === 'team' && actor.groups.includes(owner.name);
}

/** A connection's row as what a question is about. */
export function placeOf(row: { readonly id: string; readonly labels: unknown }): Place {
  return { id: row.id, labels: labelsSchema.parse(row.labels) };
}
