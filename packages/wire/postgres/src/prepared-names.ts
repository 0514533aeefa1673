/**
 * What each name of a prepared statement stands for: what the target had when its last answer came, and the changes that were sent
 * since, in order. Only so does a change that fails uncover what really stands under it, whatever was sent behind it meanwhile.
 */
import type { StatementHandle } from '@sluice/wire-kit';
import type { RowColumn } from './messages/backend.ts';

export interface PreparedStatement {
  readonly kind: 'prepared';
  readonly name: string;
  readonly text: string;
  /** Made by SQL PREPARE rather than by a Parse message. */
  readonly bySql: boolean;
  /** The `prepare` judgement; null for SQL PREPARE, which was judged as the statement that held it. */
  readonly handle: StatementHandle | null;
  /** From Parse, completed by ParameterDescription. */
  parameterTypes: readonly number[];
  /** Something ran since that may have replaced it out of sight: what was judged is no longer surely what would run. */
  doubtful: boolean;
  /** From a Describe; null: it returns no rows; undefined: not yet described. */
  columns: readonly RowColumn[] | null | undefined;
}

/** A Parse (`statement`) or Close (null) that was sent. */
interface Change {
  readonly statement: PreparedStatement | null;
}

interface Name {
  /** As the target had it at its last answer about the name. */
  settled: PreparedStatement | null;
  /** Sent and not yet answered; their number is bounded with that of all messages in flight. */
  readonly pending: Change[];
}

/** To be called once, when the target's answer came. */
export interface SentChange {
  readonly done: () => void;
  /** `skipped`: the target never looked at it, because of an error before it. */
  readonly undone: (skipped: boolean) => void;
}

export class PreparedNames {
  readonly #names = new Map<string, Name>();
  /** Statements that are kept, settled or pending. */
  count = 0;
  /** Code units of their texts. */
  textLength = 0;

  /** What the name stands for once everything that was sent is done. */
  get(name: string): PreparedStatement | undefined {
    const entry = this.#names.get(name);
    if (entry === undefined) return undefined;
    const last = entry.pending.at(-1);
    return (last === undefined ? entry.settled : last.statement) ?? undefined;
  }

  *current(): Generator<PreparedStatement> {
    for (const name of this.#names.keys()) {
      const statement = this.get(name);
      if (statement !== undefined) yield statement;
    }
  }

  /** Whatever stands under the name, above or below. */
  *all(name: string): Generator<PreparedStatement> {
    const entry = this.#names.get(name);
    if (entry === undefined) return;
    if (entry.settled !== null) yield entry.settled;
    for (const { statement } of entry.pending) if (statement !== null) yield statement;
  }

  /** What the target had under each name at its last answer: what is still pending comes behind whatever ran by now. */
  *settled(): Generator<PreparedStatement> {
    for (const { settled } of this.#names.values()) if (settled !== null) yield settled;
  }

  get names(): IterableIterator<string> {
    return this.#names.keys();
  }

  /** A Parse or a Close (null) of the name is sent. */
  send(name: string, statement: PreparedStatement | null): SentChange {
    const entry = this.#entry(name);
    const change: Change = { statement };
    entry.pending.push(change);
    this.#count(statement, 1);
    const answered = (): void => {
      // Answers come in order from the front, and what was skipped is taken back from the end.
      if (entry.pending.at(-1) === change) entry.pending.pop();
      else entry.pending.splice(entry.pending.indexOf(change), 1);
      this.#forgetIfEmpty(name, entry);
    };
    return {
      done: () => {
        this.#count(entry.settled, -1);
        entry.settled = statement;
        answered();
      },
      undone: (skipped) => {
        this.#count(statement, -1);
        // exec_parse_message drops the unnamed statement before it looks at the new text; a name keeps what it had.
        if (name === '' && statement !== null && !skipped) {
          this.#count(entry.settled, -1);
          entry.settled = null;
        }
        answered();
      },
    };
  }

  /** SQL made (or, with null, dropped) it: it ran before everything that is still pending. */
  settle(name: string, statement: PreparedStatement | null): void {
    const entry = this.#entry(name);
    this.#count(entry.settled, -1);
    entry.settled = statement;
    this.#count(statement, 1);
    this.#forgetIfEmpty(name, entry);
  }

  #entry(name: string): Name {
    let entry = this.#names.get(name);
    if (entry === undefined) {
      entry = { settled: null, pending: [] };
      this.#names.set(name, entry);
    }
    return entry;
  }

  #forgetIfEmpty(name: string, entry: Name): void {
    if (entry.settled === null && entry.pending.length === 0 && this.#names.get(name) === entry)
      this.#names.delete(name);
  }

  #count(statement: PreparedStatement | null, by: 1 | -1): void {
    if (statement === null) return;
    this.count += by;
    this.textLength += by * statement.text.length;
  }
}
