/**
 * Running one admitted statement whose end the client is told only after the gateway has looked at what it did: under a row ceiling
 * (postgres.md item 7). Outside a transaction a simple query is put into one of its own; in a block, and in the extended protocol, the
 * transaction that is open anyway is made to fail, so that what the client believes taken back is taken back and the transaction status
 * that it sees is the target's own.
 */
import type { ReadOutcome } from '@sluice/domain';
import { encodeError, type LocalError, localError } from './errors.ts';
import type { Expected } from './expected.ts';
import { meaningText } from './lane-state.ts';
import { encodeReadyForQuery } from './messages/backend.ts';
import { encodeFlush, encodeParse, encodeQuery } from './messages/frontend.ts';
import type { ReportFields } from './messages/report.ts';
import { refusedStatementName, refusedStatementText } from './refused-statement.ts';
import { type AskHow, protocolFault, type RelayCore } from './relay-core.ts';
import { sendQuery } from './sending.ts';
import type { StatementRun } from './statement-run.ts';
import { touchedRows, touchedRowsText } from './touched-rows.ts';
import { type CapturePlan, UndoCapture } from './undo-capture.ts';
import { planCapture } from './undo-plan.ts';
import { notRun } from './unrun-statements.ts';

export function isGuarded({ handle }: StatementRun): boolean {
  return (handle.ceiling ?? null) !== null || (handle.undo ?? null) !== null;
}

export class GuardedRun {
  readonly #core: RelayCore;
  readonly #run: StatementRun;
  readonly #outcome: ReadOutcome;
  #before: number | null = null;
  #capture: UndoCapture | null = null;
  #touched: number | null = null;

  constructor(core: RelayCore, run: StatementRun, outcome: ReadOutcome) {
    this.#core = core;
    this.#run = run;
    this.#outcome = outcome;
  }

