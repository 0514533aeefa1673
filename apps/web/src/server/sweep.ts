import { escalateApprovals, verifyStoredSession } from '@sluice/api';
import type { Database } from '@sluice/database';
import {
  expireApprovals,
  listUnverifiedSessions,
  removeStaleRows,
  removeStaleTunnelRows,
  tryAdvisoryLock,
} from '@sluice/database';
import type { Logger } from 'pino';

/** In ms: what has run out, and tunnels of dead nodes. */
const shortPeriodMs = 5_000;
/** In ms: rows that serve for a time, and recordings nobody verified. */
const longPeriodMs = 60_000;
/** Recordings verified in one round, so that a backlog does not hold up everything else. */
const verifiedPerRound = 20;

/** What has to happen without anybody asking. Every node tries; a lock lets one at a time. */
export class Sweep {
  readonly #database: Database;
  readonly #log: Logger;
  readonly #timers: NodeJS.Timeout[];
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(database: Database, log: Logger) {
    this.#database = database;
    this.#log = log;
    this.#timers = [
      setInterval(() => this.#next(() => this.#short()), shortPeriodMs),
      setInterval(() => this.#next(() => this.#long()), longPeriodMs),
    ];
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#running;
  }

  #next(work: () => Promise<void>): void {
    this.#running = this.#running
      .then(() => (this.#closed ? undefined : work()))
      .catch((error: unknown) => this.#log.warn({ err: error }, 'the sweep failed'));
  }

  async #short(): Promise<void> {
    await this.#database.transaction(async (tx) => {
      if (!(await tryAdvisoryLock(tx, 'sweep'))) return;
      await expireApprovals(tx, new Date());
      await removeStaleTunnelRows(tx, new Date());
    });
    await this.#database.transaction((tx) => escalateApprovals(tx, new Date()));
  }

  async #long(): Promise<void> {
    const { db } = this.#database;
    await removeStaleRows(db, new Date());
    for (const sessionId of await listUnverifiedSessions(db, verifiedPerRound)) {
      if (this.#closed) return;
      try {
        await verifyStoredSession(db, sessionId, new Date());
      } catch (error) {
        this.#log.warn({ err: error, sessionId }, 'a recording could not be verified');
      }
    }
  }
}
