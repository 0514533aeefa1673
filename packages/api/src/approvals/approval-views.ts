import type { ApprovalRow, ApprovalScope, AskedNames, Db, ListedApprovalRow } from '@sluice/database';
import { countEarlier, findPolicyVersion, listConnectionLabels } from '@sluice/database';
import { impactSchema, labelsSchema, matchesLabels, stepUpSchema } from '@sluice/domain';
import { type DeciderRights, demandsOf, placeOf, rightsOfDeciders, standingOf } from '@sluice/identity';
import { isTicket, ticketLink } from '@sluice/policy';
import { z } from 'zod';
import { personActorView, storedActor, toActorView } from '../actor-views.ts';
import { checkSource } from '../policies/policy-views.ts';
import { runOf, runsOf } from '../runs/run-refs.ts';
import type { ApprovalDetail, ApprovalSummary, RunRef } from '../views.ts';
import { isOwn, maySeeRow, ownIds, reachOf } from '../visibility.ts';
import { alikeChoice } from './alike.ts';
import { type Answerer, seatsOf } from './answerer.ts';
import { decisionRight, mayAnswer, stateOf } from './eligibility.ts';
import { missingWords } from './missing-words.ts';
import { mayRevert, revertOf, undoOf } from './undo.ts';

const dayMs = 24 * 3_600_000;

export function toApprovalSummary(
  row: ListedApprovalRow,
  runs: ReadonlyMap<string, RunRef>,
  now: Date,
): ApprovalSummary {
  const { id, name, protocol, labels } = row.connection;
  return {
    id: row.id,
    state: stateOf(row, now),
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    command: row.command,
    kind: row.kind,
    objects: row.objects,
    filter: row.filter,
    connection: { id, name, protocol, labels: labelsSchema.parse(labels) },
    actor: toActorView(storedActor(row.actor)),
    run: runOf(row, runs),
    rule: row.rule,
    sessionId: row.sessionId,
    asked: row.asked,
    given: row.decisions.filter((decision) => decision.outcome === 'approve').length,
    count: row.count,
  };
}

export async function toApprovalDetail(db: Db, row: ApprovalRow, viewer: Answerer, now: Date): Promise<ApprovalDetail> {
  const deciders = await rightsOfDeciders(db, [row], now);
  const right = decisionRight(viewer, row, deciders, now);
  const demands = demandsOf(row);
  return {
    ...toApprovalSummary(row, await runsOf(db, [row]), now),
    statementId: row.statementId,
    statementText: row.statementText,
    canonicalText: row.canonicalText,
    binds: z.array(z.string().nullable()).parse(row.binds),
    reason: row.reason,
    ruleDescription: await describeRuleOf(db, row),
    approvers: row.ownerCounts ? [...row.approvers, 'the agent’s owner'] : row.approvers,
    behaviour: row.behaviour === 'refuse' ? 'refuse' : 'wait',
    ...standingView(row, deciders, now),
    stated: {
      reason: row.statedReason,
      ticket: row.statedTicket,
      ticketLink: row.statedTicket === null ? null : ticketLink(demands?.ticket ?? null, row.statedTicket),
      missing: missingWords(row),
    },
    asks: {
      reason: demands?.reason === true,
      comment: demands?.comment === true,
      ticket: demands?.ticket ?? null,
    },
    settledBecause: row.state === 'void' || row.state === 'cancelled' ? row.comment : null,
    alike: alikeChoice(row),
    escalation: row.escalateAt === null ? null : { at: row.escalateAt, to: row.escalateTo },
    outcome:
      row.outcomeAt === null
        ? null
        : {
            rows: row.outcomeRows === null ? null : Number(row.outcomeRows),
            durationMs: row.outcomeMs ?? 0,
            error: row.outcomeError,
            at: row.outcomeAt,
          },
    stepUp: stepUpSchema.parse(row.connection.stepUp),
    mayDecide: {
      yes: right.yes,
      because: right.because,
      mayDeny: right.mayDeny,
      inSteadOf: right.inSteadOf?.name ?? null,
    },
    mayState: mayState(viewer, row, now),
    ceiling: row.ceiling,
    undo: undoOf(row, now),
    revert: revertOf(row),
    mayRevert: mayRevert(viewer, row, now),
    impact: readImpact(row.impact),
    earlier: await countEarlier(db, row, new Date(now.getTime() - dayMs)),
    policyVersion: row.policyVersion,
  };
}

