import { randomBytes } from 'node:crypto';
import { listPasskeysOfPerson } from '@sluice/database';
import { challengeOf, openSigned, type SignatureContext, type SigningKeys, signJson } from '@sluice/keys';
import { z } from 'zod';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { PasskeyPreparation } from '../views.ts';
import { refusedPasskey } from './fresh-sign-in.ts';
import { passkeySite } from './read-registration.ts';

/** How long a person may take over registering one passkey, in ms. */
const preparationMs = 5 * 60_000;
const nonceBytes = 32;
const context = 'sluice-passkey-challenge-v1' satisfies SignatureContext;
export const signedPreparation = z.strictObject({
  payload: z.string().max(1_024),
  signature: z.string().max(128),
  keyId: z.string().max(64),
});
const preparationSchema = z.strictObject({
  personId: z.string(),
  credentialId: z.string(),
  nonce: z.string(),
  expiresAt: z.iso.datetime(),
});

/**
 * What a browser needs to make a passkey. The challenge is the hash of a signed note that comes back with the answer, so that any node
 * can take it and none has to remember.
 */
export const preparePasskey = query({
  permission: 'passkeys.write.own',
  input: nothing,
  run: async ({ db, caller, services, now }): Promise<PasskeyPreparation> => {
    const existing = await listPasskeysOfPerson(db, caller.actor.id);
    const prepared = signJson(services.signing, context, {
      personId: caller.actor.id,
      credentialId: caller.credentialId,
      nonce: randomBytes(nonceBytes).toString('base64url'),
      expiresAt: new Date(now.getTime() + preparationMs).toISOString(),
    });
    return {
      prepared,
      challenge: challengeOf(prepared.payload),
      rpId: passkeySite(services.publicUrl).rpId,
      userHandle: Buffer.from(caller.actor.id, 'utf8').toString('base64url'),
      userName: caller.email === '' ? caller.actor.name : caller.email,
      displayName: caller.actor.name,
      existing: existing.map(({ credentialId, transports }) => ({ credentialId, transports })),
    };
  },
});

/** The challenge of a preparation that was made for this person and sign-in and is not over. Throws SluiceError. */
export function challengeOfPreparation(
  signing: SigningKeys,
  prepared: z.infer<typeof signedPreparation>,
  caller: { readonly personId: string; readonly credentialId: string },
  now: Date,
): string {
  const publicKeyOf = (keyId: string) => (keyId === signing.keyId ? signing.publicKey : null);
  const note = openSigned({ signed: prepared, context, schema: preparationSchema, publicKeyOf });
  const isTheirs = note.personId === caller.personId && note.credentialId === caller.credentialId;
  if (!isTheirs || new Date(note.expiresAt) <= now)
    throw refusedPasskey('This registration was begun too long ago, or by somebody else.', 'Begin it again.');
  return challengeOf(prepared.payload);
}
