/**
 * A session of the gateway's own beside the one that reads the catalogue: opened at its first use, used by one task at a time, closed
 * when nobody has needed it for a while.
 */
import { SluiceError } from '@sluice/domain';
import { controlIdleMs, maxControlWaiters } from './limits.ts';
import type { PostgresTarget } from './target-side.ts';

export class ControlSession {
  readonly #open: () => Promise<PostgresTarget>;
  #session: PostgresTarget | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(open: () => Promise<PostgresTarget>) {
    this.#open = open;
  }

  /** Runs one task when those before it are over. Throws SluiceError `too-many` when too many wait, and what the task throws. */
  async use<Result>(task: (session: PostgresTarget) => Promise<Result>): Promise<Result> {
    if (this.#waiting >= maxControlWaiters)
      throw new SluiceError('too-many', 'too many questions to the target wait already');
    this.#waiting++;
    const turn = this.#last.then(() => this.#run(task));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop();
  }

  async #run<Result>(task: (session: PostgresTarget) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new SluiceError('unavailable', 'the connection is closing');
    clearTimeout(this.#idle);
    const session = this.#session ?? (await this.#open());
    this.#session = session;
    try {
      return await task(session);
    } catch (error) {
      // Whatever it left open ends with it; the next task gets a new one.
      await this.#drop();
      throw error;
    } finally {
      if (this.#closed) await this.#drop();
      else this.#idle = setTimeout(() => void this.#drop(), controlIdleMs).unref();
    }
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#idle);
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }
}