/** One in a form of before or after this version's shows nothing. */
function readImpact(stored: unknown): ApprovalDetail['impact'] {
  const read = impactSchema.safeParse(stored);
  return read.success ? read.data : null;
}

/** Who has decided in which stage, whose decision counts, and who is still needed. */
function standingView(
  row: ApprovalRow,
  deciders: DeciderRights,
  now: Date,
): Pick<ApprovalDetail, 'stages' | 'decisions'> {
  const { stages, open, lapsed } = standingOf(row, deciders, now);
  return {
    stages: stages.map(({ approvers, count, given }, index) => ({
      approvers: row.ownerCounts ? [...approvers, 'the agent’s owner'] : approvers,
      count,
      given: given.length,
      state: open === null || index < open ? ('complete' as const) : index === open ? 'open' : 'later',
    })),
    decisions: row.decisions.map((decision) => ({
      by: personActorView(decision.person),
      inSteadOf: decision.forPerson?.name ?? null,
      stage: decision.stage,
      outcome: decision.outcome === 'approve' ? ('approve' as const) : ('deny' as const),
      comment: decision.comment,
      at: decision.at,
      alike:
        decision.alikeMinutes === null || decision.alikeRows === null
          ? null
          : { minutes: decision.alikeMinutes, rows: decision.alikeRows },
      lapsed: lapsed.get(decision.id) ?? null,
    })),
  };
}

/** Whether the caller may still say why: it is theirs, it waits, and nobody has relied on what was said. */
export function mayState({ actor, caller }: Answerer, row: ApprovalRow, now: Date): boolean {
  return actor.kind === 'person' && isOwn(caller, row) && stateOf(row, now) === 'waiting' && row.decisions.length === 0;
}

/** A ticket in the form that the rule asks for, or null. */
export function acceptedTicket(row: Pick<ApprovalRow, 'demands'>, ticket: string | null): string | null {
  return ticket !== null && isTicket(demandsOf(row)?.ticket ?? null, ticket) ? ticket : null;
}

/** What a caller sees: their own, their agents', those on which they may be asked, and all where they hold the wide permission. */
export async function approvalScope(db: Db, viewer: Answerer): Promise<ApprovalScope | null> {
  const connectionIds = await reachOf(db, viewer.caller.rights, 'approvals.read');
  if (connectionIds === null) return null;
  return { actorIds: ownIds(viewer.caller), connectionIds, asked: await namesOf(db, viewer) };
}

/** Every name by which a rule asks this person, or somebody in whose stead they answer. */
export async function namesOf(db: Db, answerer: Answerer): Promise<readonly AskedNames[]> {
  const seats = seatsOf(answerer).filter(({ actor }) => actor.kind === 'person');
  const held = seats.flatMap(({ rights }) => rights.roles);
  const everywhere = held.filter(({ selector }) => Object.keys(selector).length === 0).map(({ role }) => role);
  const names = [...new Set([...everywhere, ...seats.flatMap(({ actor }) => actor.groups)])];
  const somewhere = held.filter(({ role }) => !names.includes(role));
  const places = somewhere.length === 0 ? [] : (await listConnectionLabels(db)).map(placeOf);
  return [
    { names, connectionIds: null },
    ...somewhere.map(({ role, selector }) => ({
      names: [role],
      connectionIds: places.filter(({ labels }) => matchesLabels(selector, labels)).map(({ id }) => id),
    })),
  ];
}

export function maySee(viewer: Answerer, row: ApprovalRow, now: Date): boolean {
  return maySeeRow(viewer.caller, 'approvals.read', row) || mayAnswer(viewer, row, now).yes;
}

/** Sentences by a policy version's id, which never changes: reading a policy costs more than all else that an approval's page asks. */
const sentences = new Map<string, ReadonlyMap<string, string>>();
const maxKnownVersions = 32;

/** The rule's sentence in the version that held, for people who decide. */
async function describeRuleOf(db: Db, row: ApprovalRow): Promise<string | null> {
  if (row.rule === null) return null;
  const version = await findPolicyVersion(db, row.policyVersion);
  if (version === null) return null;
  let known = sentences.get(version.id);
  if (known === undefined) {
    known = new Map(checkSource(version.source).rules.map(({ name, sentence }) => [name, sentence] as const));
    if (sentences.size >= maxKnownVersions) sentences.clear();
    sentences.set(version.id, known);
  }
  return known.get(row.rule) ?? null;
}
