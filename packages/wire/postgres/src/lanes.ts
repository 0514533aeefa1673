/**
 * The two sessions of a client that opened as the reader. It lives in the reader's, its home; a statement that needs the writer gets
 * a session of the writer's for one transaction: opened when the statement is let through, closed when the transaction is over. A
 * switch happens only while nothing is owed, so that every answer still belongs to the one queue (ADR 0011).
 */
import { type Effect, type RefusalDetail, SluiceError, type StatementFacts } from '@sluice/domain';
import type { Inspector, StatementHandle } from '@sluice/wire-kit';
import type { LocalError } from './errors.ts';
import type { Expected, ExpectedQueue } from './expected.ts';
import { carriedStateText, differenceOf, meaningText, settingText } from './lane-state.ts';
import { encodeCloseStatement, encodeFlush, encodeParse, encodeSync } from './messages/frontend.ts';
import type { Outlet } from './outlet.ts';
import type { PreparedStatement } from './prepared-names.ts';
import type { SessionTracker } from './session-state.ts';
import type { PostgresTarget, TextRows } from './target-side.ts';

/** What of the relay the lanes work on. */
export interface LaneCore {
  toTarget: Outlet;
  unsynced: boolean;
  readonly skipping: boolean;
  readonly expected: ExpectedQueue;
  readonly session: SessionTracker;
  readonly inspector: Inspector;
  copyingIn(): Expected | null;
  ask(text: string): Promise<TextRows | null>;
  syncMidBatch(): void;
  allAnswered(): Promise<void>;
}

export interface LanesParts {
  readonly home: PostgresTarget;
  readonly homeOutlet: Outlet;
  /** Opens a session with the writer's credential; null: the home is the writer's, and there is one lane. */
  readonly dial: (() => Promise<PostgresTarget>) | null;
  /** Begins to read what a writer's session sends; returns where to write to it. */
  readonly attach: (target: PostgresTarget) => Outlet;
}

type Problem = LocalError | null;

/** Effects on the session that end with its transaction, or that the target itself keeps: they lose nothing when the lane is left. */
const endWithTransaction: ReadonlySet<string> = new Set(['transaction', 'copy', 'ddl', 'declare', 'close', 'unknown']);

export class Lanes {
  readonly #core: LaneCore;
  readonly #parts: LanesParts;
  readonly #atHome = new WeakSet<PreparedStatement>();
  #away: { readonly target: PostgresTarget; readonly prepared: WeakSet<PreparedStatement> } | null = null;
  /** Names that the client closed while it was away: to be closed at home as well. */
  #closedAway: string[] = [];
  #over = false;

  constructor(core: LaneCore, parts: LanesParts) {
    this.#core = core;
    this.#parts = parts;
  }

  /** Where what is sent now goes, and where a cancel belongs. */
  get target(): PostgresTarget {
    return this.#away?.target ?? this.#parts.home;
  }

  get isAway(): boolean {
    return this.#away !== null;
  }

  isActive(target: PostgresTarget): boolean {
    return target === this.target;
  }

  /** True while the answer decides where the client's next message belongs. */
  get undecided(): boolean {
    const { expected, unsynced } = this.#core;
    return this.#away !== null && !unsynced && expected.size > 0 && this.#core.copyingIn() === null;
  }

