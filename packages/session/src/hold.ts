/** Holding one statement until a person answers: raise, wait, judge again, consume at most once. */
import {
  type Actor,
  type ApprovalState,
  type ApprovalStatus,
  type BundleConnection,
  type Refusal,
  SluiceError,
  type StatementDescription,
  type StatementFacts,
  unreadableCommand,
  type Verdict,
} from '@sluice/domain';
import { alikeOffer } from '@sluice/policy';
import type { NewEvent } from '@sluice/recording';
import type { JudgeRequest, ResultField, ResultMasker } from '@sluice/wire-kit';
import type { ConsumedApproval } from './judged-statement.ts';
import type { SessionPorts } from './ports.ts';
import { refuseApproval, refuseControlPlaneAway, refuseUncountable, refuseUndescribed } from './refusals.ts';
import { statedIn } from './stated-reason.ts';
import { factsOf } from './statement-text.ts';
import { type AdmitsOwn, rehearseHeld, tellImpact } from './tell-impact.ts';

/** Longest text that an approval carries; a longer one is shown cut, with its length. */
const maxApprovalTextCharacters = 65_536;
/** Bind values shown to a reviewer. */
const maxApprovalBinds = 256;
/** Longest time that a timer can be set for (ms). */
const maxTimerMs = 2 ** 31 - 1;

export interface HoldSubject {
  readonly request: JudgeRequest;
  readonly facts: readonly StatementFacts[];
  readonly verdict: Verdict;
  readonly statementId: string;
  readonly kind: string;
  readonly command: string;
  readonly maskedText: string;
  readonly maskedBinds: readonly (string | null)[];
  readonly maskCanonical: (text: string) => string;
  /** Masks what the requester says in its own words. */
  readonly maskStated: (text: string) => string;
}

export interface HoldSession {
  readonly id: string;
  readonly ports: SessionPorts;
  readonly connection: BundleConnection;
  readonly actor: Actor;
  readonly record: (event: NewEvent, durable: boolean) => void;
  /** Judges the same facts under the policy of this moment. */
  readonly judgeAgain: (facts: readonly StatementFacts[], state: JudgeRequest['state']) => Verdict;
  readonly admitsOwn: AdmitsOwn;
  readonly recordsOwn: AdmitsOwn;
  readonly ownMasks: (fields: readonly ResultField[]) => ResultMasker;
  readonly signal: AbortSignal;
}

export type HoldResult =
  | { readonly type: 'run'; readonly approval: ConsumedApproval }
  | { readonly type: 'refuse'; readonly refusal: Refusal };

/** Resolves with the right to run once, or with a refusal. Never throws for what a client, a person or the network does. */
export async function holdStatement(session: HoldSession, subject: HoldSubject): Promise<HoldResult> {
  const asked = await askPeople(session, subject);
  // Not awaited here: what it took to ask is let go of while people think.
  return 'type' in asked ? asked : waitForPeople(session, subject, asked.approval, asked.effectDigest);
}

/** Raises the approval. A refusal: nobody could be asked, or the client is told to come back with the same statement. */
async function askPeople(
  session: HoldSession,
  subject: HoldSubject,
): Promise<HoldResult | { readonly approval: ApprovalStatus; readonly effectDigest: string }> {
  const { ports } = session;
  const terms = subject.verdict.hold;
  if (terms === null) throw new Error('a hold verdict carries its terms');
  if (!ports.lease.controlPlaneReachable()) {
    return { type: 'refuse', refusal: refuseControlPlaneAway(subject, subject.verdict.rule) };
  }
  const uncountable = ceilingRefusal(subject);
  if (uncountable !== null) return { type: 'refuse', refusal: uncountable };
  const description = await describe(session, subject);
  if (description === null) return { type: 'refuse', refusal: refuseUndescribed(subject, subject.verdict.rule) };
  const effectDigest = digestEffect(session, subject, description.tree);
  // Rolled back before anybody is asked (invariant 1).
  const rehearsal = session.connection.rehearsal === true ? await rehearseHeld(session, subject.request) : null;
  let approval: ApprovalStatus;
  try {
    approval = await raise(session, subject, effectDigest, description);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { type: 'refuse', refusal: refuseControlPlaneAway(subject, subject.verdict.rule) };
  }
  session.record(
    { type: 'statement.held', statementId: subject.statementId, approvalId: approval.id, url: approval.url },
    true,
  );
  if (approval.state === 'waiting') void tellImpact(session, subject.request, approval.id, rehearsal);
  if (session.connection.holdBehaviour === 'refuse' && approval.state === 'waiting') {
    return {
      type: 'refuse',
      refusal: refuseApproval(subject, 'approval-required', approval, {
        rule: subject.verdict.rule,
        message: `Sluice asked a person to approve this ${subject.command}: ${subject.verdict.reason}`,
        hint: `${sayWhy(approval)}Send exactly the same statement again once it is approved at ${approval.url}; it then passes once.`,
      }),
    };
  }
  return { approval, effectDigest };
}

