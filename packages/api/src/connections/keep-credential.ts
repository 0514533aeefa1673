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

/** Whose envelopes are kept: the trusted gateways of the connection's group. */
export interface CredentialPlace {
  readonly connectionId: string;
  readonly members: readonly { readonly id: string; readonly sealingKey: string }[];
}

/**
 * Keeps new envelopes of a purpose in place of all that were there, takes them away for null, and leaves all as it is for undefined. One
 * that is sealed to no member's key is kept as the first one's: it then stands there as outdated, and is not passed over in silence.
 */
async function keepEnvelopes(
  tx: Tx,
  { connectionId, members }: CredentialPlace,
  purpose: CredentialPurpose,
  envelopes: readonly SealedEnvelope[] | null | undefined,
): Promise<void> {
  if (envelopes === undefined) return;
  await removeCredential(tx, connectionId, purpose);
  for (const envelope of envelopes ?? []) {
    const member = members.find(({ sealingKey }) => sealingKey === envelope.recipient) ?? members[0];
    if (member === undefined) continue;
    await replaceCredential(tx, {
      id: newId<'SealedCredential'>(),
      connectionId,
      gatewayId: member.id,
      purpose,
      envelope,
    });
  }
}

/** As the row has them. Throws ZodError for a row that somebody else wrote. */
export function referencesOf(row: Pick<ConnectionRow, 'credentialReferences'>): CredentialReferences {
  return credentialReferencesSchema.parse(row.credentialReferences);
}

export interface GivenCredential {
  readonly envelope: readonly SealedEnvelope[] | null | undefined;
  readonly reference: CredentialReference | null | undefined;
}

/**
 * Keeps what was given for each purpose: an envelope takes a reference's place, a reference an envelope's, null takes either away and
 * undefined leaves it. `before` is what the row refers to now.
 */
export async function keepCredentials(
  tx: Tx,
  place: CredentialPlace,
  given: Readonly<Record<CredentialPurpose, GivenCredential>>,
  before: CredentialReferences,
): Promise<void> {
  const references: CredentialReferences = { ...before };
  for (const purpose of credentialPurposes) {
    const { envelope, reference } = given[purpose];
    if (reference !== undefined || envelope !== undefined) delete references[purpose];
    if (reference !== undefined && reference !== null) references[purpose] = reference;
    const kept = reference === undefined || reference === null ? envelope : null;
    await keepEnvelopes(tx, place, purpose, kept);
  }
  await setCredentialReferences(tx, place.connectionId, references);
}
