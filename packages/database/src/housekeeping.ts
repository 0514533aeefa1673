import type { Db } from './client.ts';

/** Failures older than this count for nothing any more, in ms. */
const attemptKeptMs = 24 * 3_600_000;
/** How long an ended sign-in stays for the record, in ms. */
const webSessionKeptMs = 30 * 24 * 3_600_000;

/** A request to explain is answered in seconds; one that nobody took away is of a node that died, in ms. */
const explainRequestKeptMs = 120_000;

/** A certificate is asked about as long as a session that it opened may last, in ms. */
const certificateKeptMs = 30 * 24 * 3_600_000;

/** Removes rows that only serve for a time. */
export async function removeStaleRows(db: Db, now: Date): Promise<void> {
  await db.requestNonce.deleteMany({ where: { expiresAt: { lt: now } } });
  await db.explainRequest.deleteMany({
    where: { requestedAt: { lt: new Date(now.getTime() - explainRequestKeptMs) } },
  });
  await db.failedAttempt.deleteMany({ where: { at: { lt: new Date(now.getTime() - attemptKeptMs) } } });
  await db.token.deleteMany({
    where: { type: 'certificate', expiresAt: { lt: new Date(now.getTime() - certificateKeptMs) } },
  });
  await db.webSession.deleteMany({ where: { expiresAt: { lt: new Date(now.getTime() - webSessionKeptMs) } } });
}
