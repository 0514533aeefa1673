/** Whether a certificate lets somebody in: authority, names, dates, restrictions, signature. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isInNetworks } from '@sluice/domain';
import { type Certificate, type CriticalOption, ed25519Type, rawKeyBytes } from './messages/certificate.ts';
import { Cursor } from './messages/cursor.ts';

const userCertificate = 1;
/** SubjectPublicKeyInfo of an Ed25519 key up to its bytes (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex');

export interface CertificateDemand {
  /** Public keys of the authorities that count, as bytes. */
  readonly authorities: readonly Buffer[];
  /** The one name that must be among the certificate's, letter for letter. */
  readonly principal: string;
  /** Where the client comes from, with its port. */
  readonly clientAddress: string;
  readonly now: number;
}

/** Why a certificate lets nobody in, in a clause; null: it does, once its owner has signed. */
export function certificateProblem(certificate: Certificate, demand: CertificateDemand): string | null {
  if (certificate.kind !== userCertificate) return 'it is a certificate of a host, not of a user';
  if (!demand.authorities.some((authority) => authority.equals(certificate.authority))) {
    return 'its authority is not Sluice’s own';
  }
  if (!isSignedBy(certificate.authority, certificate.signed, certificate.signature)) return 'its signature is wrong';
  // No names would mean any name.
  if (!certificate.principals.includes(demand.principal)) return 'it is for another connection';
  const seconds = BigInt(Math.floor(demand.now / 1_000));
  if (seconds < certificate.validAfter) return 'it is not valid yet';
  if (seconds >= certificate.validBefore) return 'it has expired';
  return certificate.criticalOptions.map((option) => optionProblem(option, demand)).find((one) => one !== null) ?? null;
}

/** A critical option that is not carried out must refuse (PROTOCOL.certkeys, "Critical options"). */
function optionProblem({ name, value }: CriticalOption, { clientAddress }: CertificateDemand): string | null {
  if (name !== 'source-address') return 'it carries a restriction that this gateway cannot carry out';
  const networks = value.split(',');
  return isInNetworks(clientAddress, networks) ? null : 'it is not for this network';
}

/** An SSH signature by an Ed25519 key, both as bytes. */
export function isSignedBy(publicKey: Buffer, data: Buffer, signature: Buffer): boolean {
  const key = ed25519Key(publicKey);
  const cursor = new Cursor(signature);
  const type = cursor.text();
  const raw = cursor.bytes();
  return key !== null && type === ed25519Type && cursor.isWholeAndOver && verify(null, data, key, raw);
}

/** Null for bytes that are no Ed25519 key. */
export function ed25519Key(publicKey: Buffer): KeyObject | null {
  const cursor = new Cursor(publicKey);
  const type = cursor.text();
  const raw = cursor.bytes();
  if (type !== ed25519Type || !cursor.isWholeAndOver || raw.length !== rawKeyBytes) return null;
  return createPublicKey({ key: Buffer.concat([spkiHead, raw]), format: 'der', type: 'spki' });
}
