/** Answers who can connect to what for many people, agents and connections at once, from one reading of rules and grants. */
import { type Db, type GrantRow, listAccessRules, listGrantsInForce } from '@sluice/database';
import type { AccessAnswer, Actor, Grant, Place } from '@sluice/domain';
import { bothAccess, decideAccess, grantSchema, labelSelectorSchema, matchesLabels } from '@sluice/domain';
import { toAccessRule } from '@sluice/identity';
import { toRuleView } from './access-views.ts';

/** Grants that one answer looks at. */
const grantsLookedAt = 1_000;
const nobody: AccessAnswer = { open: false, reason: 'no-rule', because: [] };

export interface AccessDesk {
  /** `owners`: of an agent the active people that it acts for, of whom one has to have access; null for a person. */
  readonly answer: (actor: Actor, owners: readonly Actor[] | null, place: Place) => AccessAnswer;
  /** What each rule and grant says, by id. */
  readonly sentences: ReadonlyMap<string, string>;
}

/**
 * Whoever asks does so from their own desk: hours are told as they are now, networks as a condition that may be met. A rule or grant that
 * cannot be read gives nothing.
 */
export async function openAccessDesk(db: Db, now: Date): Promise<AccessDesk> {
  const rows = await listAccessRules(db);
  const rules = rows.flatMap((row) => toAccessRule(row) ?? []).map((rule) => ({ ...rule, networks: [] }));
  const held = await listGrantsInForce(db, { now }, grantsLookedAt);
  const own = (actor: Actor, place: Place): AccessAnswer =>
    decideAccess(
      rules,
      held.filter((row) => isHeldBy(row, actor) && isOn(row, place)).flatMap((row) => toGrant(row) ?? []),
      { actor, connection: place, clientAddress: null, now: now.getTime() },
    );
  return {
    answer: (actor, owners, place) => {
      if (owners === null) return own(actor, place);
      const answers = owners.map((owner) => own(owner, place));
      return bothAccess(own(actor, place), answers.find(({ open }) => open) ?? answers[0] ?? nobody);
    },
    sentences: new Map([
      ...rows.map((row) => [row.id, toRuleView(row).sentence] as const),
      ...held.map((row) => [row.id, `grant ${row.name}: ${row.reason}`] as const),
    ]),
  };
}

function isHeldBy(row: GrantRow, actor: Actor): boolean {
  return (actor.kind === 'person' ? row.personId : row.serviceIdentityId) === actor.id;
}

function isOn(row: GrantRow, place: Place): boolean {
  if (row.connectionId !== null) return row.connectionId === place.id;
  const selector = labelSelectorSchema.safeParse(row.selector);
  return selector.success && matchesLabels(selector.data, place.labels);
}

function toGrant(row: GrantRow): Grant | null {
  const { id, kind, name, bounds } = row;
  const times = { startsAt: row.startsAt.toISOString(), expiresAt: row.expiresAt.toISOString() };
  const grant = grantSchema.safeParse({ id, kind, name, bounds, ...times });
  return grant.success ? grant.data : null;
}
