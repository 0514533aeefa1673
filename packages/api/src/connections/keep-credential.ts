import {
  type ConnectionRow,
  removeCredential,
  replaceCredential,
  setCredentialReferences,
  type Tx,
} from '@sluice/database';
import type { CredentialPurpose, CredentialReference, CredentialReferences, SealedEnvelope } from '@sluice/domain';
import { credentialPurposes, credentialReferencesSchema } from '@sluice/domain';
import { newId } from '@sluice/keys';

/** Keeps a new envelope of its purpose, takes the old one away for null, and leaves all as it is for undefined. */
async function keepCredential(
  tx: Tx,
  place: { readonly connectionId: string; readonly gatewayId: string; readonly purpose: CredentialPurpose },
  envelope: SealedEnvelope | null | undefined,
): Promise<void> {
  if (envelope === undefined) return;
  if (envelope === null) await removeCredential(tx, place.connectionId, place.purpose);
  else await replaceCredential(tx, { ...place, id: newId<'SealedCredential'>(), envelope });
}

/** As the row has them. Throws ZodError for a row that somebody else wrote. */
export function referencesOf(row: Pick<ConnectionRow, 'credentialReferences'>): CredentialReferences {
  return credentialReferencesSchema.parse(row.credentialReferences);
}

export interface GivenCredential {
  readonly envelope: SealedEnvelope | null | undefined;
  readonly reference: CredentialReference | null | undefined;
}

/**
 * Keeps what was given for each purpose: an envelope takes a reference's place, a reference an envelope's, null takes either away and
 * undefined leaves it. `before` is what the row refers to now.
 */
export async function keepCredentials(
  tx: Tx,
  place: { readonly connectionId: string; readonly gatewayId: string },
  given: Readonly<Record<CredentialPurpose, GivenCredential>>,
  before: CredentialReferences,
): Promise<void> {
  const references: CredentialReferences = { ...before };
  for (const purpose of credentialPurposes) {
    const { envelope, reference } = given[purpose];
    if (reference !== undefined || envelope !== undefined) delete references[purpose];
    if (reference !== undefined && reference !== null) references[purpose] = reference;
    const kept = reference === undefined || reference === null ? envelope : null;
    await keepCredential(tx, { ...place, purpose }, kept);
  }
  await setCredentialReferences(tx, place.connectionId, references);
}
