import type { AttemptKey, Database } from '@sluice/database';
import { clearFailedAttempts, countFailedAttempts, noteFailedAttempt, removeAttempt } from '@sluice/database';
import { newId } from '@sluice/keys';

export interface AttemptLimit extends AttemptKey {
  /** Failures within the window after which nothing more is tried. */
  readonly max: number;
  readonly windowMs: number;
}

export type Reservation =
  | {
      readonly ok: true;
      /** Takes the attempt back, and the key's earlier failures with it when `forgive` says so. */
      readonly succeeded: (forgive: (limit: AttemptLimit) => boolean) => Promise<void>;
      /** The limits that this attempt reaches when it stays a failed one: nothing more is tried after it. */
      readonly reaches: readonly AttemptLimit[];
    }
  | { readonly ok: false; readonly retryAfterSeconds: number };

/**
 * Counts an attempt as failed before it is made, so that many at once cannot slip past the limit together. A success takes it back.
 */
export async function reserveAttempt(
  database: Database,
  limits: readonly AttemptLimit[],
  now: Date,
): Promise<Reservation> {
  return database.transaction(async (tx) => {
    const reaches: AttemptLimit[] = [];
    for (const limit of limits) {
      const failures = await countFailedAttempts(tx, limit, new Date(now.getTime() - limit.windowMs));
      if (failures === limit.max - 1) reaches.push(limit);
      if (failures >= limit.max) return { ok: false, retryAfterSeconds: Math.ceil(limit.windowMs / 1000) };
    }
    const noted = limits.map((limit) => ({ limit, id: newId<'FailedAttempt'>() }));
    for (const { limit, id } of noted) await noteFailedAttempt(tx, limit, id, now);
    return {
      ok: true,
      reaches,
      succeeded: async (forgive) => {
        for (const { limit, id } of noted) {
          if (forgive(limit)) await clearFailedAttempts(database.db, limit);
          else await removeAttempt(database.db, id);
        }
      },
    };
  });
}
