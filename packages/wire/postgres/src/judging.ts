/** From a text to a verdict: session state, facts, inspector, hold. Synchronous where nothing has to be waited for. */
import type { Impact, ReadOutcome, Rehearsal } from '@sluice/domain';
import type {
  AssessRequest,
  BindValue,
  Cancellation,
  FactsReader,
  HoldInteraction,
  Inspector,
  Judgement,
  JudgePhase,
  RehearseRequest,
  SessionState,
  StatementHandle,
} from '@sluice/wire-kit';
import { encodeNotice, errorOfRefusal, type LocalError } from './errors.ts';
import { actsWhileParsed, languageName, readFacts, uncarriable } from './facts.ts';
import { assessImpact, type ImpactSubject } from './impact.ts';
import { maxHoldInTransactionMs } from './limits.ts';
import { rehearse } from './rehearsal.ts';
import type { SessionKnowledge } from './session-knowledge.ts';
import type { SessionTracker } from './session-state.ts';
import { ceilingProblem } from './touched-rows.ts';
import { undoProblem } from './undo-capture.ts';

export interface JudgedText {
  readonly phase: JudgePhase;
  readonly text: string;
  readonly binds: readonly BindValue[];
  readonly earlier: StatementHandle | null;
  /** Asked once the session's state is known. True: the target may run something else than this text under the name; it counts as unread. */
  readonly doubtful?: () => boolean;
}

/** What the caller does next. `statement` is null when the refusal is the protocol's own. */
export type Forwarded = Judgement & { readonly type: 'forward' };
export type Judged =
  | { readonly type: 'forward'; readonly judgement: Forwarded; readonly outcome: ReadOutcome }
  | { readonly type: 'refuse'; readonly error: LocalError; readonly statement: StatementHandle | null };

export interface JudgingParts {
  readonly inspector: Inspector;
  readonly facts: FactsReader;
  readonly session: SessionTracker;
  readonly knowledge: SessionKnowledge | null;
  /** Brings what is known of the session up to date; undefined when it is. */
  readonly refreshSession: () => Promise<void> | undefined;
  /** True while waiting keeps locks at the target: inside a transaction, or where one may be open. */
  readonly keepsLocks: () => boolean;
  /** Called when a statement begins to wait for people: gives back what locks it can. */
  readonly beforeWaiting: () => void;
  /** Sends a notice to the client at once. */
  readonly notify: (bytes: Buffer) => void;
  /** The role that an admitted write would run as; null: the one that the gateway's own sessions log in as. */
  readonly writingRole: () => string | null;
  /** The row of `meaningText` in the client's session, asked once it is idle; null: it is not, or it could not be asked. */
  readonly meaning: () => Promise<readonly (string | null)[] | null>;
}

export class Judging {
  readonly #parts: JudgingParts;
  #hold: Hold | null = null;

  constructor(parts: JudgingParts) {
    this.#parts = parts;
  }

  judge(subject: JudgedText): Judged | Promise<Judged> {
    return chain(this.#parts.refreshSession(), () =>
      chain(this.#outcome(subject), (outcome) => this.#ask(subject, outcome)),
    );
  }

  /** True when a statement was waiting for people and now waits no longer. */
  cancelHold(): boolean {
    return this.#hold?.cancel() ?? false;
  }

  #outcome(subject: JudgedText): ReadOutcome | Promise<ReadOutcome> {
    if (subject.doubtful?.() !== true) return this.#read(subject.text);
    return {
      ok: false,
      reason: 'refused',
      message: 'the prepared statement may have been replaced out of sight',
      position: null,
    };
  }

