/** Gives a role a new password at the target. Only its verifier leaves this process: neither the target's log nor its memory sees it. */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '@sluice/domain';
import type { DialRequest } from '@sluice/wire-kit';
import { saslprep } from './saslprep.ts';
import { dialTarget } from './target-side.ts';

const derive = promisify(pbkdf2);
/** PostgreSQL's own default (SCRAM_SHA_256_DEFAULT_ITERATIONS); the passwords that are made here are random. */
const iterations = 4_096;
const saltBytes = 16;

/** RFC 5803 as PostgreSQL stores it: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. */
export async function scramVerifier(password: string, salt = randomBytes(saltBytes)): Promise<string> {
  const salted = await derive(saslprep(password), salt, iterations, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}

/** One of the closed list of texts; a verifier is of letters, digits and `$:+/=-` and cannot leave its quotes. */
function passwordText(verifier: string): string {
  return `ALTER ROLE SESSION_USER PASSWORD '${verifier}'`;
}

/**
 * Changes the password of the credential's own role and waits for `confirm`; when that rejects, the old one is given back before this
 * rejects with the same error. Throws SluiceError when the target does not take it.
 */
export async function rotatePassword(request: DialRequest, next: Secret, confirm: () => Promise<void>): Promise<void> {
  const session = await dialTarget({ ...request, readOnly: false });
  try {
    await session.query(passwordText(await scramVerifier(next.reveal())));
    try {
      await confirm();
    } catch (error) {
      await session.query(passwordText(await scramVerifier(request.credential.reveal().password)));
      throw error;
    }
  } finally {
    await session.close();
  }
}
