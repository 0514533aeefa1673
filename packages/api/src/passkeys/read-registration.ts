import { createPublicKey } from 'node:crypto';
import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { cose, decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';
import { SluiceError } from '@sluice/domain';
import { passkeyObject } from '@sluice/keys';
import { z } from 'zod';

/** Longest base64url of an attestation object: Sluice asks for none, so it holds a credential and little else. Characters. */
const maxAttestationCharacters = 32_768;
const maxTransports = 8;
const text = (max: number) => z.string().min(1).max(max);

/** What a browser answers to `navigator.credentials.create`, as `toJSON` writes it; members that Sluice does not read are dropped. */
export const registrationSchema = z.object({
  id: text(1_364),
  rawId: text(1_364),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: text(4_096),
    attestationObject: text(maxAttestationCharacters),
    transports: z.array(text(32)).max(maxTransports).optional(),
  }),
});
export type Registration = z.infer<typeof registrationSchema>;

/** The site that passkeys are for: the relying party's id is the host name of the public URL. */
export interface PasskeySite {
  readonly rpId: string;
  readonly origin: string;
}

export interface RegisteredPasskey {
  readonly credentialId: string;
  /** SPKI DER in base64url. */
  readonly publicKey: string;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly backedUp: boolean;
}

/** The site of a public URL. A browser makes passkeys for a host name over https, or for localhost, and never for an IP address. */
export function passkeySite(publicUrl: string): PasskeySite {
  const { origin, hostname } = new URL(publicUrl);
  return { origin, rpId: hostname };
}

/**
 * The passkey that a browser made, if it is for this site and challenge and verified its user. No attestation is asked for: which make
 * of authenticator people use is theirs to choose. Throws SluiceError `bad-request`.
 */
export async function readRegistration(
  registration: Registration,
  expected: PasskeySite & { readonly challenge: string },
): Promise<RegisteredPasskey> {
  const { transports = [], ...response } = registration.response;
  let verified: Awaited<ReturnType<typeof verifyRegistrationResponse>>;
  try {
    verified = await verifyRegistrationResponse({
      response: { ...registration, response, clientExtensionResults: {} },
      expectedChallenge: expected.challenge,
      expectedOrigin: expected.origin,
      expectedRPID: expected.rpId,
      requireUserVerification: true,
    });
  } catch (cause) {
    throw refused(cause);
  }
  if (!verified.verified) throw refused(undefined);
  const { credential, credentialBackedUp } = verified.registrationInfo;
  return {
    credentialId: credential.id,
    publicKey: spkiOf(credential.publicKey),
    counter: credential.counter,
    transports,
    backedUp: credentialBackedUp,
  };
}

/** SPKI DER, which Node verifies with, of a COSE key. Throws SluiceError `bad-request` for a kind that gateways do not take. */
function spkiOf(coseKey: Uint8Array<ArrayBuffer>): string {
  const key = decodeCredentialPublicKey(coseKey);
  const encoded = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64url');
  let jwk: Record<string, string>;
  if (cose.isCOSEPublicKeyEC2(key)) {
    jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: encoded(key.get(cose.COSEKEYS.x)),
      y: encoded(key.get(cose.COSEKEYS.y)),
    };
  } else if (cose.isCOSEPublicKeyOKP(key)) {
    jwk = { kty: 'OKP', crv: 'Ed25519', x: encoded(key.get(cose.COSEKEYS.x)) };
  } else if (cose.isCOSEPublicKeyRSA(key)) {
    jwk = { kty: 'RSA', n: encoded(key.get(cose.COSEKEYS.n)), e: encoded(key.get(cose.COSEKEYS.e)) };
  } else throw refused(undefined);
  let spki: string;
  try {
    spki = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' }).toString('base64url');
  } catch (cause) {
    throw refused(cause);
  }
  if (passkeyObject(spki) === null) throw refused(undefined);
  return spki;
}

function refused(cause: unknown): SluiceError {
  return new SluiceError('bad-request', 'The browser’s answer is no passkey for this site.', {
    audience: 'person',
    hint: 'Try again, with an authenticator that asks for a PIN, a fingerprint or a face.',
    cause,
  });
}
