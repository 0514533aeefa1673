/** What both directions of one session share. */
import { createHash } from 'node:crypto';
import type { ReadOutcome } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import type { FactsReader, Inspector } from '@sluice/wire-kit';
import { type Expected, ExpectedQueue } from './expected.ts';
import { Judging } from './judging.ts';
import type { PostgresKnowledge } from './knowledge.ts';
import { meaningText } from './lane-state.ts';
import { Lanes, type LanesParts } from './lanes.ts';
import { catalogueWaitMs } from './limits.ts';
import {
  encodeBindValues,
  encodeClosePortal,
  encodeCloseStatement,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeSync,
  type ParameterValue,
} from './messages/frontend.ts';
import type { ReportFields } from './messages/report.ts';
import type { Outlet } from './outlet.ts';
import { ownSavepointTexts, readOwn } from './own-catalogue.ts';
import { SessionKnowledge } from './session-knowledge.ts';
import { preparedStateText, type SessionTracker, sessionStateText } from './session-state.ts';
import type { StatementTable } from './statement-table.ts';
import type { TextRows } from './target-side.ts';

/** Names of the gateway's own statement and portal: named, so that the client's unnamed ones live on. */
const ownName = 'sluice_state';

export interface RelayCoreParts {
  readonly toClient: Outlet;
  readonly lanes: LanesParts;
  readonly statements: StatementTable;
  readonly session: SessionTracker;
  readonly inspector: Inspector;
  readonly facts: FactsReader;
  readonly knowledge: PostgresKnowledge | null;
  readonly pauseClient: (pause: boolean) => void;
  /** Asks the target to cancel what runs; resolves when the request was delivered or given up. */
  readonly cancelTarget: () => Promise<void>;
  /** Something that stopped the client's messages is over. */
  readonly resumeClient: () => void;
  readonly onFault: (error: unknown) => void;
  readonly onGoodbye: () => void;
}

/** How one of the gateway's own texts is asked in the client's session. */
export interface AskHow {
  /** The target's refusal, which the client does not see. */
  readonly onError?: (fields: ReportFields) => void;
  readonly values?: readonly ParameterValue[];
  /** Values come in their binary form, as base64. */
  readonly binary?: boolean;
}

export class RelayCore {
  readonly toClient: Outlet;
  /** Towards the session at the target where the client is now. */
  toTarget: Outlet;
  readonly lanes: Lanes;
  readonly statements: StatementTable;
  readonly session: SessionTracker;
  readonly inspector: Inspector;
  readonly knowledge: SessionKnowledge | null;
  readonly judging: Judging;
  readonly expected = new ExpectedQueue();
  readonly pauseClient: (pause: boolean) => void;
  /** True from a refusal or an error in the extended protocol until the client's Sync: what comes between is dropped. */
  skipping = false;
  /** True while messages of the extended protocol were sent and no Sync followed. */
  unsynced = false;
  /** True when the open batch holds more than Parse, Describe and Close of statements. */
  batchBinds = false;
  /** Counts the stretches between Sync and Query messages. */
  stretch = 0;
  readonly #parts: RelayCoreParts;
  #movers = 0;
  #cancels = 0;
  #catalogueWait: Promise<void> | null = null;
  #catalogueReadings = 0;
  #idleWaiters: (() => void)[] = [];
  #answerWaiters: (() => void)[] = [];
  #batchListeners: ((stood: boolean) => void)[] = [];
  /** Errors that the target has sent. */
  errors = 0;

