import {
  bumpBundleVersion,
  lockPasskeysOfPerson,
  notePasskeyUse,
  type PasskeyRow,
  removePasskey as removeRow,
  renamePasskey as renameRow,
  type Tx,
} from '@sluice/database';
import { assertionSchema, passkeyRemovalText } from '@sluice/domain';
import { fingerprint } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { passkeyName } from './add-passkey.ts';
import { clonedPasskey, isFreshSignIn, refusedPasskey, signer } from './fresh-sign-in.ts';

export const renamePasskey = mutation({
  permission: 'passkeys.write.own',
  input: z.strictObject({ id, name: passkeyName }),
  run: async ({ input, tx, caller }) => {
    const { passkey } = await ownPasskey(tx, caller.actor.id, input.id);
    await renameRow(tx, passkey.id, input.name);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `renamed passkey ${passkey.name} to ${input.name}`,
        subject: { type: 'passkey', id: passkey.id, name: input.name },
        before: { name: passkey.name },
        after: { name: input.name },
      },
    };
  },
});

/** Removes one of the caller's passkeys for good: after a fresh sign-in, or signed by any of theirs. */
export const removePasskey = mutation({
  permission: 'passkeys.write.own',
  input: z.strictObject({ id, assertion: assertionSchema.optional() }),
  run: async ({ input, tx, caller, services, now }) => {
    const { passkey, all } = await ownPasskey(tx, caller.actor.id, input.id);
    if (input.assertion !== undefined) {
      const text = passkeyRemovalText({ personId: caller.actor.id, passkeyId: passkey.id });
      const by = signer(all, { assertion: input.assertion, text, publicUrl: services.publicUrl });
      if (!(await notePasskeyUse(tx, by.passkey.id, by.counter, now))) throw clonedPasskey();
    } else if (!(await isFreshSignIn(tx, caller, now))) {
      throw refusedPasskey(
        'Removing a passkey asks for one of yours, or for a fresh sign-in.',
        'Use a passkey when asked, or sign out, sign in again and come back here.',
      );
    }
    await removeRow(tx, passkey.id, now);
    await bumpBundleVersion(tx);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `removed passkey ${passkey.name}`,
        subject: { type: 'passkey', id: passkey.id, name: passkey.name },
        before: { fingerprint: fingerprint(passkey.publicKey), credentialId: passkey.credentialId },
      },
    };
  },
});

async function ownPasskey(
  tx: Tx,
  personId: string,
  passkeyId: string,
): Promise<{ readonly passkey: PasskeyRow; readonly all: readonly PasskeyRow[] }> {
  const all = await lockPasskeysOfPerson(tx, personId);
  const passkey = all.find((one) => one.id === passkeyId);
  if (passkey === undefined) throw notFound('passkey');
  return { passkey, all };
}
