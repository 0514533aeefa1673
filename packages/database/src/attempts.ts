import type { Db, Tx } from './client.ts';
import { advisoryLock } from './client.ts';

export interface AttemptKey {
  /** What is guessed at, e.g. `sign-in`, `native-secret`. */
  readonly scope: string;
  readonly key: string;
}

/** Failed attempts since `since`. Holds the key's lock until the transaction ends, so that attempts of one key are counted one by one. */
export async function countFailedAttempts(tx: Tx, { scope, key }: AttemptKey, since: Date): Promise<number> {
  await advisoryLock(tx, `attempts:${scope}:${key}`);
  return tx.failedAttempt.count({ where: { scope, key, at: { gte: since } } });
}

/** The same without the lock: for what cannot be guessed, where the limit only spares the database. */
export function readFailedAttempts(db: Db, { scope, key }: AttemptKey, since: Date): Promise<number> {
  return db.failedAttempt.count({ where: { scope, key, at: { gte: since } } });
}

export async function noteFailedAttempt(db: Db, { scope, key }: AttemptKey, id: string, at: Date): Promise<void> {
  await db.failedAttempt.create({ data: { id, scope, key, at } });
}

/** Forgets the failures of a key after a success. */
export async function clearFailedAttempts(db: Db, { scope, key }: AttemptKey): Promise<void> {
  await db.failedAttempt.deleteMany({ where: { scope, key } });
}

/** Takes back one noted attempt that turned out well. */
export async function removeAttempt(db: Db, id: string): Promise<void> {
  await db.failedAttempt.deleteMany({ where: { id } });
}
