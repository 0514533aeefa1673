/** Who may connect to what: rules that people write, and the answer they give for one actor on one connection. Pure. */
import { z } from 'zod';
import type { Actor } from './actor.ts';
import { type Grant, isInForce } from './grant.ts';
import { type LabelSelector, labelSelectorSchema, matchesLabels } from './label-selector.ts';
import { isInNetworks, networkSchema } from './network.ts';
import { openTogetherUntil, openUntil, weeklyWindowSchema } from './time-window.ts';

/** What a rule gives: leave to connect, leave to ask for it, or leave to take it in an emergency. */
export const accessModes = ['connect', 'request', 'break-glass'] as const;
export type AccessMode = (typeof accessModes)[number];

/** Access rules of one installation; each question reads them all. */
export const maxAccessRules = 500;
/** Longest time that can be asked for, in s. */
export const maxRequestSeconds = 30 * 86_400;
/** Longest and usual time that a broken glass stays open, in s. */
export const maxBreakGlassSeconds = 3_600;
export const usualBreakGlassSeconds = 1_800;
/** The name by which rules test an emergency. */
export const breakGlassName = 'break-glass';

export const accessSubjectSchema = z.discriminatedUnion('kind', [
  /** People and service identities alike. */
  z.strictObject({ kind: z.literal('everyone') }),
  z.strictObject({ kind: z.literal('role'), name: z.string().min(1).max(63) }),
  z.strictObject({ kind: z.literal('group'), id: z.string(), name: z.string() }),
  z.strictObject({ kind: z.literal('person'), id: z.string(), name: z.string() }),
  z.strictObject({ kind: z.literal('service'), id: z.string(), name: z.string() }),
]);
export type AccessSubject = z.infer<typeof accessSubjectSchema>;

export const accessScopeSchema = z.union([
  z.strictObject({ connectionId: z.string() }),
  z.strictObject({ selector: labelSelectorSchema }),
]);
export type AccessScope = z.infer<typeof accessScopeSchema>;

/** When and from where a rule holds; empty lists ask for nothing. */
export const accessConditionsSchema = z.strictObject({
  windows: z.array(weeklyWindowSchema).max(8),
  networks: z.array(networkSchema).max(32),
});
export type AccessConditions = z.infer<typeof accessConditionsSchema>;

export interface AccessRule extends AccessConditions {
  readonly id: string;
  readonly mode: AccessMode;
  readonly subject: AccessSubject;
  readonly scope: AccessScope;
  /** ISO 8601; null: until somebody removes it. */
  readonly expiresAt: string | null;
}

export interface AccessQuestion {
  readonly actor: Pick<Actor, 'id' | 'kind' | 'role' | 'roles' | 'groups'>;
  readonly connection: { readonly id: string; readonly labels: Readonly<Record<string, string>> };
  /** Null where it is not known: then no rule that asks for a network holds. */
  readonly clientAddress: string | null;
  /** In ms since the epoch. */
  readonly now: number;
}

export type AccessAnswer =
  | {
      readonly open: true;
      /** ISO 8601; null: until something is changed. */
      readonly until: string | null;
      /** Ids of the rules and grants that hold now. */
      readonly because: readonly string[];
    }
  | {
      readonly open: false;
      /** `closed-now` and `elsewhere`: a rule is there, whose hours or networks do not fit. */
      readonly reason: 'no-rule' | 'closed-now' | 'elsewhere';
      readonly because: readonly string[];
    };

/** Whether the actor may connect now. Only rules and grants that can be read count; no match is a no. */
export function decideAccess(
  rules: readonly AccessRule[],
  grants: readonly Grant[],
  question: AccessQuestion,
): AccessAnswer {
  const { now } = question;
  const candidates = rules.filter((rule) => rule.mode === 'connect' && concerns(rule, question));
  const reachable = candidates.filter((rule) => fitsNetwork(rule, question.clientAddress));
  const opening = grants.filter(({ kind }) => kind === 'just-in-time' || kind === 'break-glass');
  const until = openTogetherUntil(
    (at) => [
      ...reachable.map((rule) => ruleUntil(rule, at)),
      ...opening.map((grant) => (isInForce(grant, at) ? Date.parse(grant.expiresAt) : null)),
    ],
    now,
  );
  if (until !== null) {
    const because = [
      ...reachable.filter((rule) => ruleUntil(rule, now) !== null),
      ...opening.filter((grant) => isInForce(grant, now)),
    ].map(({ id }) => id);
    return { open: true, until: Number.isFinite(until) ? new Date(until).toISOString() : null, because };
  }
  const reason = candidates.length === 0 ? 'no-rule' : reachable.length === 0 ? 'elsewhere' : 'closed-now';
  return { open: false, reason, because: candidates.map(({ id }) => id) };
}

/** Both must hold: an agent never reaches what its owner may not. */
export function bothAccess(one: AccessAnswer, other: AccessAnswer): AccessAnswer {
  if (!one.open) return one;
  if (!other.open) return other;
  const ends = [one.until, other.until].filter((until) => until !== null).sort();
  return { open: true, until: ends[0] ?? null, because: [...one.because, ...other.because] };
}

/** The rules of one mode that speak of this actor and connection, whatever the hour and the network. */
export function rulesFor(
  rules: readonly AccessRule[],
  mode: AccessMode,
  question: Pick<AccessQuestion, 'actor' | 'connection' | 'now'>,
): readonly AccessRule[] {
  return rules.filter((rule) => rule.mode === mode && concerns(rule, question));
}

/** Whether an actor is told of a connection at all: some rule or grant speaks of the two. */
export function mayKnow(
  rules: readonly AccessRule[],
  grants: readonly Grant[],
  question: Pick<AccessQuestion, 'actor' | 'connection' | 'now'>,
): boolean {
  return grants.length > 0 || rules.some((rule) => concerns(rule, question));
}

export function isInScope(scope: AccessScope, connection: AccessQuestion['connection']): boolean {
  return 'connectionId' in scope
    ? scope.connectionId === connection.id
    : matchesLabels(scope.selector satisfies LabelSelector, connection.labels);
}

export function isSubject(subject: AccessSubject, actor: AccessQuestion['actor']): boolean {
  switch (subject.kind) {
    case 'everyone':
      return true;
    case 'role':
      return subject.name === actor.role || actor.roles?.includes(subject.name) === true;
    case 'group':
      // Service identities are in no group, whatever an actor says of itself.
      return actor.kind === 'person' && actor.groups.includes(subject.name);
    case 'person':
      return actor.kind === 'person' && subject.id === actor.id;
    case 'service':
      return actor.kind === 'service' && subject.id === actor.id;
  }
}

function concerns(rule: AccessRule, question: Pick<AccessQuestion, 'actor' | 'connection' | 'now'>): boolean {
  if (rule.expiresAt !== null && !(question.now < Date.parse(rule.expiresAt))) return false;
  return isSubject(rule.subject, question.actor) && isInScope(rule.scope, question.connection);
}

function fitsNetwork({ networks }: AccessRule, address: string | null): boolean {
  return networks.length === 0 || (address !== null && isInNetworks(address, networks));
}

function ruleUntil({ windows, expiresAt }: AccessRule, at: number): number | null {
  const expires = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
  if (!(at < expires)) return null;
  if (windows.length === 0) return expires;
  const closes = openTogetherUntil((moment) => windows.map((window) => openUntil(window, moment)), at);
  return closes === null ? null : Math.min(closes, expires);
}
