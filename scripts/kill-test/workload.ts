/** Clients that run statements and mutations without pause, through every kill, and remember what was acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Stack } from '../../e2e/stack.ts';

/** Statement workers: more than one session at a time, few enough for two cores. */
const workers = 4;
const pauseMs = 15;
const retryMs = 150;
/** A statement whose answer does not come within this many ms is not waited for: its session is given up. */
const answerWithinMs = 20_000;

export class Workload {
  /** Marks of statements whose result a client got. */
  readonly acknowledged = new Set<string>();
  /** Groups whose creation the API acknowledged. */
  readonly mutations = new Set<string>();
  /** Statements that were sent, acknowledged or not. */
  sent = 0;
  readonly #stack: Stack;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  start(): void {
    for (let worker = 0; worker < workers; worker += 1) this.#running.push(this.#statements(worker));
    this.#running.push(this.#mutate());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #statements(worker: number): Promise<void> {
    for (let session = 0; !this.#stopping.signal.aborted; session += 1) {
      let client: pg.Client | null = null;
      try {
        const connecting = this.#stack.driver('coding-agent', { via: worker % 2 === 0 ? 'port' : 'relay' });
        client = await inTime(connecting);
        await this.#session(client, `kt_${worker}_${session}`);
      } catch {
        await sleep(retryMs);
      } finally {
        void client?.end().catch(() => undefined);
      }
    }
  }

  async #session(client: pg.Client, prefix: string): Promise<void> {
    for (let count = 0; !this.#stopping.signal.aborted; count += 1) {
      const mark = `${prefix}_${count}`;
      this.sent += 1;
      // Both ways of running a statement: simple, and prepared with a bound value.
      const answer =
        count % 2 === 0 ? client.query(`SELECT 1 AS ${mark}`) : client.query(`SELECT $1::int AS ${mark}`, [1]);
      const rows = await inTime(answer.then((result) => result.rows.length));
      if (rows === 1) this.acknowledged.add(mark);
      await sleep(pauseMs);
    }
  }

  async #mutate(): Promise<void> {
    for (let count = 0; !this.#stopping.signal.aborted; count += 1) {
      const name = `kt-group-${count}`;
      try {
        await this.#stack.api('admin').identities.createGroup.mutate({ name, memberIds: [] });
        this.mutations.add(name);
      } catch {
        // Not acknowledged: it may have happened or not.
      }
      await sleep(retryMs);
    }
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    sleep(answerWithinMs).then(() => {
      throw new Error('no answer');
    }),
  ]);
}
