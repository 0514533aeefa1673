/** Verifying what a passkey signed (WebAuthn Level 3, section 7.2), with Node's crypto and nothing else: the gateway believes it. */
import { createHash, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { Assertion } from '@sluice/domain';
import { decodeBase64url, equalConstantTime, sha256 } from './digest.ts';

/** Of authenticator data: hash of the relying party's id, flags, counter. Bytes. */
const rpIdHashBytes = 32;
const flagsAt = 32;
const counterAt = 33;
const minAuthenticatorDataBytes = 37;
const userPresent = 0x01;
const userVerified = 0x04;
const backupEligible = 0x08;
const backedUp = 0x10;
/** NIST SP 800-57: shorter RSA keys are no longer to be believed. Bits. */
const minRsaBits = 2_048;

export interface AssertionCheck {
  readonly assertion: Assertion;
  /** SPKI DER in base64url. */
  readonly publicKey: string;
  /** The text whose SHA-256 had to be the challenge. */
  readonly text: string;
  readonly rpId: string;
  /** Exactly as the browser writes it: `https://sluice.example`. */
  readonly origin: string;
}

export type AssertionResult =
  | {
      readonly ok: true;
      /** The authenticator's signature counter; 0 where it keeps none. */
      readonly counter: number;
    }
  | {
      readonly ok: false;
      /** Why not, as the end of a sentence: `it is for another approval`. */
      readonly problem: string;
    };

/** The challenge of a text: base64url of its SHA-256. */
export function challengeOf(text: string): string {
  return sha256(text);
}

/** Whether the passkey of `publicKey`, with its user verified, signed exactly this text for this relying party. Never throws. */
export function verifyAssertion(check: AssertionCheck): AssertionResult {
  const { assertion } = check;
  const clientData = decodeBase64url(assertion.clientData);
  const data = decodeBase64url(assertion.authenticatorData);
  const signature = decodeBase64url(assertion.signature);
  if (clientData === null || data === null || signature === null) return no('it is not written as assertions are');
  const stated = problemOfClientData(clientData, check) ?? problemOfAuthenticatorData(data, check.rpId);
  if (stated !== null) return no(stated);
  const key = passkeyObject(check.publicKey);
  if (key === null) return no('its key is of a kind that Sluice does not take');
  const signed = Buffer.concat([data, createHash('sha256').update(clientData).digest()]);
  if (!isSignedBy(key, signed, signature)) return no('its signature is wrong');
  return { ok: true, counter: data.readUInt32BE(counterAt) };
}

function problemOfClientData(bytes: Buffer, { text, origin }: AssertionCheck): string | null {
  let stated: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null) return 'it is not written as assertions are';
    stated = value as Record<string, unknown>;
  } catch {
    return 'it is not written as assertions are';
  }
  if (stated.type !== 'webauthn.get') return 'it is no assertion';
  if (typeof stated.challenge !== 'string' || !equalConstantTime(stated.challenge, challengeOf(text)))
    return 'it signs something else';
  if (stated.origin !== origin) return `it was made on another site than ${origin}`;
  // A frame of another site could lead a person's finger.
  if (stated.crossOrigin === true || stated.topOrigin !== undefined) return 'it was made inside another site’s page';
  return null;
}

function problemOfAuthenticatorData(data: Buffer, rpId: string): string | null {
  if (data.length < minAuthenticatorDataBytes) return 'it is not written as assertions are';
  const expected = createHash('sha256').update(rpId, 'utf8').digest();
  if (!timingSafeEqual(data.subarray(0, rpIdHashBytes), expected)) return `it was made for another site than ${rpId}`;
  const flags = data.readUInt8(flagsAt);
  if ((flags & userPresent) === 0) return 'nobody touched the authenticator';
  if ((flags & userVerified) === 0) return 'the authenticator did not verify who used it';
  if ((flags & backupEligible) === 0 && (flags & backedUp) !== 0) return 'its flags contradict one another';
  return null;
}

/** The key object of a passkey: ES256, EdDSA (Ed25519) or RS256; null for any other. */
export function passkeyObject(publicKey: string): KeyObject | null {
  const der = decodeBase64url(publicKey);
  if (der === null) return null;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
  switch (key.asymmetricKeyType) {
    case 'ec':
      return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : null;
    case 'ed25519':
      return key;
    case 'rsa':
      return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= minRsaBits ? key : null;
    default:
      return null;
  }
}

function isSignedBy(key: KeyObject, signed: Buffer, signature: Buffer): boolean {
  try {
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', signed, key, signature);
  } catch {
    return false;
  }
}

function no(problem: string): AssertionResult {
  return { ok: false, problem };
}
