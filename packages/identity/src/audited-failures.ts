/** Credentials that were refused, as events of the audit chain: each one, up to a bound, and that somebody is locked out. */
import type { AttemptKey, AuditSubject, AuditThrough, Database, Tx } from '@sluice/database';
import { appendAuditEvent, countFailedAttempts, noteFailedAttempt } from '@sluice/database';
import { newId } from '@sluice/keys';

/** Where a request came from: the client's address, and what it calls itself. Null where it is not known. */
export interface Origin {
  readonly address: string | null;
  readonly software: string | null;
}

/** Refused credentials of one address that are events of their own within the window; anybody may send more, and the chain must not grow by them. */
const maxListed = 20;
const windowMs = 15 * 60_000;

export interface RefusedCredential {
  /** Follows `somebody`: `could not sign in as ada@example.com`. */
  readonly sentence: string;
  readonly subject: AuditSubject | null;
  readonly through: Pick<AuditThrough, 'by' | 'id'>;
  readonly reason: string;
}

/** Writes that a credential was refused: `identity.refused` for each up to a bound, then once `identity.refusedOften`. */
export async function auditRefusal(
  database: Database,
  refused: RefusedCredential,
  { address, software }: Origin,
  now: Date,
): Promise<void> {
  const { reason } = refused;
  const through: AuditThrough = { ...refused.through, run: null, software };
  await database.transaction(async (tx) => {
    const key: AttemptKey = { scope: 'audited-refusal', key: address ?? 'unknown' };
    const earlier = await countFailedAttempts(tx, key, new Date(now.getTime() - windowMs));
    if (earlier > maxListed) return;
    await noteFailedAttempt(tx, key, newId<'FailedAttempt'>(), now);
    if (earlier === maxListed)
      return appendSystemEvent(tx, now, {
        action: 'identity.refusedOften',
        sentence: `more credentials were refused from ${address ?? 'an unknown address'}: these are not listed one by one`,
        subject: null,
        after: { listed: maxListed, withinMinutes: windowMs / 60_000 },
        address,
      });
    await appendSystemEvent(tx, now, {
      action: 'identity.refused',
      sentence: `somebody ${refused.sentence}`,
      subject: refused.subject,
      after: { reason },
      address,
      through,
    });
  });
}

/** Writes that nothing more is tried for a while. Called by whoever made the failure that reached the limit, so once for each time. */
export async function auditLockout(
  database: Database,
  { what, minutes }: { readonly what: string; readonly minutes: number },
  { address, software }: Origin,
  now: Date,
): Promise<void> {
  await database.transaction((tx) =>
    appendSystemEvent(tx, now, {
      action: 'identity.lockedOut',
      sentence: `too many wrong credentials: ${what} is locked for up to ${minutes} minutes`,
      subject: null,
      after: { minutes },
      address,
      through: { by: 'none', id: null, run: null, software },
    }),
  );
}

function appendSystemEvent(
  tx: Tx,
  at: Date,
  event: Pick<
    Parameters<typeof appendAuditEvent>[1],
    'action' | 'sentence' | 'subject' | 'after' | 'address' | 'through'
  >,
): Promise<void> {
  const actor = { kind: 'system', name: 'Sluice' } as const;
  return appendAuditEvent(tx, { id: newId<'AuditEvent'>(), at, actor, before: null, ...event });
}