/** Nobody is asked for what could not be held to its ceiling afterwards. */
function ceilingRefusal({ request: { hold }, verdict, ...subject }: HoldSubject): Refusal | null {
  const ceiling = verdict.hold?.ceiling;
  if (ceiling === undefined) return null;
  const problem = hold.ceilingProblem === undefined ? 'this protocol counts no rows' : hold.ceilingProblem();
  return problem === null ? null : refuseUncountable(subject, ceiling, problem, verdict.rule);
}

async function raise(
  session: HoldSession,
  subject: HoldSubject,
  effectDigest: string,
  { canonical, comment }: StatementDescription,
): Promise<ApprovalStatus> {
  const { ports, connection } = session;
  const terms = subject.verdict.hold!;
  const stated = statedIn(comment === null ? null : subject.maskStated(comment));
  // Where each decision is signed by a passkey, none stands for statements that nobody signed.
  const alike = connection.stepUp === 'none' ? alikeOffer(subject.facts, subject.request.state) : null;
  const first = subject.facts.find((f) => f.kind !== 'read' && f.kind !== 'session') ?? subject.facts[0];
  return ports.approvals.create({
    id: ports.newId(),
    connectionId: connection.id,
    connectionRevision: connection.revision,
    sessionId: session.id,
    statementId: subject.statementId,
    gatewayStartId: ports.gateway.startId,
    actor: session.actor,
    statementText: cut(subject.maskedText),
    canonicalText: cut(canonical),
    binds: subject.maskedBinds.slice(0, maxApprovalBinds),
    command: subject.command,
    kind: subject.kind,
    objects: objectNames(subject.facts),
    filter: first?.filter ?? 'not-applicable',
    rule: subject.verdict.rule,
    reason: subject.verdict.reason,
    effectDigest,
    approvers: [...terms.approvers],
    count: terms.count,
    owner: terms.owner,
    ...(terms.demands === undefined ? {} : { demands: terms.demands }),
    ...(stated.reason === null && stated.ticket === null ? {} : { stated }),
    ...(terms.ceiling === undefined ? {} : { ceiling: terms.ceiling }),
    ...(alike === null ? {} : { alike }),
    behaviour: connection.holdBehaviour,
    expiresAt: new Date(ports.now() + terms.expiresSeconds * 1_000).toISOString(),
    policyVersion: subject.verdict.policyVersion,
  });
}

/** How to give what the rule asks of the requester; empty when nothing is missing. */
function sayWhy({ missing, url }: ApprovalStatus): string {
  if (!missing) return '';
  return `Nobody can approve it before ${missing} is given: begin the statement with a comment that says "reason: why; ticket: OPS-12", or give it at ${url}. `;
}

async function waitForPeople(
  session: HoldSession,
  subject: HoldSubject,
  raised: ApprovalStatus,
  effectDigest: string,
): Promise<HoldResult> {
  const { ports } = session;
  const startedAt = ports.now();
  const lives = subject.verdict.hold!.expiresSeconds * 1_000;
  let status = raised;
  if (raised.state === 'waiting') {
    subject.request.hold.waiting({
      approvalId: raised.id,
      url: raised.url,
      message: `Sluice holds this ${subject.command === unreadableCommand ? 'statement' : subject.command} until a person approves it: ${raised.url}${raised.missing ? `. ${sayWhy(raised).trimEnd()}` : ''}`,
    });
    const answer = await firstOf(session, subject, raised.id, Math.min(lives, subject.request.hold.maxWaitMs ?? lives));
    if (answer === 'expired' || answer === 'cancelled') {
      const because = answer === 'expired' ? 'the wait was over' : 'the client cancelled or went away';
      ports.approvals.cancel(raised.id, answer, because);
      recordDecision(session, subject, raised.id, answer, [], null, startedAt);
      return {
        type: 'refuse',
        refusal: answer === 'expired' ? expired(session, subject, raised) : givenUp(subject, raised),
      };
    }
    status = answer;
  }
  recordDecision(session, subject, raised.id, status.state, status.decidedBy, status.comment, startedAt);
  if (status.state !== 'approved') return { type: 'refuse', refusal: refuseBy(subject, status) };
  return consume(session, subject, status, effectDigest);
}

