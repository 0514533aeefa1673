/** Counts what a statement's result gives back, and says when a limit of policy is passed. */
import type { Limit, Limits } from '@sluice/domain';
import type { ResultBudget } from '@sluice/wire-kit';

/** The limit that was passed. */
export interface PassedLimit extends Limit {
  readonly sort: 'rows' | 'bytes';
}

export class LimitedResult implements ResultBudget {
  readonly #limits: Limits;
  #rows = 0;
  #bytes = 0;
  #passed: PassedLimit | null = null;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Rows of this result that reached the client. */
  get rows(): number {
    return this.#rows;
  }

  get passed(): PassedLimit | null {
    return this.#passed;
  }

  take(rows: number, bytes: number): boolean {
    if (this.#passed !== null) return false;
    const limits = this.#limits;
    if (limits.rows !== null && this.#rows + rows > limits.rows.most) this.#passed = { ...limits.rows, sort: 'rows' };
    else if (limits.bytes !== null && this.#bytes + bytes > limits.bytes.most)
      this.#passed = { ...limits.bytes, sort: 'bytes' };
    if (this.#passed !== null) return false;
    this.#rows += rows;
    this.#bytes += bytes;
    return true;
  }

  /** The next result of the same message: each has the whole budget. */
  next(): void {
    this.#rows = 0;
    this.#bytes = 0;
  }
}