  constructor(parts: RelayCoreParts) {
    this.#parts = parts;
    this.toClient = parts.toClient;
    this.toTarget = parts.lanes.homeOutlet;
    this.lanes = new Lanes(this, parts.lanes);
    this.statements = parts.statements;
    this.session = parts.session;
    this.inspector = parts.inspector;
    this.knowledge = parts.knowledge === null ? null : new SessionKnowledge(parts.knowledge, parts.session);
    this.pauseClient = parts.pauseClient;
    this.judging = new Judging({
      inspector: parts.inspector,
      facts: parts.facts,
      session: parts.session,
      knowledge: this.knowledge,
      keepsLocks: () => !this.#isLockFree,
      beforeWaiting: () => this.#releaseLocks(),
      refreshSession: () => this.#refreshSession(),
      writingRole: () => this.#writingRole(),
      meaning: () => this.#meaning(),
      notify: (bytes) => {
        this.toClient.push(bytes);
        this.toClient.flush();
      },
    });
  }

  fail(error: unknown): void {
    this.#parts.onFault(error);
  }

  clientSaidGoodbye(): void {
    this.#parts.onGoodbye();
  }

  /** True while a cancel request is on its way: nothing new is sent to the target, or the request could stop that instead. */
  get cancelling(): boolean {
    return this.#cancels > 0;
  }

