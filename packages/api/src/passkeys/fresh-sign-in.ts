import type { Db, PasskeyRow } from '@sluice/database';
import { findOpenWebSession } from '@sluice/database';
import { type Assertion, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { verifyAssertion } from '@sluice/keys';
import { passkeySite } from './read-registration.ts';

/** A sign-in counts as fresh for this long: whoever finds a browser open cannot make it a key of theirs. In ms. */
export const freshSignInMs = 10 * 60_000;

/** Whether the caller sits in a browser and signed in a moment ago. */
export async function isFreshSignIn(db: Db, caller: Caller, now: Date): Promise<boolean> {
  if (caller.by !== 'web-session') return false;
  const session = await findOpenWebSession(db, caller.credentialId, now);
  return session !== null && now.getTime() - session.createdAt.getTime() <= freshSignInMs;
}

/** The passkey among these that signed the text. Throws SluiceError `forbidden` when none did. */
export function signer(
  passkeys: readonly PasskeyRow[],
  signed: { readonly assertion: Assertion; readonly text: string; readonly publicUrl: string },
): { readonly passkey: PasskeyRow; readonly counter: number } {
  const { assertion, text, publicUrl } = signed;
  const passkey = passkeys.find(({ credentialId }) => credentialId === assertion.credentialId);
  if (passkey === undefined)
    throw refusedPasskey('The passkey is none of yours here.', 'Register it first, or use another one.');
  const result = verifyAssertion({ assertion, text, publicKey: passkey.publicKey, ...passkeySite(publicUrl) });
  if (!result.ok)
    throw refusedPasskey(
      `The passkey’s signature does not count: ${result.problem}.`,
      'Reload the page and try again.',
    );
  return { passkey, counter: result.counter };
}

export function refusedPasskey(message: string, hint: string): SluiceError {
  return new SluiceError('forbidden', message, { audience: 'person', hint });
}

/** The counter of an authenticator that keeps one has to grow; else two devices hold the same key. */
export function clonedPasskey(): SluiceError {
  return refusedPasskey(
    'The passkey’s counter went back: there may be a copy of it.',
    'Remove this passkey and register another one; tell your security people.',
  );
}
