/** What a protocol sees of policy, holds, masking and recording: one per session. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Actor,
  type BundleConnection,
  defaultRecordedResults,
  type Grant,
  type ReadOutcome,
  type Refusal,
  SluiceError,
  type StatementFacts,
  type StatementKind,
  type Verdict,
} from '@sluice/domain';
import {
  alikeCeiling,
  type GrantedMessage,
  grantNamesAtOpening,
  grantNamesFor,
  type PolicyConnection,
} from '@sluice/policy';
import type { NewEvent } from '@sluice/recording';
import {
  type Inspector,
  type Judgement,
  type JudgeRequest,
  mintPermit,
  type TerminalRequest,
  type TerminalTap,
} from '@sluice/wire-kit';
import { type HoldSession, holdStatement } from './hold.ts';
import { type BoundTo, JudgedStatement, type StatementContext } from './judged-statement.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { RecordingPort, SessionPorts } from './ports.ts';
import { RecordedTerminal } from './recorded-terminal.ts';
import {
  refuseApproval,
  refuseDenied,
  refuseEnded,
  refuseLease,
  refuseOverPace,
  refusePreparing,
  refuseUnrecorded,
  refuseUnsupported,
} from './refusals.ts';
import type { SessionGrants } from './session-grants.ts';
import { maskerOf, SessionMasks } from './session-masks.ts';
import type { SessionRights } from './session-rights.ts';
import { nothingToRun, SessionVerdicts } from './session-verdicts.ts';
import { describeForRecord, factsOf, maskBinds, maskCanonicalText, maskStatementText } from './statement-text.ts';
import { eventSinkOf } from './unrecorded.ts';

export interface InspectorSession {
  readonly id: string;
  readonly connection: BundleConnection;
  readonly actor: Actor;
  readonly ports: SessionPorts;
  readonly recorder: RecordingPort;
  readonly live: LiveSessions;
  readonly signal: AbortSignal;
  readonly grants: Pick<SessionGrants, 'inForce'>;
  readonly rights: Pick<SessionRights, 'problem'>;
}

interface Subject {
  readonly statementId: string;
  readonly kind: StatementKind;
  readonly command: string;
}

export class SessionInspector implements Inspector {
  readonly #session: InspectorSession;
  readonly #open = new Set<JudgedStatement>();
  readonly #terminals = new Set<RecordedTerminal>();
  readonly #verdicts: SessionVerdicts;
  readonly #masks: SessionMasks;
  #index = 0;
  #closed = false;
  held = 0;
  denied = 0;

  constructor(session: InspectorSession) {
    this.#session = session;
    const connection = policyConnectionOf(session.connection);
    this.#verdicts = new SessionVerdicts(session, connection);
    let inForce: readonly Grant[] = [];
    let names: readonly string[] = [];
    this.#masks = new SessionMasks(session.actor, connection, session.ports, () => {
      if (session.grants.inForce !== inForce) {
        inForce = session.grants.inForce;
        names = grantNamesAtOpening(inForce);
      }
      return names;
    });
  }

  get statements(): number {
    return this.#index;
  }

  judge(request: JudgeRequest): Judgement | Promise<Judgement> {
    const judgement = this.#judge(request);
    return this.#session.connection.durability === 'synced' ? this.#onceSynced(judgement) : judgement;
  }

  /** Nothing is forwarded before its record survives a power cut. Refusals need not wait: nothing happens. */
  async #onceSynced(judging: Judgement | Promise<Judgement>): Promise<Judgement> {
    const judgement = await judging;
    if (judgement.type !== 'forward') return judgement;
    try {
      await this.#session.recorder.synced();
      return judgement;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const { statement } = judgement;
      if (!(statement instanceof JudgedStatement)) throw error;
      statement.notRun('it could not be recorded durably');
      return this.#refuse(refuseUnrecorded(statement.subject), statement);
    }
  }

  #judge(request: JudgeRequest): Judgement | Promise<Judgement> {
    const facts = factsOf(request.language, request.text, request.outcome);
    const grants = this.#grantNames(facts, request);
    const verdict =
      facts.length === 0
        ? nothingToRun(this.#session.ports.policy().version)
        : this.#verdict(facts, request.state, grants);
    const rows = verdict.action === 'allow' ? this.#rowsOfLeave(request, facts, grants) : null;
    const bound = this.#unmovedSinceBind(request, facts, verdict, rows);
    if (bound !== null) return this.#forward(bound);
    const subject = this.#subject(facts, this.#session.ports.newId());
    const statement = new JudgedStatement(subject, facts, verdict, this.#statementContext());
    const stopped =
      this.#record(request, facts, verdict, subject) ?? this.#endedRefusal(subject) ?? this.#leaseRefusal(subject);
    if (stopped !== null) return this.#refuse(stopped, statement);
    const approved = request.phase === 'execute' ? approvedEarlier(request) : null;
    if (verdict.action === 'deny') {
      approved?.notRun('policy denied it after it was approved');
      return this.#refuse(refuseDenied(subject, verdict, unprovable(facts)), statement);
    }
    if (request.phase === 'prepare') {
      // People are asked about what is bound; what acts before that would have acted before they answer.
      const acts = verdict.action === 'hold' && request.actsWhilePrepared === true;
      return acts ? this.#refuse(refusePreparing(subject, verdict), statement) : this.#forward(statement);
    }
    const tooFast = this.#paceRefusal(request, verdict, subject);
    if (tooFast !== null) return this.#refuse(tooFast, statement);
    if (verdict.action === 'allow') {
      if (rows !== null) statement.limitRows(rows);
      return this.#forward(approved?.takeExecution() === true ? approved : statement);
    }
    if (request.phase === 'execute') return this.#executeHeld(request, approved, statement, subject);
    return this.#hold(request, facts, verdict, subject, statement);
  }

  refuseMessage(what: string, because: string): Refusal {
    const id = this.#session.ports.newId();
    this.denied++;
    this.#append({ type: 'session.note', text: `refused ${what}: ${because}` }, true);
    return refuseUnsupported(id, what, because);
  }

  maskText(text: string): string {
    return this.#masks.client.maskText(text);
  }

  registerCancel(token: string, cancel: () => void): () => void {
    return this.#session.live.registerCancel(this.#session.connection.id, token, cancel);
  }

  recordOwnStatement(text: string): void {
    this.#append({ type: 'session.note', text: `gateway asked the target: ${text}` }, false);
  }

  openTerminal(request: TerminalRequest): TerminalTap {
    const context = this.#statementContext();
    const terminal = new RecordedTerminal(this.#session.ports.newId(), request, context, (closed) =>
      this.#terminals.delete(closed),
    );
    this.#terminals.add(terminal);
    return terminal;
  }

  /** For what is kept of texts that belong to no statement. */
  maskForRecord(text: string): string {
    return this.#masks.record.maskText(text);
  }

  /** The session is over: what was answered so far is recorded, and approvals whose statement never ended get an unknown outcome. */
  close(): void {
    for (const terminal of this.#terminals) terminal.closed({ exitCode: null, signal: null });
    for (const statement of this.#open) statement.abandoned();
    this.#open.clear();
    this.#closed = true;
  }

  /**
   * The statement as it was judged when it was bound, where nothing has moved since: it stands in the record already, and runs as
   * that. Null where it has to be judged and recorded anew.
   */
  #unmovedSinceBind(
    request: JudgeRequest,
    facts: readonly StatementFacts[],
    verdict: Verdict,
    rows: number | null,
  ): JudgedStatement | null {
    const { phase, earlier } = request;
    if (phase !== 'execute' || verdict.action !== 'allow' || !(earlier instanceof JudgedStatement)) return null;
    const same =
      earlier.verdict.action === 'allow' &&
      earlier.verdict.rule === verdict.rule &&
      earlier.verdict.policyVersion === verdict.policyVersion &&
      // Limits may test the time of day and the session, so that equal rules can limit differently.
      isDeepStrictEqual(earlier.verdict.limits, verdict.limits) &&
      (earlier.ceiling?.rows ?? null) === rows &&
      earlier.facts === facts;
    const { rights, ports, connection } = this.#session;
    return same && rights.problem() === null && ports.lease.problem(connection) === null ? earlier : null;
  }

  #forward(statement: JudgedStatement): Judgement {
    return { type: 'forward', permit: mintPermit('forward'), statement };
  }

  #refuse(refusal: Refusal, statement: JudgedStatement): Judgement {
    this.denied++;
    this.#append(
      {
        type: 'statement.refused',
        statementId: statement.id,
        code: refusal.code,
        message: this.maskForRecord(refusal.message),
      },
      false,
    );
    return { type: 'refuse', refusal, statement };
  }

  /** Bound under an approval that was consumed: it runs once, as the same statement in the same state under the same rule. */
  #executeHeld(
    request: JudgeRequest,
    approved: JudgedStatement | null,
    statement: JudgedStatement,
    subject: Subject,
  ): Judgement {
    const unmoved = approved?.verdict.rule === statement.verdict.rule && approved.isBoundTo(boundTo(request));
    if (approved !== null && unmoved && approved.takeExecution()) return this.#forward(approved);
    if (!unmoved) approved?.notRun('policy, definitions or the session changed after it was approved');
    const because =
      approved !== null && unmoved
        ? 'its approval let it run once, and it was executed before'
        : 'policy, definitions or the session changed after it was bound';
    return this.#refuse(
      refuseApproval(
        subject,
        'approval-void',
        { id: approved?.approval?.id ?? null, url: this.#session.ports.publicUrl() },
        {
          rule: statement.verdict.rule,
          message: `Sluice did not run ${subject.command}: ${because}`,
          hint: 'Bind and execute it again to ask anew.',
        },
      ),
      statement,
    );
  }

  async #hold(
    request: JudgeRequest,
    facts: readonly StatementFacts[],
    verdict: Verdict,
    subject: Subject,
    statement: JudgedStatement,
  ): Promise<Judgement> {
    this.held++;
    const masks = this.#masks.record;
    const maskedText = maskStatementText(masks, request.text, facts);
    const held = await holdStatement(this.#holdSession(), {
      request,
      facts,
      verdict,
      ...subject,
      maskedText,
      maskedBinds: maskBinds(masks, request.binds, facts),
      maskStated: (text) => masks.maskText(text),
      maskCanonical: (text) => maskCanonicalText(masks, text, facts, maskedText) ?? maskedText,
    });
    if (held.type === 'refuse') return this.#refuse(held.refusal, statement);
    statement.runsUnder(held.approval, boundTo(request));
    const { undo } = this.#session.ports;
    if (undo !== undefined && this.#session.connection.undo === true) {
      const records = (text: string, outcome: ReadOutcome) =>
        this.#recordOwn(text, outcome, request, ['allow', 'hold']);
      statement.keepsUndo({ binds: request.binds, records }, undo, this.#session.connection.id);
    }
    this.#open.add(statement);
    if (this.#closed) {
      // The session ended while the approval was being consumed: nobody is there to run it.
      this.close();
      return this.#refuse(refuseEnded(subject), statement);
    }
    if (request.phase === 'run') statement.takeExecution();
    return this.#forward(statement);
  }

  #holdSession(): HoldSession {
    const { id, ports, connection, actor, signal } = this.#session;
    return {
      id,
      ports,
      connection,
      actor,
      signal,
      record: (event, durable) => this.#append(event, durable),
      judgeAgain: (facts, state) => this.#verdict(facts, state, this.#grantNames(facts, null)),
      admitsOwn: (text, outcome, held) => this.#recordOwn(text, outcome, held, ['allow']),
      recordsOwn: (text, outcome, held) => this.#recordOwn(text, outcome, held, ['allow', 'hold']),
      ownMasks: (fields) => maskerOf(this.#masks.record, fields),
    };
  }

  /** A text of the gateway's own, judged like the client's: it runs only under one of these verdicts, and stands in the record first. */
  #recordOwn(text: string, outcome: ReadOutcome, held: JudgeRequest, under: readonly Verdict['action'][]): boolean {
    const request: JudgeRequest = { ...held, phase: 'run', text, outcome, earlier: null };
    const facts = factsOf(request.language, text, outcome);
    const verdict = this.#verdict(facts, request.state, this.#grantNames(facts, null));
    if (this.#closed || facts.length === 0 || !under.includes(verdict.action)) return false;
    const subject = this.#subject(facts, this.#session.ports.newId());
    return this.#record(request, facts, verdict, subject, 'gateway') === null;
  }

  #verdict(facts: readonly StatementFacts[], state: JudgeRequest['state'], grants: readonly string[]): Verdict {
    return this.#verdicts.verdict(facts, state, grants);
  }

  /** The names that rules see. Without a request of the client's own, leave for others like an approved statement does not count. */
  #grantNames(facts: readonly StatementFacts[], request: JudgeRequest | null): readonly string[] {
    return grantNamesFor(this.#session.grants.inForce, this.#grantedMessage(facts, request));
  }

  #grantedMessage(facts: readonly StatementFacts[], request: JudgeRequest | null): GrantedMessage {
    const { actor, connection, grants } = this.#session;
    // Leave that came of a decision counts nowhere that decisions must be signed for each statement.
    const mayCount = connection.stepUp === 'none' && grants.inForce.some(({ kind }) => kind === 'alike');
    if (request === null || !mayCount) return { connectionId: connection.id, facts };
    const { database, role } = request.state;
    const countsRows = request.hold.ceilingProblem?.() === null;
    const place = { connectionRevision: connection.revision, runId: actor.runId, database, role, countsRows };
    return { connectionId: connection.id, facts, place };
  }

  /** The rows that each statement may change where only leave for others like an approved one lets the message run; else null. */
  #rowsOfLeave(request: JudgeRequest, facts: readonly StatementFacts[], grants: readonly string[]): number | null {
    const rows = alikeCeiling(this.#session.grants.inForce, this.#grantedMessage(facts, request));
    if (rows === null) return null;
    const without = this.#grantNames(facts, null);
    const needsLeave =
      without.length < grants.length && this.#verdict(facts, request.state, without).action !== 'allow';
    return needsLeave ? rows : null;
  }

  /** Records the judgement before anything is forwarded; null when it is safely in the spool. */
  #record(
    request: JudgeRequest,
    facts: readonly StatementFacts[],
    verdict: Verdict,
    subject: Subject,
    origin: 'client' | 'gateway' = 'client',
  ): Refusal | null {
    try {
      this.#session.recorder.append(
        describeForRecord(this.#masks.record, { request, facts, verdict, ...subject, origin, index: this.#index++ }),
        { durable: true },
      );
      return null;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return refuseUnrecorded(subject);
    }
  }

  #endedRefusal(subject: Subject): Refusal | null {
    return this.#session.rights.problem() === null ? null : refuseEnded(subject);
  }

  #leaseRefusal(subject: Subject): Refusal | null {
    const problem = this.#session.ports.lease.problem(this.#session.connection);
    return problem === null ? null : refuseLease(subject, problem);
  }

  /** Counts the message's statements towards the limits of a minute: where it runs at once, or is bound to run. */
  #paceRefusal({ phase }: JudgeRequest, { limits }: Verdict, subject: Subject): Refusal | null {
    if (limits === null || limits.perMinute.length === 0 || (phase !== 'run' && phase !== 'bind')) return null;
    const { actor, connection, ports } = this.#session;
    const paces = limits.perMinute.map(({ rule, most, count }) => ({
      // NUL stands in no id and no name of a rule.
      key: `${actor.id}\0${connection.id}\0${rule}`,
      most,
      count,
    }));
    const exceeded = ports.rates.take(paces, ports.now());
    const limit = exceeded === null ? undefined : limits.perMinute[exceeded.pace];
    return exceeded === null || limit === undefined ? null : refuseOverPace(subject, limit, exceeded.retryAfterMs);
  }

  #subject(facts: readonly StatementFacts[], statementId: string): Subject {
    const leading = facts.find((f) => f.kind !== 'read' && f.kind !== 'session') ?? facts[0];
    return { statementId, kind: leading?.kind ?? 'session', command: leading?.command ?? 'an empty statement' };
  }

  #statementContext(): StatementContext {
    const { ports } = this.#session;
    return {
      record: (event) => this.#append(event, false),
      masks: this.#masks,
      recorded: this.#session.connection.recordedResults ?? defaultRecordedResults,
      approvals: ports.approvals,
      now: ports.now,
      open: this.#open,
      sink: eventSinkOf(this.#session, () => this.#closed),
    };
  }

  /** Events that follow a forwarded statement: a failing spool stops the next statement, it cannot undo this one. */
  #append(event: NewEvent, durable: boolean): void {
    if (this.#closed) return;
    try {
      this.#session.recorder.append(event, { durable });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#session.ports.log('error', 'an event could not be recorded', {
        session: this.#session.id,
        event: event.type,
        code: error.code,
      });
    }
  }
}

/** A connection as rules see it. */
export function policyConnectionOf({ name, address, labels, options }: BundleConnection): PolicyConnection {
  const database = typeof options.database === 'string' ? options.database : '';
  return { name, protocol: address.protocol, labels, database };
}

/** The statement that an earlier phase bound under an approval; null when none was asked for. */
function approvedEarlier({ earlier }: JudgeRequest): JudgedStatement | null {
  return earlier instanceof JudgedStatement && earlier.approval !== null ? earlier : null;
}

function boundTo({ text, state, definitions }: JudgeRequest): BoundTo {
  return { text, database: state.database, role: state.role, searchPath: state.searchPath, definitions };
}

function unprovable(facts: readonly StatementFacts[]): string | null {
  const statement = facts.find((f) => !f.complete);
  return statement === undefined ? null : (statement.incompleteBecause ?? 'its effect could not be read');
}