  /** A result passed its limit: what runs is to be stopped at the target. */
  stopAtTarget(): void {
    this.#cancels++;
    void this.#parts.cancelTarget().then(() => {
      this.#cancels--;
      this.#parts.resumeClient();
    });
  }

  /** The COPY FROM STDIN whose data the client sends now. */
  copyingIn(): Expected | null {
    const head = this.expected.head;
    return head?.copyingIn === true ? head : null;
  }

  /** Notes a forwarded statement that may change what later judgements stand on; the result is called when its answer came. */
  willMove(outcome: ReadOutcome): () => void {
    if (outcome.ok && !this.session.mayMove(outcome.statements)) return nothing;
    if (!outcome.ok || this.session.mayHide(outcome.statements)) this.statements.doubtAll();
    if (outcome.ok) this.session.willRun(outcome.statements);
    else this.session.forgetCursors();
    this.#movers++;
    return () => {
      this.#movers--;
    };
  }

  /** ReadyForQuery of the Sync or Query that closed a stretch. */
  stretchEnded(stretch: number): void {
    if (this.session.status === 'I') this.statements.endPortalsBefore(stretch + 1);
  }

  /** DDL became visible, or may have: judgements wait for the catalogue that shows it. What it changed is unknown while that is late. */
  catalogueIsOld(): void {
    if (this.knowledge === null) {
      this.session.catalogueIsFresh();
      return;
    }
    const number = ++this.#catalogueReadings;
    const read = this.knowledge.refreshAfterNow().then(() => {
      if (number === this.#catalogueReadings) this.session.catalogueIsFresh();
    });
    const wait = within(read, catalogueWaitMs).then(() => {
      if (this.#catalogueWait === wait) this.#catalogueWait = null;
    });
    this.#catalogueWait = wait;
  }

  /** Called once the client's open batch is over: `stood` false where something in it failed, and the target took it all back. */
  onBatchEnd(listener: (stood: boolean) => void): void {
    this.#batchListeners.push(listener);
  }

  /** The listeners of the batch that ends with the Sync that is being sent. */
  takeBatchListeners(): () => void {
    const listeners = this.#batchListeners;
    if (listeners.length === 0) return nothing;
    this.#batchListeners = [];
    const errors = this.errors;
    const failing = this.skipping;
    return () => {
      for (const listener of listeners) listener(!failing && errors === this.errors);
    };
  }

  /** An answer came: whoever waits for the target to be idle looks again. */
  answered(): void {
    const listeners = this.#answerWaiters;
    if (listeners.length > 0) {
      this.#answerWaiters = [];
      for (const wake of listeners) wake();
    }
    if (this.expected.size > 0) return;
    this.session.settled();
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }

  /** Before a Bind of a doubtful name: the names are compared with the target's, where it can be asked. */
  confirmPrepared(name: string): Promise<void> | undefined {
    // The writer's session has none of the names: what is doubtful stays so.
    return this.statements.prepared(name)?.doubtful === true && !this.lanes.isAway
      ? this.#confirmPrepared()
      : undefined;
  }

  async #meaning(): Promise<readonly (string | null)[] | null> {
    this.#releaseLocks();
    if (!this.#isLockFree) return null;
    await this.allAnswered();
    if (this.skipping || !this.#isLockFree) return null;
    return (await this.ask(meaningText))?.[0] ?? null;
  }

  /** No transaction is open at the target, nor may one be: nothing of it but Parse has gone out since the last Sync. */
  get #isLockFree(): boolean {
    return this.session.status === 'I' && !this.batchBinds && !this.expected.runsSomething;
  }

  /** Where a session opened as the reader, its own role's writes run as the writer, which the gateway's own sessions are. */
  #writingRole(): string | null {
    const { role } = this.session.state();
    const { dial, home } = this.#parts.lanes;
    return dial !== null && role === home.parameters.get('session_authorization') ? null : role;
  }

  /**
   * A Parse takes locks that the target keeps until Sync. Where the batch only parsed so far, a Sync of our own gives them back
   * before people are waited for: prepared statements outlive it, and nothing has run.
   */
  #releaseLocks(): void {
    if (!this.unsynced || this.batchBinds || this.session.status !== 'I') return;
    this.syncMidBatch();
    this.toTarget.flush();
  }

  /** A Sync of the gateway's own in the middle of the client's batch; an error that strikes there is the batch's. */
  syncMidBatch(): void {
    this.toTarget.push(encodeSync());
    this.expected.add({ kind: 'sync', own: true, midBatch: true, aloud: true });
  }

  #refreshSession(): Promise<void> | undefined {
    if (!this.session.stale && this.#movers === 0 && this.#catalogueWait === null) return undefined;
    return this.#bringUpToDate();
  }

  async #bringUpToDate(): Promise<void> {
    if (this.#catalogueWait !== null) await this.#catalogueWait;
    if (!(await this.#idle())) {
      if (this.session.stale || this.#movers > 0) this.session.doubt();
      return;
    }
    if (this.#catalogueWait !== null) await this.#catalogueWait;
    if (!this.session.stale) return;
    // In a failed transaction nothing can be asked, and nothing but its end matters.
    if (this.session.status === 'E') return this.session.doubt();
    // A text that fails (a timeout of the client's, a right it lacks) must not fail the client's transaction.
    const inside = this.session.status === 'T';
    if (inside && (await this.ask(ownSavepointTexts.begin)) === null) return this.session.doubt();
    const whole = await this.#readState();
    if (!inside) return;
    if (!whole) await this.ask(ownSavepointTexts.undo);
    await this.ask(ownSavepointTexts.end);
  }

  /** False where a text was refused. */
  async #readState(): Promise<boolean> {
    const rows = await this.ask(sessionStateText);
    this.session.learn(rows?.[0] ?? null);
    if (rows === null) {
      this.session.doubt();
      return false;
    }
    const shared = this.knowledge?.loaded ?? null;
    if (!this.session.hasOwn || shared === null) return true;
    const view = await readOwn((text) => this.ask(text), shared);
    this.session.learnOwn(view);
    return view !== null;
  }

  async #confirmPrepared(): Promise<void> {
    if (!(await this.#idle()) || this.session.status === 'E') return;
    const rows = await this.ask(preparedStateText);
    if (rows === null) return;
    const there = new Map(rows.map((row) => [row[0], row[1]]));
    for (const statement of [...this.statements.preparedStatements()]) {
      if (!statement.doubtful) continue;
      const digest = createHash('sha256').update(statement.text).digest('hex');
      if (there.get(statement.name) === digest) statement.doubtful = false;
      // SQL PREPARE shows its whole command there: it stays doubtful.
      else if (!statement.bySql || !there.has(statement.name)) this.statements.deallocatedBySql(statement.name);
    }
  }

  /** Waits until everything that was sent is answered; the caller saw to it that the target answers. */
  async allAnswered(): Promise<void> {
    while (this.expected.size > 0) {
      await this.#nextIdle();
    }
  }

  /** Resolves with the target's next answer, whichever message it belongs to. */
  nextAnswer(): Promise<void> {
    return new Promise((resolve) => this.#answerWaiters.push(resolve));
  }

  /** Waits first and flushes then: a stream in memory may answer before the flush returns. */
  #nextIdle(): Promise<void> {
    const idle = new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    this.toTarget.flush();
    return idle;
  }

  /** Waits until nothing is owed; false: the client's batch is open, and waiting would not end. */
  async #idle(): Promise<boolean> {
    while (this.expected.size > 0) {
      const last = this.expected.last?.kind;
      if (this.unsynced || (last !== 'sync' && last !== 'query')) return false;
      await this.#nextIdle();
    }
    return !this.unsynced;
  }

  /** One of the gateway's own constant texts in the client's session; null when the target refused it, with its words to `onError`. */
  ask(text: string, how: AskHow = {}): Promise<TextRows | null> {
    return new Promise((resolve) => {
      const asked = this.#sendOwn(text, how);
      this.expected.add({ kind: 'sync', own: true, onDone: () => resolve(asked.failed ? null : asked.rows) });
      this.toTarget.push(encodeSync());
      this.toTarget.flush();
    });
  }

  /** Like `ask`, in the middle of the client's batch: nothing is committed by it. Where it fails the batch has failed. */
  askInBatch(text: string, how: AskHow = {}): Promise<TextRows | null> {
    return new Promise((resolve) => {
      const asked = this.#sendOwn(text, how);
      const settle = (): void => resolve(asked.failed ? null : asked.rows);
      this.expected.add({
        kind: 'close',
        own: true,
        onDone: settle,
        onUndone: () => resolve(null),
      });
      this.toTarget.push(encodeCloseStatement(ownName));
      this.toTarget.push(encodeFlush());
      this.unsynced = true;
      this.toTarget.flush();
    });
  }

  #sendOwn(
    text: string,
    { onError, values = [], binary = false }: AskHow,
  ): { readonly rows: (string | null)[][]; failed: boolean } {
    this.inspector.recordOwnStatement(text);
    const asked: { readonly rows: (string | null)[][]; failed: boolean } = { rows: [], failed: false };
    const { expected } = this;
    let done = false;
    const onDone = (): void => {
      done = true;
    };
    // A cancel that came late strikes behind it, and what has run stands.
    const onUndone = (): void => {
      asked.failed = !done;
    };
    const own = { own: true, onUndone, ...(onError === undefined ? {} : { onError }) } as const;
    const onRow = (cells: readonly (Buffer | null)[]): void => {
      asked.rows.push(cells.map((cell) => cell?.toString(binary ? 'base64' : 'utf8') ?? null));
    };
    // One that failed half-way left its statement and portal behind.
    expected.add({ kind: 'close', ...own });
    expected.add({ kind: 'close', ...own });
    expected.add({ kind: 'parse', ...own });
    expected.add({ kind: 'bind', ...own });
    expected.add({ kind: 'execute', ...own, onRow, onDone });
    expected.add({ kind: 'close', ...own });
    expected.add({ kind: 'close', ...own });
    const batch = [
      encodeClosePortal(ownName),
      encodeCloseStatement(ownName),
      encodeParse(
        ownName,
        text,
        values.map(({ type }) => type),
      ),
      encodeBindValues(values, { portal: ownName, statement: ownName, binary }),
      encodeExecute(ownName),
      encodeClosePortal(ownName),
      encodeCloseStatement(ownName),
    ];
    for (const message of batch) this.toTarget.push(message);
    return asked;
  }
}

/** False when the time was over first. */
function within(work: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function nothing(): void {}

export function protocolFault(what: string): SluiceError {
  return new SluiceError('target-unreachable', `the target sent ${what}`, { hint: 'See the gateway’s log.' });
}
