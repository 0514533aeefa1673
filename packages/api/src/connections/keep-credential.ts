import { removeCredential, replaceCredential, type Tx } from '@sluice/database';
import type { CredentialPurpose, SealedEnvelope } from '@sluice/domain';
import { newId } from '@sluice/keys';

/** Keeps a new envelope of its purpose, takes the old one away for null, and leaves all as it is for undefined. */
export async function keepCredential(
  tx: Tx,
  place: { readonly connectionId: string; readonly gatewayId: string; readonly purpose: CredentialPurpose },
  envelope: SealedEnvelope | null | undefined,
): Promise<void> {
  if (envelope === undefined) return;
  if (envelope === null) await removeCredential(tx, place.connectionId, place.purpose);
  else await replaceCredential(tx, { ...place, id: newId<'SealedCredential'>(), envelope });
}
