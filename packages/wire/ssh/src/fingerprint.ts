import { createHash } from 'node:crypto';

/** `SHA256:` and the unpadded base64 digest of a public key's bytes (RFC 4253, 6.6), as OpenSSH prints it. */
export function fingerprintOf(publicKey: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`;
}

/** The kind that a public key's bytes name; for messages only. */
export function kindOf(publicKey: Buffer): string {
  const length = publicKey.length >= 4 ? publicKey.readUInt32BE(0) : 0;
  const name = publicKey.toString('latin1', 4, 4 + Math.min(length, 64));
  return /^[\w@.-]+$/.test(name) ? name : 'unknown';
}