  #read(text: string, once = false): ReadOutcome | Promise<ReadOutcome> {
    const { facts, session, knowledge } = this.#parts;
    return readFacts(text, facts, session, knowledge, once);
  }

  /** What is known of the session is taken as it stands when this is called. */
  subjectOf({ text, binds }: Pick<JudgedText, 'text' | 'binds'>, outcome: ReadOutcome): ImpactSubject {
    const { session, knowledge } = this.#parts;
    return {
      text,
      binds,
      outcome,
      state: session.state(),
      hasOwn: session.hasOwn,
      role: this.#parts.writingRole(),
      catalogue: knowledge?.loaded ?? null,
      read: (one) => this.#read(one, true),
      control: knowledge === null ? null : (task) => knowledge.control(task),
    };
  }

  #rehearse(subject: JudgedText, outcome: ReadOutcome, request: RehearseRequest): Promise<Rehearsal> {
    const { keepsLocks, meaning } = this.#parts;
    return rehearse({ ...this.subjectOf(subject, outcome), busy: keepsLocks(), meaning }, request);
  }

  #ask(subject: JudgedText, outcome: ReadOutcome): Judged | Promise<Judged> {
    const { inspector, session, knowledge } = this.#parts;
    const forbidden = uncarriable(outcome);
    if (forbidden !== null) {
      const refusal = inspector.refuseMessage(forbidden.what, forbidden.because);
      return { type: 'refuse', error: errorOfRefusal(refusal), statement: null };
    }
    const hold = new Hold(this.#parts, {
      outcome,
      read: () => this.#outcome(subject),
      assess: (request) => assessImpact(this.subjectOf(subject, outcome), request),
      rehearse: (request) => this.#rehearse(subject, outcome, request),
    });
    this.#hold = hold;
    const { phase, text, binds, earlier } = subject;
    const judgement = inspector.judge({
      phase,
      text,
      binds,
      earlier,
      language: languageName,
      outcome,
      state: session.state(),
      definitions: knowledge?.definitions(outcome) ?? 'unknown',
      actsWhilePrepared: phase === 'prepare' && actsWhileParsed(outcome, knowledge),
      hold,
    });
    if (!(judgement instanceof Promise)) {
      this.#hold = null;
      return judged(judgement, outcome);
    }
    return judgement
      .finally(() => {
        this.#hold = null;
      })
      .then((result) => judged(result, outcome));
  }
}

interface HeldText {
  readonly outcome: ReadOutcome;
  readonly read: () => ReadOutcome | Promise<ReadOutcome>;
  readonly assess: (request: AssessRequest) => Promise<Impact>;
  readonly rehearse: (request: RehearseRequest) => Promise<Rehearsal>;
}

class Cancelling implements Cancellation {
  aborted = false;
  #listeners: readonly (() => void)[] = [];

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((one) => one !== listener);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.#listeners) listener();
  }
}

class Hold implements HoldInteraction {
  readonly assess: (request: AssessRequest) => Promise<Impact>;
  readonly rehearse: (request: RehearseRequest) => Promise<Rehearsal>;
  readonly #parts: JudgingParts;
  readonly #held: HeldText;
  #cancelling: Cancelling | null = null;
  #cancelled = false;

  constructor(parts: JudgingParts, held: HeldText) {
    this.#parts = parts;
    this.#held = held;
    this.assess = held.assess;
    this.rehearse = held.rehearse;
  }

  /** As things stand when it is asked: answers to earlier messages may have come since the judgement began. */
  get maxWaitMs(): number | null {
    return this.#parts.keepsLocks() ? maxHoldInTransactionMs : null;
  }

  /** Made only when somebody waits: most judgements never hold. */
  get cancelled(): Cancellation {
    this.#cancelling ??= new Cancelling();
    if (this.#cancelled) this.#cancelling.abort();
    return this.#cancelling;
  }

  ceilingProblem(): string | null {
    return ceilingProblem(this.#held.outcome);
  }

  undoProblem(): string | null {
    return undoProblem(this.#held.outcome, this.#parts.knowledge?.loaded ?? null);
  }

  cancel(): boolean {
    this.#cancelled = true;
    this.#cancelling?.abort();
    return this.#cancelling !== null;
  }

  async readAgain(): Promise<{ outcome: ReadOutcome; state: SessionState; definitions: string }> {
    const { knowledge, session } = this.#parts;
    await knowledge?.refresh();
    const outcome = await this.#held.read();
    return { outcome, state: session.state(), definitions: knowledge?.definitions(outcome) ?? 'unknown' };
  }

  waiting(notice: { readonly approvalId: string; readonly url: string; readonly message: string }): void {
    this.#parts.beforeWaiting();
    const detail = JSON.stringify({ sluice: 1, approval: notice.approvalId, url: notice.url });
    this.#parts.notify(
      encodeNotice(notice.message, detail, `A person can answer at ${notice.url}. Press Ctrl-C to give up.`),
    );
  }
}

function judged(judgement: Judgement, outcome: ReadOutcome): Judged {
  if (judgement.type === 'forward') return { type: 'forward', judgement, outcome };
  return { type: 'refuse', error: errorOfRefusal(judgement.refusal), statement: judgement.statement };
}

/** Goes on at once when there is nothing to wait for: the hot path must not pay for a turn of the event loop. */
export function chain<In, Out>(value: In | Promise<In>, next: (value: In) => Out | Promise<Out>): Out | Promise<Out> {
  return value instanceof Promise ? value.then(next) : next(value);
}
