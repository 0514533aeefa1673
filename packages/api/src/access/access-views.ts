import type { AccessRequestRow, AccessRuleRow, GrantRow, MaintenanceWindowRow } from '@sluice/database';
import type { AccessAnswer, AccessMode, Actor, GrantKind, LabelSelector, WeeklyWindow } from '@sluice/domain';
import {
  accessModes,
  can,
  describeSelector,
  describeWindow,
  grantKinds,
  labelSelectorSchema,
  singleWindowSchema,
  weeklyWindowSchema,
} from '@sluice/domain';
import { approverNames, type Caller, placeOf } from '@sluice/identity';
import { z } from 'zod';

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface AccessRuleView {
  readonly id: string;
  readonly mode: AccessMode;
  readonly subject: { readonly kind: string; readonly id: string | null; readonly name: string };
  readonly connection: Named | null;
  readonly selector: LabelSelector | null;
  readonly windows: readonly WeeklyWindow[];
  readonly networks: readonly string[];
  readonly approvers: readonly string[];
  readonly approvalCount: number;
  readonly maxSeconds: number | null;
  readonly note: string;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  readonly createdBy: string | null;
  /** The whole rule as a sentence. */
  readonly sentence: string;
}

export interface GrantView {
  readonly id: string;
  readonly kind: GrantKind;
  readonly name: string;
  readonly holder: Named & { readonly kind: 'person' | 'service'; readonly owner: string | null };
  readonly connection: Named | null;
  /** `every connection`, or by which labels they are chosen; null where there is one connection. */
  readonly chosen: string | null;
  readonly reason: string;
  readonly grantedBy: string | null;
  readonly startsAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly review: { readonly at: Date; readonly by: string; readonly comment: string } | null;
}

export type AccessRequestState = 'waiting' | 'granted' | 'denied' | 'cancelled' | 'expired';

