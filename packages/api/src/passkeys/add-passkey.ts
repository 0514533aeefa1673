import { bumpBundleVersion, createPasskey, lockPasskeysOfPerson, notePasskeyUse, type Tx } from '@sluice/database';
import { type Assertion, assertionSchema, maxPasskeysOfPerson, passkeyText } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { fingerprint, newId } from '@sluice/keys';
import { z } from 'zod';
import { refusedInput } from '../errors.ts';
import { mutation } from '../procedure.ts';
import { clonedPasskey, isFreshSignIn, refusedPasskey, signer } from './fresh-sign-in.ts';
import { toPasskeyView } from './passkey-views.ts';
import { challengeOfPreparation, signedPreparation } from './prepare-passkey.ts';
import { passkeySite, type RegisteredPasskey, readRegistration, registrationSchema } from './read-registration.ts';

export const passkeyName = z.string().trim().min(1, 'give it a name').max(63, 'use at most 63 characters');

/**
 * Registers a passkey for the caller. The first asks for a fresh sign-in; every other one has to be signed in by one that they have,
 * which gateways check again for themselves.
 */
export const addPasskey = mutation({
  permission: 'passkeys.write.own',
  input: z.strictObject({
    name: passkeyName,
    prepared: signedPreparation,
    registration: registrationSchema,
    vouch: assertionSchema.optional(),
  }),
  run: async ({ input, tx, caller, services, now }) => {
    const site = passkeySite(services.publicUrl);
    const of = { personId: caller.actor.id, credentialId: caller.credentialId };
    const challenge = challengeOfPreparation(services.signing, input.prepared, of, now);
    const made = await readRegistration(input.registration, { ...site, challenge });
    const vouch = await vouchFor(tx, { made, caller, vouch: input.vouch, publicUrl: services.publicUrl, now });
    const row = await createPasskey(tx, {
      id: newId<'Passkey'>(),
      personId: caller.actor.id,
      name: input.name,
      ...made,
      counter: BigInt(made.counter),
      vouch,
      createdAt: now,
    });
    await bumpBundleVersion(tx);
    return {
      output: toPasskeyView(row),
      audit: {
        sentence: `registered passkey ${input.name}`,
        subject: { type: 'passkey', id: row.id, name: input.name },
        after: {
          fingerprint: fingerprint(made.publicKey),
          credentialId: made.credentialId,
          vouchedBy: vouch?.credentialId ?? null,
        },
      },
    };
  },
});

async function vouchFor(
  tx: Tx,
  request: {
    readonly made: RegisteredPasskey;
    readonly caller: Caller;
    readonly vouch: Assertion | undefined;
    readonly publicUrl: string;
    readonly now: Date;
  },
): Promise<Assertion | null> {
  const { made, caller, vouch, publicUrl, now } = request;
  const existing = await lockPasskeysOfPerson(tx, caller.actor.id);
  if (existing.length >= maxPasskeysOfPerson)
    throw refusedInput(`A person has at most ${maxPasskeysOfPerson} passkeys.`, 'Remove one that you do not use.');
  if (existing.length === 0) {
    if (await isFreshSignIn(tx, caller, now)) return null;
    throw refusedPasskey(
      'A first passkey is registered within ten minutes of signing in, in the browser.',
      'Sign out, sign in again and come back here.',
    );
  }
  if (vouch === undefined)
    throw refusedPasskey(
      'A further passkey has to be confirmed with one that you have.',
      'Try again, and use it when asked.',
    );
  const text = passkeyText({ personId: caller.actor.id, credentialId: made.credentialId, publicKey: made.publicKey });
  const { passkey, counter } = signer(existing, { assertion: vouch, text, publicUrl });
  if (!(await notePasskeyUse(tx, passkey.id, counter, now))) throw clonedPasskey();
  return vouch;
}