  /** What keeps a simple query from running so, in PostgreSQL's words; null: nothing. */
  #queryProblem(): LocalError | null {
    return this.#core.unsynced
      ? localError(
          '0A000',
          'a statement under a row ceiling cannot run behind a batch that was not ended',
          'Send Sync first, or send it by the extended protocol.',
        )
      : null;
  }

  /** A simple query. Resolves when the client has its answer, or when the constant invalid statement was sent in its place. */
  async query(raw: Buffer): Promise<void> {
    const core = this.#core;
    const run = this.#run;
    const refuse = (refusal: LocalError): void => {
      sendQuery(core, encodeQuery(refusedStatementText), { refusal }, () => run.end());
    };
    const problem = this.#queryProblem();
    if (problem !== null) {
      notRun(run.handle, problem);
      return refuse(problem);
    }
    await core.allAnswered();
    if (core.skipping) return run.skipped();
    const failed = core.session.status === 'E';
    const own = core.session.status === 'I';
    if (own && (await core.ask('BEGIN')) === null) return refuse(this.#cannot());
    // Inside the transaction already: a session of the writer's would be left again outside of one.
    const plan = failed ? null : await this.#plan(own);
    this.#before = failed ? null : touchedRows(await core.ask(touchedRowsText));
    if (!failed && (this.#before === null || !(await this.#prepare(plan)))) {
      if (own) await this.#rollBack();
      return refuse(this.#cannot());
    }
    const withheld: Buffer[] = [];
    sendQuery(core, raw, { run, withheld }, core.willMove(this.#outcome));
    await core.allAnswered();
    await this.#finishQuery(own, withheld);
    core.toClient.push(encodeReadyForQuery(core.session.status));
    this.#run.end();
    core.toClient.flush();
  }

  async #finishQuery(own: boolean, withheld: readonly Buffer[]): Promise<void> {
    const core = this.#core;
    // The target refused it, and the client has its words.
    if (core.session.status === 'E') {
      if (own) await this.#rollBack();
      return;
    }
    const problem = await this.#problem();
    if (problem !== null) {
      if (own) await this.#rollBack();
      else await this.#failBlock();
      core.toClient.push(encodeError(problem));
      return;
    }
    await this.#keep();
    const fault = own ? await this.#commit() : null;
    if (fault !== null) this.#run.handle.undo?.dropped();
    if (fault === null) for (const bytes of withheld) core.toClient.push(bytes);
    else core.toClient.push(fault);
  }

  /** The gateway's own transaction, again where a timeout of the client's struck: the client must not find itself in one it did not begin. */
  async #rollBack(): Promise<void> {
    const core = this.#core;
    for (let tries = 0; tries < maxRollbacks; tries++) {
      if ((await core.ask('ROLLBACK')) !== null || core.session.status === 'I') return;
    }
    core.fail(protocolFault('a refusal of ROLLBACK'));
  }

  /** Null: committed; else the target's error for the client. */
  async #commit(): Promise<Buffer | null> {
    let fault: Buffer | null = null;
    const onError = (fields: ReportFields): void => {
      fault = this.#run.failed(fields);
    };
    const rows = await this.#core.ask('COMMIT', { onError });
    return rows === null ? (fault ?? encodeError(this.#cannot())) : null;
  }

  /** The transaction block fails as after any error: what it did until then is the client's to roll back. */
  async #failBlock(): Promise<void> {
    const core = this.#core;
    core.toTarget.push(encodeQuery(refusedStatementText));
    core.expected.add({ kind: 'query', own: true });
    await core.allAnswered();
  }

  /** An Execute message; `send` sends it with what is to be kept back. Resolves when the batch may go on. */
  async execute(send: (withheld: Buffer[], onUndone: () => void) => Expected): Promise<void> {
    const core = this.#core;
    const run = this.#run;
    let refused = false;
    const onError = (): void => {
      refused = true;
    };
    const plan = await this.#plan(core.session.status === 'I', { onError });
    if (!refused && !core.skipping) this.#before = touchedRows(await core.askInBatch(touchedRowsText, { onError }));
    const ready = refused || core.skipping || this.#before === null || (await this.#prepare(plan, { onError }));
    if (refused) {
      // The target skips to Sync by now; the error that made it do so was the gateway's own.
      core.toClient.push(encodeError(this.#cannot()));
      core.toClient.flush();
      return run.end();
    }
    if (core.skipping) return run.skipped();
    if (this.#before === null || !ready) return this.#failBatch(this.#cannot());
    const withheld: Buffer[] = [];
    let undone = false;
    const entry = send(withheld, () => {
      undone = true;
    });
    core.toTarget.push(encodeFlush());
    await this.#settled(entry);
    // The target's error, or a limit's, has taken its place.
    if (undone || core.skipping) return run.end();
    const suspended = withheld[0]?.[0] === portalSuspended;
    const problem = suspended ? this.#suspended() : await this.#problem();
    if (problem === null && !suspended) await this.#keep();
    if (problem === null && !core.skipping) {
      for (const bytes of withheld) core.toClient.push(bytes);
      core.toClient.flush();
    } else if (!core.skipping) this.#failBatch(problem ?? this.#cannot());
    else core.toClient.push(encodeError(problem ?? this.#cannot()));
    run.end();
  }

  #failBatch(error: LocalError): void {
    const core = this.#core;
    core.toTarget.push(encodeParse(refusedStatementName, refusedStatementText));
    core.toTarget.flush();
    core.expected.add({ kind: 'parse', refusal: error });
    core.skipping = true;
    core.unsynced = true;
  }

  async #settled(entry: Expected): Promise<void> {
    while (!entry.settled) {
      this.#core.toTarget.flush();
      await this.#core.nextAnswer();
    }
  }

  /** What the client is told in the place of a good end; null: it may have it. */
  async #problem(): Promise<LocalError | null> {
    const core = this.#core;
    const run = this.#run;
    if (run.over) return run.isStopped ? null : run.stopped(false);
    const ask = core.unsynced ? core.askInBatch(touchedRowsText) : core.ask(touchedRowsText);
    const after = touchedRows(await ask);
    this.#touched = after === null || this.#before === null ? null : after - this.#before;
    const { ceiling } = run.handle;
    if (ceiling === null || ceiling === undefined) return null;
    return this.#touched === null || this.#touched > ceiling.rows ? run.exceeded(this.#touched) : null;
  }

  /** Only a part of the result was asked for: whether the rest is, is the client's affair, and nobody could look at the end. */
  #suspended(): LocalError | null {
    const { ceiling, undo } = this.#run.handle;
    undo?.unavailable('its result was asked for in parts');
    return (ceiling ?? null) === null ? null : this.#run.exceeded(null);
  }

  /** What the client is told where the gateway's own part failed. */
  #cannot(): LocalError {
    const { handle } = this.#run;
    if ((handle.ceiling ?? null) !== null) return this.#run.exceeded(null);
    const error = localError('58030', 'what it overwrites could not be kept', 'Send it again; it did not run.');
    notRun(handle, error);
    return error;
  }

  /** How what it overwrites is to be kept; null: it is not. Only where its transaction is its own. */
  async #plan(alone: boolean, how: AskHow = {}): Promise<CapturePlan | null> {
    const { undo } = this.#run.handle;
    if (undo === null || undo === undefined) return null;
    const because = (text: string): null => {
      undo.unavailable(text);
      return null;
    };
    if (!alone) return because('it ran inside a transaction that could still be taken back');
    const core = this.#core;
    const rows = await (core.unsynced ? core.askInBatch(meaningText, how) : core.ask(meaningText, how));
    const subject = core.judging.subjectOf({ text: this.#run.text, binds: undo.binds }, this.#outcome);
    const plan = await planCapture(subject, undo, rows?.[0] ?? null);
    return typeof plan === 'string' ? because(plan) : plan;
  }

  /** False: the target refused, and what was sent has failed. */
  async #prepare(plan: CapturePlan | null, how: AskHow = {}): Promise<boolean> {
    if (plan === null) return true;
    const core = this.#core;
    this.#capture = new UndoCapture(plan, (text, values) => {
      const whole = { ...how, values, binary: true };
      return core.unsynced ? core.askInBatch(text, whole) : core.ask(text, whole);
    });
    return this.#capture.before();
  }

  /** Before it is committed, so that no image is lost; what is not committed is thrown away. */
  async #keep(): Promise<void> {
    const { undo } = this.#run.handle;
    if (this.#capture === null || undo === null || undo === undefined) return;
    const image = await this.#capture.after(this.#touched);
    if (typeof image === 'string') return undo.unavailable(image);
    if (!undo.keep(image) || !this.#core.unsynced) return;
    this.#core.onBatchEnd((stood) => {
      if (!stood) undo.dropped();
    });
  }
}

/** How often the gateway's own ROLLBACK is sent before the session ends. */
const maxRollbacks = 5;

/** PortalSuspended: the client asked for a part of the result, and whether it asks for the rest is its own affair. */
const portalSuspended = 0x73;