/**
 * Whichever comes first: people's answer, the end of the wait, or that the client or the session goes. Thousands wait at once, so
 * there is one promise and one timer for each, and no signal made of other signals.
 */
function firstOf(
  session: HoldSession,
  subject: HoldSubject,
  approvalId: string,
  waitMs: number,
): Promise<ApprovalStatus | 'expired' | 'cancelled'> {
  const { approvals } = session.ports;
  const leaving = [subject.request.hold.cancelled, session.signal];
  return new Promise((resolve) => {
    const end = (how: ApprovalStatus | 'expired' | 'cancelled') => {
      clearTimeout(timer);
      for (const signal of leaving) signal.removeEventListener('abort', leave);
      approvals.unwatch(approvalId);
      resolve(how);
    };
    const leave = () => end('cancelled');
    const timer = setTimeout(end, Math.min(waitMs, maxTimerMs), 'expired');
    for (const signal of leaving) signal.addEventListener('abort', leave);
    if (leaving.some((signal) => signal.aborted)) leave();
    else approvals.watch(approvalId, end);
  });
}

/** Facts and verdict are computed again under the policy of this moment; then the approval is spent before anything is forwarded. */
async function consume(
  session: HoldSession,
  subject: HoldSubject,
  status: ApprovalStatus,
  effectDigest: string,
): Promise<HoldResult> {
  const { ports } = session;
  const moved = await hasMoved(session, subject);
  if (moved || subject.request.hold.cancelled.aborted || session.signal.aborted) {
    ports.approvals.cancel(status.id, 'void', 'policy, definitions or the session changed while it waited');
    return {
      type: 'refuse',
      refusal: refuseApproval(subject, 'approval-void', status, {
        rule: subject.verdict.rule,
        message: `Sluice did not run the approved ${subject.command}: policy, definitions or the session changed while it waited`,
        hint: 'Send it again to ask anew.',
      }),
    };
  }
  const unsigned = stepUpProblem(session, subject, status, effectDigest);
  if (unsigned !== null) {
    ports.approvals.cancel(status.id, 'void', `the gateway did not accept the decision: ${unsigned}`);
    return {
      type: 'refuse',
      refusal: refuseApproval(subject, 'approval-void', status, {
        rule: subject.verdict.rule,
        message: `Sluice did not run the approved ${subject.command}: ${unsigned}`,
        hint: 'Decisions on this connection are signed with passkeys that its gateway trusts; ask an administrator, then send it again.',
      }),
    };
  }
  const spent = await ports.approvals.consume(status.id, effectDigest).catch((error: unknown) => {
    if (error instanceof SluiceError) return 'unknown' as const;
    throw error;
  });
  if (spent !== true) {
    if (spent === 'unknown') giveUpUse(ports, status.id);
    return {
      type: 'refuse',
      refusal: refuseApproval(subject, 'approval-void', status, {
        rule: subject.verdict.rule,
        message: `Sluice did not run the approved ${subject.command}: the approval could not be used`,
        hint: 'It was used already, or the control plane could not confirm it; send it again to ask anew.',
      }),
    };
  }
  return { type: 'run', approval: { id: status.id, effectDigest, ceiling: subject.verdict.hold?.ceiling ?? null } };
}

/** What people's passkeys lack where the connection asks for them; null: nothing. */
function stepUpProblem(
  { ports, connection, actor }: HoldSession,
  { verdict }: HoldSubject,
  status: ApprovalStatus,
  effectDigest: string,
): string | null {
  const { count: people, owner: ownerCounts, demands } = verdict.hold!;
  // Where one person may answer in several stages, the largest stage says how many there are at least.
  const count = demands?.samePerson === true ? Math.max(...demands.stages.map((stage) => stage.count)) : people;
  const { id: approvalId, decisions } = status;
  return ports.stepUp.use({ connection, approvalId, effectDigest, actor, count, ownerCounts, decisions });
}

/** The answer to `consume` was lost: void where it did not arrive, failed where it did. Only one of the two is accepted. */
function giveUpUse(ports: SessionPorts, id: string): void {
  const error = 'the control plane could not confirm that the approval was used, so the statement did not run';
  ports.approvals.cancel(id, 'void', error);
  ports.approvals.outcome(id, { outcome: 'failed', rows: null, durationMs: 0, error });
}

