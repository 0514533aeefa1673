/** What a publickey request proves: an offer nothing, a signature over this session that its key's owner is at the other end. */
import type { ClientProof } from '@sluice/wire-kit';
import type { PublicKeyAuthContext } from 'ssh2';
import { type CertificateDemand, certificateProblem, isSignedBy } from './certificate-check.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Certificate, certificateType, ed25519Type, readCertificate } from './messages/certificate.ts';
import { Cursor } from './messages/cursor.ts';
import { utils } from './ssh2-library.ts';

/** Shorter RSA keys can be broken (NIST SP 800-131A). */
const minRsaBits = 2_048;
const rsaType = 'ssh-rsa';
const plainTypes: ReadonlySet<string> = new Set([
  ed25519Type,
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  rsaType,
]);
const rsaHashes: ReadonlySet<string> = new Set(['sha256', 'sha512']);

export interface PublicKeyRequest {
  readonly algorithm: string;
  readonly key: Buffer;
  /** What was signed and the signature; null: only an offer. */
  readonly signed: { readonly data: Buffer; readonly signature: Buffer } | null;
  /** For RSA, whose key does not say it. */
  readonly hash: string | undefined;
}

export function publicKeyRequest(context: PublicKeyAuthContext): PublicKeyRequest {
  const { key, signature, blob, hashAlgo } = context;
  return {
    algorithm: key.algo,
    key: key.data,
    signed: signature === undefined || blob === undefined ? null : { data: blob, signature },
    hash: hashAlgo,
  };
}

export type CheckedKey =
  | { readonly type: 'refused'; readonly because: string }
  /** Worth a signature. */
  | { readonly type: 'offer' }
  | { readonly type: 'proof'; readonly proof: ClientProof; readonly certificate: Certificate | null };

/** Checks an offer or a signed request. Says nothing of whether anybody knows the key. */
export function checkKey(request: PublicKeyRequest, demand: CertificateDemand): CheckedKey {
  return request.algorithm === certificateType ? checkCertificate(request, demand) : checkPlainKey(request);
}

function checkCertificate({ key, signed }: PublicKeyRequest, demand: CertificateDemand): CheckedKey {
  const certificate = readCertificate(key);
  if (certificate === null) return refused('it is no certificate that this gateway can read');
  const problem = certificateProblem(certificate, demand);
  if (problem !== null) return refused(problem);
  if (signed === null) return { type: 'offer' };
  // The library strips a signature's label only where it equals the request's algorithm: here it is the key's own.
  if (!isSignedBy(certificate.publicKey, signed.data, signed.signature)) return refused('its signature is wrong');
  const proof: ClientProof = {
    type: 'certificate',
    algorithm: certificateType,
    fingerprint: fingerprintOf(certificate.publicKey),
    publicKey: certificate.publicKey.toString('base64'),
    authority: fingerprintOf(certificate.authority),
    serial: certificate.serial,
  };
  return { type: 'proof', proof, certificate };
}

function checkPlainKey({ algorithm, key, signed, hash }: PublicKeyRequest): CheckedKey {
  if (!plainTypes.has(algorithm)) return refused('keys of this kind are not taken');
  if (new Cursor(key).text() !== algorithm) return refused('it is not of the kind that it says');
  if (algorithm === rsaType && (hash === undefined || !rsaHashes.has(hash))) return refused('SHA-1 is not taken');
  if (algorithm === rsaType && rsaBits(key) < minRsaBits) return refused('it is too short');
  const parsed = utils.parseKey(`${algorithm} ${key.toString('base64')}`);
  if (parsed instanceof Error) return refused('it cannot be read');
  // Read whole and nothing else: the bytes that are known by their fingerprint are the bytes that verify.
  if (!parsed.getPublicSSH().equals(key)) return refused('it cannot be read');
  if (signed === null) return { type: 'offer' };
  if (parsed.verify(signed.data, signed.signature, hash) !== true) return refused('its signature is wrong');
  const proof: ClientProof = {
    type: 'key',
    algorithm,
    fingerprint: fingerprintOf(key),
    publicKey: key.toString('base64'),
  };
  return { type: 'proof', proof, certificate: null };
}

function rsaBits(key: Buffer): number {
  const cursor = new Cursor(key);
  cursor.text();
  cursor.bytes();
  const modulus = cursor.bytes();
  const first = modulus.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24;
}

function refused(because: string): CheckedKey {
  return { type: 'refused', because };
}
