/** An inspector that allows everything and, around each statement that runs, notes what the server's log says it changed. */
import type { StatementFacts } from '../../packages/domain/src/index.ts';
import type { Judgement, JudgeRequest } from '../../packages/wire-kit/src/index.ts';
import {
  MemoryInspector,
  type MemoryInspectorOptions,
  type MemoryStatement,
} from '../../packages/wire-kit/src/testing/index.ts';
import type { ReadOnlyAnswer, ReadOnlyTrial } from './read-only-trial.ts';
import { lastStatement } from './suite.ts';
import type { ServerChanges, WriteAheadLog } from './write-ahead-log.ts';

/** One message that ran, or failed. */
export interface Observation {
  readonly script: string;
  readonly text: string;
  readonly statements: readonly StatementFacts[];
  /** One per statement that ended well. */
  readonly tags: readonly string[];
  readonly failed: boolean;
  readonly changes: ServerChanges;
  /** Facts of what ran earlier in the same transaction. */
  readonly before: readonly StatementFacts[];
  /** Would a read-only transaction have let it run? Asked only where the facts claim a write and the log shows none. */
  readonly readOnly: ReadOnlyAnswer;
}

export interface ObserverParts {
  readonly log: WriteAheadLog;
  readonly trial: ReadOnlyTrial;
  /** True when at most one session of a client is left: the end of one drops its temporary relations. Waits for it where `wait` says so. */
  readonly settled: (wait: boolean) => Promise<boolean>;
}

/** Shared by the sessions of one run: their statements follow one another. */
export class Observer {
  readonly observations: Observation[] = [];
  script = '';
  readonly #parts: ObserverParts;
  #work: Promise<void> = Promise.resolve();
  #position: string | null = null;
  #session: object | null = null;
  #settled = false;
  #transaction: StatementFacts[] = [];

  constructor(parts: ObserverParts) {
    this.#parts = parts;
  }

  /** Everything that was begun is noted. */
  async done(): Promise<void> {
    await this.#work;
  }

  /** Before a statement runs. */
  async begins(session: object, text: string): Promise<void> {
    await this.#work;
    if (this.#session === session && this.#settled) return;
    if (this.#session !== session) this.#transaction = [];
    this.#session = session;
    // psql leaves its old session only once the new one has taken its settings.
    this.#settled = await this.#parts.settled(!text.startsWith('SET '));
    this.#position = await this.#parts.log.position();
  }

  /** After it. */
  ended(request: JudgeRequest, statement: MemoryStatement): void {
    const { script } = this;
    this.#work = this.#work.then(() => this.#note(script, request, statement));
  }

  async #note(script: string, request: JudgeRequest, statement: MemoryStatement): Promise<void> {
    const from = this.#position;
    const { log, trial } = this.#parts;
    const to = await log.position();
    this.#position = to;
    if (from === null) return;
    if (!request.state.inTransaction) this.#transaction = [];
    const observation = {
      script,
      text: statement.text,
      statements: statement.facts,
      tags: [...statement.tags],
      failed: statement.failures.length > 0,
      changes: await log.changes(from, to),
      before: [...this.#transaction],
    };
    this.#transaction.push(...statement.facts);
    // A setting of the startup packet: the log still holds the end of the session before.
    if (!this.#settled) return;
    if (statement.text.endsWith(`${lastStatement};`)) return;
    this.observations.push({ ...observation, readOnly: await trial.ask(observation, request.state) });
  }
}

export class ObservingInspector extends MemoryInspector {
  readonly #observer: Observer;

  constructor(observer: Observer, options: MemoryInspectorOptions) {
    super(options);
    this.#observer = observer;
  }

  override async judge(request: JudgeRequest): Promise<Judgement> {
    const runs = request.phase === 'run' || request.phase === 'execute';
    if (runs) await this.#observer.begins(this, request.text);
    const judgement = await super.judge(request);
    const kept = this.statements.at(-1);
    if (!runs || judgement.type !== 'forward' || kept === undefined) return judgement;
    const { statement } = judgement;
    const ended = (): void => {
      const first = kept.ended === 0;
      statement.ended();
      if (first) this.#observer.ended(request, kept);
    };
    return { ...judgement, statement: { ...statement, ended } };
  }
}