/** True unless the same text still means the same, in the same state, under the same rule. What cannot be read again has moved. */
async function hasMoved(session: HoldSession, { request, verdict: before }: HoldSubject): Promise<boolean> {
  try {
    const again = await request.hold.readAgain();
    if (again.outcome.ok !== request.outcome.ok || again.definitions !== request.definitions) return true;
    if (JSON.stringify(again.state) !== JSON.stringify(request.state)) return true;
    const verdict = session.judgeAgain(factsOf(request.language, request.text, again.outcome), again.state);
    if (verdict.action === 'deny') return true;
    return (
      verdict.action === 'hold' && (verdict.rule !== before.rule || verdict.hold?.ceiling !== before.hold?.ceiling)
    );
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return true;
  }
}

function refuseBy(subject: HoldSubject, status: ApprovalStatus): Refusal {
  const by = status.decidedBy.length === 0 ? 'a reviewer' : status.decidedBy.join(', ');
  if (status.state === 'denied') {
    return refuseApproval(subject, 'approval-denied', status, {
      rule: subject.verdict.rule,
      message: `Sluice refused ${subject.command}: ${by} denied it${status.comment ? `: ${status.comment}` : ''}`,
      hint: 'A person said no; do not send it again unchanged. Follow their comment, or ask them.',
    });
  }
  if (status.state === 'expired') {
    return refuseApproval(subject, 'approval-expired', status, {
      rule: subject.verdict.rule,
      message: `Sluice refused ${subject.command}: nobody answered in time`,
      hint: 'Send it again to ask anew.',
    });
  }
  return givenUp(subject, status);
}

function givenUp(subject: HoldSubject, approval: ApprovalStatus): Refusal {
  return refuseApproval(subject, 'approval-cancelled', approval, {
    rule: subject.verdict.rule,
    message: `Sluice did not run ${subject.command}: the request for approval was cancelled`,
    hint: 'Send it again to ask anew.',
  });
}

function expired(session: HoldSession, subject: HoldSubject, approval: ApprovalStatus): Refusal {
  const inTransaction = subject.request.hold.maxWaitMs !== null && subject.request.state.inTransaction;
  return refuseApproval(subject, 'approval-expired', approval, {
    rule: subject.verdict.rule,
    message: `Sluice refused ${subject.command}: nobody answered in time`,
    hint: inTransaction
      ? 'Inside an open transaction a statement waits at most 30 seconds, because it keeps locks; send it outside a transaction to wait longer.'
      : `Send it again to ask anew; reviewers of ${session.connection.name} see it in their inbox.`,
  });
}

function recordDecision(
  session: HoldSession,
  subject: HoldSubject,
  approvalId: string,
  outcome: ApprovalState,
  by: readonly string[],
  comment: string | null,
  startedAt: number,
): void {
  session.record(
    {
      type: 'statement.decided',
      statementId: subject.statementId,
      approvalId,
      outcome,
      by,
      comment,
      waitedMs: session.ports.now() - startedAt,
    },
    true,
  );
}

/**
 * The keyed digest of the exact effect: parse tree with literals, bind values and types, connection revision, database, effective
 * role and search path, definitions, actor and run, and the rule that held. Unreadable text stands for itself.
 */
function digestEffect(session: HoldSession, subject: HoldSubject, tree: string): string {
  const { request } = subject;
  return session.ports.digest(
    JSON.stringify([
      'sluice-effect-v1',
      tree,
      request.binds,
      session.connection.id,
      session.connection.revision,
      request.state.database,
      request.state.role,
      request.state.searchPath,
      request.definitions,
      session.actor.id,
      session.actor.runId,
      subject.verdict.rule,
      ...(subject.verdict.hold?.ceiling === undefined ? [] : [subject.verdict.hold.ceiling]),
    ]),
  );
}

/**
 * Exact tree and masked canonical print. A text that no grammar could read stands for itself; null when the parser gave up on one
 * that it had read.
 */
async function describe(session: HoldSession, subject: HoldSubject): Promise<StatementDescription | null> {
  const { request } = subject;
  if (!request.outcome.ok) return { tree: request.text, canonical: subject.maskedText, comment: null };
  try {
    const { tree, canonical, comment } = await session.ports.describe(request.language, request.text);
    return { tree, canonical: subject.maskCanonical(canonical), comment };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return null;
  }
}

function objectNames(facts: readonly StatementFacts[]): string[] {
  const names = new Set<string>();
  for (const statement of facts) {
    for (const object of [...statement.writes, ...statement.effects.flatMap((e) => (e.object ? [e.object] : []))]) {
      names.add(object.schema === null ? object.name : `${object.schema}.${object.name}`);
    }
  }
  return [...names].slice(0, 100);
}

function cut(text: string): string {
  return text.length <= maxApprovalTextCharacters
    ? text
    : `${text.slice(0, maxApprovalTextCharacters)}\n… (cut: ${text.length} characters in all)`;
}
