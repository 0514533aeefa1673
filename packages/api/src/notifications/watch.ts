import type { Database } from '@sluice/database';
import { createNotificationEvent, listGateways, listUnreviewedGrants, publish } from '@sluice/database';
import { healthOf } from '../gateways/gateway-views.ts';

/** How long a gateway may be silent before people are told: longer than a restart. In ms. */
const offlineAfterMs = 60_000;
/** How far back a silence is still news: an installation that was itself off tells nothing of last week. In ms. */
const offlineNewsMs = 3_600_000;
const reviewsPerRun = 100;

/** Writes to the outbox what no change of a row says by itself: silence, and time that has run out. */
export async function watchForEvents(database: Database, now: Date): Promise<void> {
  const { db } = database;
  let isNew = false;
  for (const gateway of await listGateways(db)) {
    const { id, lastSeenAt, revokedAt } = gateway;
    if (revokedAt !== null || lastSeenAt === null || healthOf(gateway, now) !== 'offline') continue;
    const silentMs = now.getTime() - lastSeenAt.getTime();
    if (silentMs < offlineAfterMs || silentMs > offlineNewsMs) continue;
    const dedupe = `gateway-offline ${id} ${lastSeenAt.toISOString()}`;
    if (await createNotificationEvent(db, { kind: 'gateway-offline', subjectId: id, dedupe })) isNew = true;
  }
  for (const grant of await listUnreviewedGrants(db, reviewsPerRun)) {
    if ((grant.revokedAt ?? grant.expiresAt) > now) continue;
    const event = { kind: 'break-glass-review-due', subjectId: grant.id, dedupe: `break-glass-review-due ${grant.id}` };
    if (await createNotificationEvent(db, event)) isNew = true;
  }
  if (isNew) await publish(db, 'sluice_notice', { type: 'outbox' });
}
