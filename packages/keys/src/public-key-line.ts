import { createHash } from 'node:crypto';
import { SluiceError } from '@sluice/domain';

/** Kinds of keys that gateways take from clients (RFC 8709, 5656, 8332). */
const kinds: readonly string[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
];
/** An RSA key of 16,384 bits and a comment fit. */
export const maxPublicKeyLineCharacters = 4_096;

export interface PublicKeyLine {
  readonly kind: string;
  /** `SHA256:` and unpadded base64 of the digest of the key's bytes. */
  readonly fingerprint: string;
  readonly comment: string;
  /** base64url of the raw 32 bytes of an Ed25519 key; null for the other kinds. */
  readonly ed25519: string | null;
}

/** Reads a public key as a `.pub` file holds it: kind, base64, comment. Throws SluiceError `bad-request`. */
export function readPublicKeyLine(line: string): PublicKeyLine {
  const [kind = '', encoded = '', ...comment] = line.trim().split(/[ \t]+/);
  if (line.includes('PRIVATE KEY')) throw unusable('That is a private key: it must stay where it is.');
  if (!kinds.includes(kind)) throw unusable('That is no public key of a kind that gateways take.');
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < 4 || bytes.toString('base64') !== encoded) throw unusable('The public key is damaged.');
  const length = bytes.readUInt32BE(0);
  if (bytes.toString('latin1', 4, 4 + length) !== kind)
    throw unusable('The public key is not of the kind that it says.');
  const digest = createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '');
  return { kind, fingerprint: `SHA256:${digest}`, comment: comment.join(' '), ed25519: rawEd25519(kind, bytes) };
}

function rawEd25519(kind: string, bytes: Buffer): string | null {
  const head = 4 + kind.length + 4;
  const whole = kind === 'ssh-ed25519' && bytes.length === head + 32 && bytes.readUInt32BE(head - 4) === 32;
  return whole ? bytes.subarray(head).toString('base64url') : null;
}

function unusable(message: string): SluiceError {
  return new SluiceError('bad-request', message, {
    audience: 'person',
    hint: 'Give the one line of the .pub file, e.g. of ~/.ssh/id_ed25519.pub.',
  });
}
