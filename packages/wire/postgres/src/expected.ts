/** What the target still owes: one entry per forwarded message, in order, so that every answer belongs to a known message. */
import type { LocalError } from './errors.ts';
import type { ReportFields } from './messages/report.ts';
import type { PreparedStatement } from './prepared-names.ts';
import type { StatementRun } from './statement-run.ts';
import type { Portal } from './statement-table.ts';

export interface Expected {
  readonly kind: 'query' | 'parse' | 'bind' | 'describe' | 'execute' | 'close' | 'sync';
  /** The gateway's own message: its answers are not the client's. */
  readonly own: boolean;
  /** Set where the constant invalid statement stands in for a refused message: the target's error becomes this one. */
  readonly refusal: LocalError | null;
  /** Own, but an error is the client's to see: it stands before a message of the client's that the target then skips. */
  readonly aloud: boolean;
  /** The statement whose results come; null for the gateway's own. */
  readonly run: StatementRun | null;
  /** The gateway's own Sync in the middle of a client's batch. */
  readonly midBatch: boolean;
  /** What a Describe describes. */
  readonly subject: PreparedStatement | Portal | null;
  /** Set where the end of the statement is not told before the gateway has looked at what it did: what is kept back, in order. */
  readonly withheld: Buffer[] | null;
  /** Set of a COPY FROM STDIN from CopyInResponse until its data ended. */
  copyingIn: boolean;
  /** True once the first answer that decides about COPY came, or none will. */
  settled: boolean;
  /** For state that was changed when the message was sent: its answer came. */
  readonly onDone?: () => void;
  /** … or the target refused it, or skipped it because of an error before it. */
  readonly onUndone?: (skipped: boolean) => void;
  /** The target's error to the gateway's own message, which the client does not see. */
  readonly onError?: (fields: ReportFields) => void;
  /** The gateway's own rows. */
  readonly onRow?: (values: readonly (Buffer | null)[]) => void;
}

export type NewExpected = Pick<Expected, 'kind'> & Partial<Expected>;

export class ExpectedQueue {
  #entries: Expected[] = [];
  #head = 0;

  get size(): number {
    return this.#entries.length - this.#head;
  }

  get head(): Expected | null {
    return this.#entries[this.#head] ?? null;
  }

  get last(): Expected | null {
    return this.size === 0 ? null : (this.#entries.at(-1) ?? null);
  }

  add(entry: NewExpected): Expected {
    const whole: Expected = {
      own: false,
      aloud: false,
      refusal: null,
      run: null,
      subject: null,
      midBatch: false,
      withheld: null,
      copyingIn: false,
      settled: false,
      ...entry,
    };
    this.#entries.push(whole);
    return whole;
  }

  /** The head's last answer came. */
  shift(): void {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return;
    this.#advance();
    entry.settled = true;
    entry.onDone?.();
  }

  /**
   * After an error in the extended protocol the target skips to the next Sync. Drops what it skips; false: the client's own Sync
   * is yet to come, and what it sends before must be dropped too. What had been changed on sending is changed back in the opposite
   * order, so that two changes of one name leave what was there before both.
   */
  skipToSync(): boolean {
    const undone: Expected[] = [];
    let entry = this.head;
    for (; entry !== null && entry.kind !== 'sync'; entry = this.head) {
      this.#advance();
      entry.settled = true;
      undone.push(entry);
    }
    for (let i = undone.length - 1; i >= 0; i--) undone[i]!.onUndone?.(i > 0);
    for (const { run } of undone) run?.skipped();
    return entry !== null && !entry.midBatch;
  }

  /** True when a statement is running or about to: an open transaction cannot be ruled out. */
  get runsSomething(): boolean {
    for (let i = this.#head; i < this.#entries.length; i++) {
      const kind = this.#entries[i]!.kind;
      if (kind === 'query' || kind === 'execute') return true;
    }
    return false;
  }

  #advance(): void {
    this.#head++;
    // Amortised: the array is moved only when half of it is spent.
    if (this.#head > 64 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}
