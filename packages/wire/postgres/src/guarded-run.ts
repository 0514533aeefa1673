/**
 * Running one admitted statement whose end the client is told only after the gateway has looked at what it did: under a row ceiling
 * (postgres.md item 7). Outside a transaction a simple query is put into one of its own; in a block, and in the extended protocol, the
 * transaction that is open anyway is made to fail, so that what the client believes taken back is taken back and the transaction status
 * that it sees is the target's own.
 */
import type { ReadOutcome } from '@sluice/domain';
import { encodeError, type LocalError, localError } from './errors.ts';
import type { Expected } from './expected.ts';
import { encodeReadyForQuery } from './messages/backend.ts';
import { encodeFlush, encodeParse, encodeQuery } from './messages/frontend.ts';
import type { ReportFields } from './messages/report.ts';
import { refusedStatementName, refusedStatementText } from './refused-statement.ts';
import type { RelayCore } from './relay-core.ts';
import { sendQuery } from './sending.ts';
import type { StatementRun } from './statement-run.ts';
import { touchedRows, touchedRowsText } from './touched-rows.ts';
import { notRun } from './unrun-statements.ts';

export function isGuarded(run: StatementRun): boolean {
  return run.handle.ceiling !== undefined && run.handle.ceiling !== null;
}

export class GuardedRun {
  readonly #core: RelayCore;
  readonly #run: StatementRun;
  #before: number | null = null;

  constructor(core: RelayCore, run: StatementRun) {
    this.#core = core;
    this.#run = run;
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
  async query(raw: Buffer, outcome: ReadOutcome): Promise<void> {
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
    const failed = core.session.status === 'E';
    const own = core.session.status === 'I';
    if (own && (await core.ask('BEGIN')) === null) return refuse(this.#run.exceeded(null));
    this.#before = failed ? null : touchedRows(await core.ask(touchedRowsText));
    if (this.#before === null && !failed) {
      if (own) await core.ask('ROLLBACK');
      return refuse(this.#run.exceeded(null));
    }
    const withheld: Buffer[] = [];
    sendQuery(core, raw, { run, withheld }, core.willMove(outcome));
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
      if (own) await core.ask('ROLLBACK');
      return;
    }
    const problem = await this.#problem();
    if (problem !== null) {
      if (own) await core.ask('ROLLBACK');
      else await this.#failBlock();
      core.toClient.push(encodeError(problem));
      return;
    }
    const fault = own ? await this.#commit() : null;
    if (fault === null) for (const bytes of withheld) core.toClient.push(bytes);
    else core.toClient.push(fault);
  }

  /** Null: committed; else the target's error for the client. */
  async #commit(): Promise<Buffer | null> {
    let fault: Buffer | null = null;
    const onError = (fields: ReportFields): void => {
      fault = this.#run.failed(fields);
    };
    const rows = await this.#core.ask('COMMIT', onError);
    return rows === null ? (fault ?? encodeError(this.#run.exceeded(null))) : null;
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
    this.#before = touchedRows(await core.askInBatch(touchedRowsText, onError));
    if (refused) {
      // The target skips to Sync by now; the error that made it do so was the gateway's own.
      core.toClient.push(encodeError(run.exceeded(null)));
      core.toClient.flush();
      return run.end();
    }
    if (core.skipping) return run.skipped();
    if (this.#before === null) return this.#failBatch(run.exceeded(null));
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
    const problem = suspended ? run.exceeded(null) : await this.#problem();
    if (problem === null) {
      for (const bytes of withheld) core.toClient.push(bytes);
      core.toClient.flush();
    } else if (!core.skipping) this.#failBatch(problem);
    else core.toClient.push(encodeError(problem));
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
    const touched = after === null || this.#before === null ? null : after - this.#before;
    const most = run.handle.ceiling?.rows ?? 0;
    return touched === null || touched > most ? run.exceeded(touched) : null;
  }
}

/** PortalSuspended: the client asked for a part of the result, and whether it asks for the rest is its own affair. */
const portalSuspended = 0x73;
