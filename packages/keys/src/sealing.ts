/**
 * Target credentials sealed to one gateway and one address: HPKE base mode (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256
 * and ChaCha20-Poly1305. Runs in browsers, where it needs `crypto.subtle` and so a secure context (https, or http on localhost).
 * No `node:` import may appear here.
 */
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import { CipherSuite, HkdfSha256 } from '@hpke/core';
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519';
import type { CredentialPurpose, SealedEnvelope, TargetAddress, TargetCredential } from '@sluice/domain';
import { Secret, SluiceError, targetCredentialSchema } from '@sluice/domain';

export { confirmMemberKeys } from './member-confirmation.ts';

const suiteName = 'x25519-hkdf-sha256/chacha20-poly1305';
/** One label per purpose: a reader's envelope does not open as a writer's, nor the other way round. */
const infoLabels: Readonly<Record<CredentialPurpose, string>> = {
  writer: 'sluice-credential-v1',
  reader: 'sluice-reader-credential-v1',
};
const keyBytes = 32;
/** AEAD tag of ChaCha20-Poly1305, RFC 8439. */
const tagBytes = 16;
/** A credential's JSON at its schema's limits, each character escaped, with room for the tag. */
const maxCiphertextBytes = 65_536;

export interface SealingKeys {
  /** base64url of the raw 32 bytes (RFC 7748). */
  readonly publicKey: string;
  readonly privateKey: Secret;
}

/** New X25519 keys for a gateway, raw and base64url. */
export async function generateSealingKeys(): Promise<SealingKeys> {
  const { kem } = newSuite();
  const pair = await kem.generateKeyPair();
  const publicKey = await kem.serializePublicKey(pair.publicKey);
  const privateKey = await kem.serializePrivateKey(pair.privateKey);
  return { publicKey: toBase64url(publicKey), privateKey: new Secret(toBase64url(privateKey)) };
}

export interface SealCredentialRequest {
  /** The gateway's X25519 public key, base64url raw. */
  readonly recipientKey: string;
  readonly address: TargetAddress;
  readonly connectionId: string;
  readonly credential: TargetCredential;
  /** `writer` where nothing is said. */
  readonly purpose?: CredentialPurpose;
}

/** Seals a credential so that only the gateway opens it, and only for this connection, address and purpose. Throws SluiceError `bad-request` for a bad key. */
export async function sealCredential(request: SealCredentialRequest): Promise<SealedEnvelope> {
  const recipient = fromBase64url(request.recipientKey);
  if (recipient === null || recipient.length !== keyBytes) {
    throw new SluiceError('bad-request', 'The gateway’s sealing key is not 32 bytes of base64url.', {
      audience: 'person',
    });
  }
  const suite = newSuite();
  const sealed = await suite.seal(
    {
      recipientPublicKey: await suite.kem.deserializePublicKey(recipient),
      info: await addressInfo(request.address, request.connectionId, request.purpose ?? 'writer'),
    },
    new TextEncoder().encode(JSON.stringify(targetCredentialSchema.parse(request.credential))),
  );
  return {
    suite: suiteName,
    recipient: request.recipientKey,
    encapsulated: toBase64url(sealed.enc),
    ciphertext: toBase64url(sealed.ct),
  };
}

/**
 * Opens an envelope in the gateway. Throws SluiceError `credential-address` when it was sealed for another key, connection, address
 * or purpose (or was changed): these cannot be told apart, and the mend is the same.
 */
export async function openCredential(
  privateKey: Secret,
  address: TargetAddress,
  connectionId: string,
  envelope: SealedEnvelope,
  purpose: CredentialPurpose = 'writer',
): Promise<TargetCredential> {
  try {
    const secretKey = fromBase64url(privateKey.reveal());
    const encapsulated = fromBase64url(envelope.encapsulated);
    const ciphertext = fromBase64url(envelope.ciphertext);
    if (secretKey === null || encapsulated === null || ciphertext === null) throw new Error('not base64url');
    if (ciphertext.length < tagBytes || ciphertext.length > maxCiphertextBytes)
      throw new Error('ciphertext out of bounds');
    const suite = newSuite();
    const plaintext = await suite.open(
      {
        recipientKey: await suite.kem.deserializePrivateKey(secretKey),
        enc: encapsulated,
        info: await addressInfo(address, connectionId, purpose),
      },
      ciphertext,
    );
    return targetCredentialSchema.parse(JSON.parse(new TextDecoder().decode(plaintext)));
  } catch (cause) {
    throw new SluiceError('credential-address', 'The sealed credential does not open for this connection’s address.', {
      audience: 'person',
      hint: 'Enter the credential again: it is bound to the gateway, the connection, protocol, host, port, TLS mode and CA.',
      cause,
    });
  }
}

/** The same text as `fingerprint` of `@sluice/keys`, for a page that shows a gateway's key: `SHA256:` and hex in groups of four. */
export async function sealingKeyFingerprint(publicKey: string): Promise<string> {
  const digest = new Uint8Array(await subtle().digest('SHA-256', fromBase64url(publicKey) ?? new Uint8Array()));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `SHA256:${(hex.match(/.{4}/g) ?? []).join(' ')}`;
}

function newSuite(): CipherSuite {
  subtle();
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });
}

/**
 * The HPKE info: a label and SHA-256 over the address's fields, each as a 4-byte big-endian length and UTF-8, so that no two addresses
 * share an encoding. A missing CA is told from an empty one by a marker. Hashed because a CA may be longer than HPKE's info.
 */
async function addressInfo(
  address: TargetAddress,
  connectionId: string,
  purpose: CredentialPurpose,
): Promise<Uint8Array<ArrayBuffer>> {
  const fields = [
    connectionId,
    address.protocol,
    address.host,
    String(address.port),
    address.tls.mode,
    ...(address.tls.ca === null ? ['system'] : ['ca', address.tls.ca]),
  ];
  const canonical = concatenate(fields.map((field) => lengthPrefixed(new TextEncoder().encode(field))));
  const digest = new Uint8Array(await subtle().digest('SHA-256', canonical));
  return concatenate([new TextEncoder().encode(`${infoLabels[purpose]}\0`), digest]);
}

function lengthPrefixed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(4 + bytes.length);
  new DataView(framed.buffer).setUint32(0, bytes.length);
  framed.set(bytes, 4);
  return framed;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function subtle(): typeof globalThis.crypto.subtle {
  // Typed as always there; browsers leave it out of pages that came over plain http from another machine.
  const available = (globalThis.crypto as { readonly subtle?: typeof globalThis.crypto.subtle } | undefined)?.subtle;
  if (available === undefined) {
    throw new SluiceError(
      'unsupported',
      'This page cannot seal credentials: it was not opened over https or on localhost.',
      {
        audience: 'person',
        hint: 'Open Sluice over https.',
      },
    );
  }
  return available;
}

function toBase64url(bytes: ArrayBuffer | Uint8Array): string {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const text = Array.from(view, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const decoded = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
}
