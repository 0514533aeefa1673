import type { Database } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { verifyPassword } from '@sluice/keys';
import { reserveAttempt } from './attempt-limits.ts';
import { auditLockout, auditRefusal, type Origin } from './audited-failures.ts';

const windowMs = 15 * 60_000;
/** Wrong passwords of one person at things that ask for it again. */
const maxFailures = 10;

/**
 * Asks somebody who is signed in for their password again. Who has none here, because an identity provider vouches for them, is let
 * through: their sign-in is all that there is. Throws SluiceError `forbidden` for a wrong one, `too-many` when it is being guessed.
 */
export async function confirmPassword(
  database: Database,
  person: { readonly id: string; readonly name: string; readonly passwordHash: string | null } | null,
  given: { readonly password: string; readonly now: Date } & Origin,
): Promise<void> {
  if (person === null) throw wrong();
  if (person.passwordHash === null) return;
  const limit = { scope: 'password-again', key: person.id, max: maxFailures, windowMs };
  const reservation = await reserveAttempt(database, [limit], given.now);
  if (!reservation.ok)
    throw new SluiceError('too-many', 'Too many wrong passwords.', {
      audience: 'person',
      hint: `Wait ${Math.ceil(windowMs / 60_000)} minutes.`,
    });
  if (!(await verifyPassword(given.password, person.passwordHash))) {
    const { id, name } = person;
    const refused = {
      sentence: `gave a wrong password for ${name}, who is signed in`,
      subject: { type: 'person', id, name },
      through: { by: 'none', id: null },
      reason: 'wrong password',
    } as const;
    await auditRefusal(database, refused, given, given.now);
    if (reservation.reaches.length > 0)
      await auditLockout(database, { what: `the password of ${name}`, minutes: windowMs / 60_000 }, given, given.now);
    throw wrong();
  }
  await reservation.succeeded(() => true);
}

function wrong(): SluiceError {
  return new SluiceError('forbidden', 'The password is not right.', { audience: 'person', hint: 'Type it again.' });
}
