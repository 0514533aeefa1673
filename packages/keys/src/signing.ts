import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { Secret, SluiceError } from '@sluice/domain';
import { decodeBase64url, sha256 } from './digest.ts';

/** What a signature is for. It stands in front of the signed bytes, so that no signature can be taken for one of another kind. */
export type SignatureContext = `sluice-${string}-v${number}`;
export const bundleContext = 'sluice-bundle-v1' satisfies SignatureContext;
export const ticketContext = 'sluice-ticket-v1' satisfies SignatureContext;
/** What the control plane says of a gateway's host key: certificates, and whose certificates of clients count. */
export const hostCertificatesContext = 'sluice-host-certificates-v1' satisfies SignatureContext;
/** A host key's own word that this gateway has it. */
export const hostKeyContext = 'sluice-host-key-v1' satisfies SignatureContext;

export interface SigningKeys {
  /** First 16 characters of the public key's base64url SHA-256. */
  readonly keyId: string;
  /** base64url of the raw 32 bytes (RFC 8032). */
  readonly publicKey: string;
  /** base64url of PKCS #8 DER (RFC 8410). */
  readonly privateKey: Secret;
}

const publicKeyBytes = 32;
const signatureBytes = 64;
const keyIdLength = 16;

/** New Ed25519 keys. */
export function generateSigningKeys(): SigningKeys {
  const { privateKey } = generateKeyPairSync('ed25519');
  return signingKeysOf(new Secret(privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64url')));
}

/** The keys of a stored private key (base64url PKCS #8). Throws when it is not an Ed25519 key. */
export function signingKeysOf(privateKey: Secret): SigningKeys {
  const jwk = createPublicKey(privateKeyObject(privateKey)).export({ format: 'jwk' });
  if (jwk.crv !== 'Ed25519' || typeof jwk.x !== 'string') throw new Error('not an Ed25519 private key');
  return { keyId: keyIdOf(jwk.x), publicKey: jwk.x, privateKey };
}

/** The short name of a public key (base64url raw): first 16 characters of base64url SHA-256 over its bytes. */
export function keyIdOf(publicKey: string): string {
  return sha256(Buffer.from(publicKey, 'base64url')).slice(0, keyIdLength);
}

/** For people to compare: `SHA256:` and the hex digest of the key's raw bytes in groups of four. */
export function fingerprint(publicKey: string): string {
  const hex = createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex');
  return `SHA256:${(hex.match(/.{4}/g) ?? []).join(' ')}`;
}

/** Ed25519 (RFC 8032) over context + NUL + bytes, as base64url (86 characters). */
export function signBytes(privateKey: Secret, context: SignatureContext, bytes: Uint8Array): string {
  return sign(null, inContext(context, bytes), privateKeyObject(privateKey)).toString('base64url');
}

/** True when the signature over context + NUL + bytes is good. Every malformed input is false; never throws. */
export function verifyBytes(
  publicKey: string,
  context: SignatureContext,
  bytes: Uint8Array,
  signature: string,
): boolean {
  const key = publicKeyObject(publicKey);
  const raw = decodeBase64url(signature, signatureBytes);
  return key !== null && raw !== null && verify(null, inContext(context, bytes), key, raw);
}

/** A signed JSON document on the wire: `payload` base64url of the exact JSON bytes. */
export interface SignedJson {
  readonly payload: string;
  readonly signature: string;
  readonly keyId: string;
}

/** Signs an object's JSON. */
export function signJson(keys: SigningKeys, context: SignatureContext, payload: object): SignedJson {
  const bytes = Buffer.from(JSON.stringify(payload), 'utf8');
  return {
    payload: bytes.toString('base64url'),
    signature: signBytes(keys.privateKey, context, bytes),
    keyId: keys.keyId,
  };
}

export interface OpenSignedRequest<T> {
  readonly signed: SignedJson;
  readonly context: SignatureContext;
  /** Anything with zod's `parse`. */
  readonly schema: { parse(value: unknown): T };
  /** The pinned public key (base64url raw) of a key id, or null for one that is not trusted. */
  readonly publicKeyOf: (keyId: string) => string | null;
}

/**
 * Checks the signature over the exact bytes, then parses them. Throws SluiceError `unauthenticated` for an unknown key or a bad
 * signature, `bad-request` for signed bytes of another shape (both sides are ours: their versions differ).
 */
export function openSigned<T>(request: OpenSignedRequest<T>): T {
  const { signed, context } = request;
  const publicKey = request.publicKeyOf(signed.keyId);
  if (publicKey === null) {
    throw new SluiceError('unauthenticated', `A document of context ${context} is signed by an unknown key.`, {
      audience: 'operator',
    });
  }
  const bytes = decodeBase64url(signed.payload);
  if (bytes === null || !verifyBytes(publicKey, context, bytes, signed.signature)) {
    throw new SluiceError('unauthenticated', `The signature of a document of context ${context} is wrong.`, {
      audience: 'operator',
    });
  }
  try {
    return request.schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new SluiceError('bad-request', `A signed document of context ${context} has an unknown shape.`, {
      audience: 'operator',
      hint: 'Run the same Sluice version in the gateway and the control plane.',
      cause,
    });
  }
}

/** The key object of a raw public key, or null when it is none. */
export function publicKeyObject(publicKey: string): KeyObject | null {
  if (decodeBase64url(publicKey, publicKeyBytes) === null) return null;
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
  } catch {
    return null;
  }
}

export function privateKeyObject(privateKey: Secret): KeyObject {
  return createPrivateKey({ key: Buffer.from(privateKey.reveal(), 'base64url'), type: 'pkcs8', format: 'der' });
}

function inContext(context: SignatureContext, bytes: Uint8Array): Buffer {
  if (context.includes('\0')) throw new Error('a signature context contains NUL');
  return Buffer.concat([Buffer.from(`${context}\0`, 'utf8'), bytes]);
}