export interface AccessRequestView {
  readonly id: string;
  readonly kind: 'just-in-time' | 'unmask';
  readonly state: AccessRequestState;
  readonly requester: Named & { readonly kind: 'person' | 'service'; readonly owner: string | null };
  readonly connection: Named;
  readonly reason: string;
  readonly seconds: number;
  /** The seconds in words. */
  readonly lasts: string;
  readonly approvers: readonly string[];
  readonly approvalCount: number;
  readonly decisions: readonly { readonly by: string; readonly outcome: string; readonly comment: string | null }[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly grant: { readonly id: string; readonly expiresAt: Date; readonly revokedAt: Date | null } | null;
  /** Whether the caller may answer it, or why not. */
  readonly mayDecide: boolean;
  readonly because: string | null;
  readonly mine: boolean;
}

export interface MaintenanceWindowView {
  readonly id: string;
  readonly name: string;
  readonly selector: LabelSelector;
  readonly chosen: string;
  readonly when: string;
  readonly note: string;
  readonly createdBy: string | null;
}

/** One person or service identity on one connection. */
export interface AccessEntryView {
  readonly actor: Named & { readonly kind: 'person' | 'service'; readonly role: string; readonly owner: string | null };
  readonly open: boolean;
  readonly until: Date | null;
  /** In words: the rules and grants that say so, or why not. */
  readonly because: readonly string[];
}

export function toRuleView(row: AccessRuleRow): AccessRuleView {
  const subject = {
    kind: row.subjectKind,
    id: row.groupId ?? row.personId ?? row.serviceIdentityId,
    name: row.role ?? row.group?.name ?? row.person?.name ?? row.serviceIdentity?.name ?? 'everyone',
  };
  const selector = row.selector === null ? null : labelSelectorSchema.parse(row.selector);
  const view = {
    id: row.id,
    mode: z.enum(accessModes).parse(row.mode),
    subject,
    connection: row.connection === null ? null : { id: row.connection.id, name: row.connection.name },
    selector,
    windows: z.array(weeklyWindowSchema).parse(row.windows),
    networks: row.networks,
    approvers: row.approvers,
    approvalCount: row.approvalCount,
    maxSeconds: row.maxSeconds,
    note: row.note,
    expiresAt: row.expiresAt,
    createdAt: row.createdAt,
    createdBy: row.createdBy?.name ?? null,
  };
  return { ...view, sentence: describeAccessRule(view) };
}

function describeAccessRule(rule: Omit<AccessRuleView, 'sentence'>): string {
  const { subject, mode, connection, selector, windows, networks } = rule;
  const who = subject.kind === 'everyone' ? 'everyone' : subject.kind === 'person' ? subject.name : whoWords(subject);
  const what = connection === null ? describeSelector(selector ?? {}) : connection.name;
  const does = {
    connect: `may connect to ${what}`,
    request: `may ask ${askedWords(rule)} for access to ${what}`,
    'break-glass': `may take emergency access to ${what}`,
  }[mode];
  const parts = [
    `${subject.kind === 'person' ? who : who.charAt(0).toUpperCase() + who.slice(1)} ${does}`,
    rule.maxSeconds === null ? '' : `for at most ${describeSeconds(rule.maxSeconds)}`,
    windows.length === 0 ? '' : `at ${windows.map(describeWindow).join(' or ')}`,
    networks.length === 0 ? '' : `from ${networks.join(' or ')}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function askedWords({ approvers, approvalCount }: Pick<AccessRuleView, 'approvers' | 'approvalCount'>): string {
  const names = approvers.join(' or ');
  return approvalCount === 1 ? names : `${approvalCount} of ${names} together`;
}

function whoWords({ kind, name }: AccessRuleView['subject']): string {
  switch (kind) {
    case 'role':
      return `everyone with the role ${name}`;
    case 'group':
      return `everyone in ${name}`;
    default:
      return `agent ${name}`;
  }
}

/** `1 h 30 min`. */
export function describeSeconds(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const;
  let left = seconds;
  const parts: string[] = [];
  for (const [unit, size] of units) {
    if (left >= size) parts.push(`${Math.floor(left / size)} ${unit}`);
    left %= size;
  }
  return parts.join(' ');
}

export function toGrantView(row: GrantRow): GrantView {
  const { reviewedAt, reviewedBy, reviewComment } = row;
  return {
    id: row.id,
    kind: z.enum(grantKinds).parse(row.kind),
    name: row.name,
    holder: ownerOf(row),
    connection: row.connection === null ? null : { id: row.connection.id, name: row.connection.name },
    chosen: row.connection === null ? describeSelector(labelSelectorSchema.parse(row.selector)) : null,
    reason: row.reason,
    grantedBy: row.grantedBy?.name ?? null,
    startsAt: row.startsAt,
    expiresAt: row.expiresAt,
    revokedAt: row.revokedAt,
    review:
      reviewedAt === null ? null : { at: reviewedAt, by: reviewedBy?.name ?? 'somebody', comment: reviewComment ?? '' },
  };
}

export function toRequestView(row: AccessRequestRow, caller: Caller, now: Date): AccessRequestView {
  const requester = ownerOf(row);
  const because = whyNotDecide(row, caller, now);
  return {
    id: row.id,
    kind: z.enum(['just-in-time', 'unmask']).parse(row.kind),
    state: requestState(row, now),
    requester,
    connection: { id: row.connection.id, name: row.connection.name },
    reason: row.reason,
    seconds: row.seconds,
    lasts: describeSeconds(row.seconds),
    approvers: row.approvers,
    approvalCount: row.approvalCount,
    decisions: row.decisions.map(({ person, outcome, comment }) => ({ by: person.name, outcome, comment })),
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    grant: row.grant,
    mayDecide: because === null,
    because,
    mine: isMine(row, caller.actor),
  };
}

export function requestState(row: Pick<AccessRequestRow, 'state' | 'expiresAt'>, now: Date): AccessRequestState {
  if (row.state === 'waiting' && row.expiresAt <= now) return 'expired';
  return z.enum(['waiting', 'granted', 'denied', 'cancelled']).parse(row.state);
}

/** The requester's own, and the owner's of an agent that asked. */
export function isMine(row: Pick<AccessRequestRow, 'personId' | 'serviceIdentity'>, actor: Actor): boolean {
  return row.personId === actor.id || row.serviceIdentity?.id === actor.id || actsFor(row.serviceIdentity, actor);
}

/** Whether an agent acts for this person: as its owner, or as one of the team that owns it. */
export function actsFor(
  agent: { readonly owner: Named | null; readonly ownerGroup: Named | null } | null,
  { id, groups }: Pick<Actor, 'id' | 'groups'>,
): boolean {
  if (agent === null) return false;
  return agent.owner?.id === id || (agent.ownerGroup !== null && groups.includes(agent.ownerGroup.name));
}

/**
 * Why an actor's answer to a request would not count; null when it would. Service identities never decide, nor does who asked, nor the
 * owner of the agent that asked: one person cannot give themselves access by way of a second identity (CP01).
 */
export function whyNotDecide(
  row: AccessRequestRow,
  { actor, rights }: Pick<Caller, 'actor' | 'rights'>,
  now: Date,
): string | null {
  if (actor.kind !== 'person') return 'Only people decide.';
  if (row.personId === actor.id) return 'You asked for this yourself; somebody else has to decide.';
  if (actsFor(row.serviceIdentity, actor)) return 'The agent acts for you, so its owner’s decision does not count.';
  const place = placeOf(row.connection);
  const answer = can(rights, 'approvals.decide', place);
  if (!answer.yes) return `You may not decide on this connection: ${answer.because}.`;
  if (!approverNames(actor, rights, place).some((name) => row.approvers.includes(name)))
    return `The rule asks for ${row.approvers.join(' or ')}, and you are not among them.`;
  const state = requestState(row, now);
  if (state !== 'waiting') return state === 'expired' ? 'Nobody answered in time.' : `It was ${state} already.`;
  return row.decisions.some(({ personId }) => personId === actor.id) ? 'You have decided already.' : null;
}

export function toWindowView(row: MaintenanceWindowRow): MaintenanceWindowView {
  const selector = labelSelectorSchema.parse(row.selector);
  return {
    id: row.id,
    name: row.name,
    selector,
    chosen: describeSelector(selector),
    when: describeWindow(z.union([weeklyWindowSchema, singleWindowSchema]).parse(row.schedule)),
    note: row.note,
    createdBy: row.createdBy?.name ?? null,
  };
}

export function toEntryView(
  actor: AccessEntryView['actor'],
  answer: AccessAnswer,
  sentences: ReadonlyMap<string, string>,
  mayConnect: boolean,
): AccessEntryView {
  // As at the door: a rule lets in only those whose role connects at all.
  if (!mayConnect) {
    const because =
      actor.kind === 'person'
        ? 'No role of theirs lets them connect.'
        : 'Its scopes, its end, or what its people may do keep it from connecting.';
    return { actor, open: false, until: null, because: [because] };
  }
  // An agent's and its owner's rules may be the same ones.
  const because = [...new Set(answer.because.map((id) => sentences.get(id) ?? id))];
  const why = {
    'no-rule': 'No rule lets them connect.',
    'closed-now': 'The hours of their rule are closed now.',
    elsewhere: 'Their rule asks for a network.',
  };
  return {
    actor,
    open: answer.open,
    until: answer.open && answer.until !== null ? new Date(answer.until) : null,
    because: answer.open ? because : [why[answer.reason], ...because],
  };
}

interface Owned {
  readonly person: Named | null;
  readonly serviceIdentity: (Named & { readonly owner: Named | null; readonly ownerGroup: Named | null }) | null;
}

function ownerOf({ person, serviceIdentity }: Owned): GrantView['holder'] {
  if (person !== null) return { id: person.id, name: person.name, kind: 'person', owner: null };
  if (serviceIdentity === null) throw new Error('a row of nobody');
  return {
    id: serviceIdentity.id,
    name: serviceIdentity.name,
    kind: 'service',
    owner: (serviceIdentity.owner ?? serviceIdentity.ownerGroup)?.name ?? null,
  };
}