  /**
   * Brings the session to where an admitted statement runs, before it is sent. Null: send it (unless the core skips by now); else the
   * error that stands for it. The writer's session is ready before anything at home is given up.
   */
  prepareFor(handle: StatementHandle): Problem | Promise<Problem> {
    if (this.#parts.dial === null) return null;
    if (this.#away !== null) {
      handle.ranAsWriter();
      return losesState(handle.facts) ? refusal(handle, stateWords) : null;
    }
    if (!handle.facts.some(needsWriter)) return null;
    if (handle.facts.some((facts) => facts.command === 'EXECUTE')) return refusal(handle, executeWords);
    if (losesState(handle.facts)) return refusal(handle, stateWords);
    return this.#go(handle, this.#parts.dial);
  }

  /** A statement was parsed where the session is now. */
  parsed(statement: PreparedStatement): void {
    (this.#away?.prepared ?? this.#atHome).add(statement);
  }

  /** Makes a prepared statement known where the session is now, by messages of the gateway's own. */
  ensure(statement: PreparedStatement): Problem {
    const here = this.#away?.prepared ?? this.#atHome;
    if (here.has(statement) || (statement.bySql && this.#away === null)) return null;
    if (statement.bySql) return refusal(statement.handle, executeWords);
    here.add(statement);
    const { toTarget, expected } = this.#core;
    if (statement.name !== '') {
      toTarget.push(encodeCloseStatement(statement.name));
      expected.add({ kind: 'close', own: true });
    }
    toTarget.push(encodeParse(statement.name, statement.text, statement.parameterTypes));
    expected.add({ kind: 'parse', own: true, aloud: true, onUndone: () => here.delete(statement) });
    this.#core.unsynced = true;
    return null;
  }

  closed(name: string): void {
    if (this.#away !== null) this.#closedAway.push(name);
  }

  /** Nothing is owed and no transaction is open: the writer's session is closed, and the reader's goes on. */
  settled(): void {
    const away = this.#away;
    const { expected, session, unsynced } = this.#core;
    if (away === null || expected.size > 0 || unsynced || session.status !== 'I') return;
    this.#away = null;
    this.#core.toTarget = this.#parts.homeOutlet;
    session.cameHome();
    this.#closeAtHome();
    void away.target.close();
  }

  /** The session is over. */
  async close(): Promise<void> {
    this.#over = true;
    const away = this.#away;
    await Promise.all([this.#parts.home.close(), away?.target.close()]);
  }

  #closeAtHome(): void {
    const names = this.#closedAway;
    if (names.length === 0) return;
    this.#closedAway = [];
    const { toTarget, expected } = this.#core;
    for (const name of names) {
      toTarget.push(encodeCloseStatement(name));
      expected.add({ kind: 'close', own: true });
    }
    toTarget.push(encodeSync());
    expected.add({ kind: 'sync', own: true });
  }

  async #go(handle: StatementHandle, dial: () => Promise<PostgresTarget>): Promise<Problem> {
    const core = this.#core;
    const { session } = core;
    if (!(await this.#endHomeBatch())) return refusal(handle, begunWords);
    // An error came meanwhile: the target skips to Sync, or the transaction has failed. Either way it says so itself, at home.
    if (core.skipping || session.status === 'E') return null;
    const prelude = session.prelude;
    if (prelude === null) return refusal(handle, begunWords);
    let opened: PostgresTarget | string;
    try {
      opened = await this.#open(dial, session.status === 'I' ? [] : prelude);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return refusal(handle, {
        code: '08006',
        message: `the writer’s session did not open: ${error.message}`,
        hint: openHint,
      });
    }
    if (typeof opened === 'string') return refusal(handle, { ...stateWords, message: opened });
    if (this.#over) {
      await opened.close();
      return refusal(handle, { code: '57P01', message: 'the session ended first', hint: 'Connect again.' });
    }
    const inTransaction = session.status !== 'I';
    if (inTransaction && (await core.ask('ROLLBACK')) === null)
      throw new SluiceError('target-unreachable', 'the reader’s transaction could not be given up');
    this.#away = { target: opened, prepared: new WeakSet() };
    core.toTarget = this.#parts.attach(opened);
    if (inTransaction) session.ready('T');
    handle.ranAsWriter();
    return null;
  }

  /** Ends what is open at home without ending the client's batch. False: more ran in it than can begin again elsewhere. */
  async #endHomeBatch(): Promise<boolean> {
    const core = this.#core;
    if (core.unsynced) {
      core.toTarget.push(encodeFlush());
      await core.allAnswered();
      if (core.skipping) return true;
      if (core.session.prelude === null) return false;
      core.syncMidBatch();
    }
    await core.allAnswered();
    return true;
  }

  /** A session of the writer's that stands where the reader's does; a text: why it cannot. Throws SluiceError when it cannot be opened. */
  async #open(dial: () => Promise<PostgresTarget>, prelude: readonly string[]): Promise<PostgresTarget | string> {
    const { session, inspector } = this.#core;
    const carried = session.customSettings === null ? null : carriedStateText(session.customSettings);
    if (carried === null) return `${cannot}: it made settings of its own that cannot be carried along`;
    const settings = await this.#core.ask(carried);
    const meaning = (await this.#core.ask(meaningText))?.[0];
    const target = await dial();
    try {
      for (const [name, value] of settings ?? []) {
        if (name == null || value == null) continue;
        // The value stands in the record where the client set it, masked.
        inspector.recordOwnStatement(settingText(name, '…'));
        await target.query(settingText(name, value));
      }
      inspector.recordOwnStatement(meaningText);
      const difference =
        settings === null
          ? 'its settings could not be read'
          : differenceOf(meaning, (await target.query(meaningText))[0]);
      for (const text of difference === null ? prelude : []) {
        inspector.recordOwnStatement(text);
        await target.query(text);
      }
      if (difference === null) return target;
      await target.close();
      return `${cannot}: ${difference}`;
    } catch (error) {
      await target.close();
      throw error;
    }
  }
}

/**
 * What the reader's session may not do. Unproven reads stay with the reader: the target refuses what they were not proved to do. So do
 * settings, even those that policy counts as privileges, unless they are the read-only ones.
 */
function needsWriter({ kind, effects }: StatementFacts): boolean {
  if (kind === 'privilege' && effects.every(isHarmlessSetting)) return false;
  return (kind !== 'read' && kind !== 'session') || effects.some(({ verb }) => verb === 'lock');
}

function isHarmlessSetting({ verb, object }: Effect): boolean {
  return (verb === 'set' || verb === 'widen') && object?.type === 'setting' && !object.name.endsWith('_read_only');
}

/** True where it would leave something in a session that is closed with its transaction. */
function losesState(statements: readonly StatementFacts[]): boolean {
  return statements.some(
    ({ sessionEffects, effects }) =>
      sessionEffects.some((effect) => !endWithTransaction.has(effect.type) && effect.local !== true) ||
      effects.some(({ verb }) => verb === 'listen'),
  );
}

const cannot = 'this statement cannot run as the writer as this session stands';
const openHint = 'Send it again; if it stays so, tell an administrator of Sluice to test the connection.';
type Words = Pick<LocalError, 'code' | 'message' | 'hint'>;
const begunWords: Words = {
  code: '25006',
  message: 'cannot execute a write in a transaction that has already run statements as the reader',
  hint: 'Writes of this session run as another role. Roll back, begin a new transaction and send the write first, or send it outside a transaction.',
};
const stateWords: Words = {
  code: '0A000',
  message:
    'a statement that runs as the writer cannot change the session, prepare by SQL, make temporary tables or listen',
  hint: 'Change settings in a statement of its own, outside the transaction that writes; settings are carried along to the write.',
};
const executeWords: Words = {
  code: '0A000',
  message: 'a write that was prepared by SQL PREPARE cannot run as the writer: the name stands in the reader’s session',
  hint: 'Send the statement itself, or prepare it by the protocol (a Parse message, as drivers do).',
};

function refusal(handle: StatementHandle | null, words: Words): LocalError {
  const detail: RefusalDetail = {
    sluice: 1,
    code: 'unsupported',
    rule: null,
    statement: handle?.id ?? '',
    kind: handle?.facts.find(needsWriter)?.kind ?? 'unknown',
    approval: null,
    url: null,
    retry: 'later',
  };
  return { ...words, detail: JSON.stringify(detail) };
}
