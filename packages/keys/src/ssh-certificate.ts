/**
 * OpenSSH certificates over Ed25519 keys (OpenSSH's PROTOCOL.certkeys), as they are written and signed. They are read where they are
 * checked, in the protocol's own package, by code that shares nothing with this.
 */
import { createHash, randomBytes, sign } from 'node:crypto';
import { SluiceError } from '@sluice/domain';
import { decodeBase64url } from './digest.ts';
import { privateKeyObject, type SigningKeys } from './signing.ts';

const keyType = 'ssh-ed25519';
const certificateType = 'ssh-ed25519-cert-v01@openssh.com';
const rawKeyBytes = 32;
const nonceBytes = 32;
/** Longest name of a certificate's owner: it stands in logs. In characters. */
const maxKeyIdCharacters = 200;
/** OpenSSH takes 256. */
const maxPrincipals = 64;
/** Certificates begin this long ago, for machines whose clock is behind; nothing makes up for a clock that is ahead. In ms. */
export const certificateBackdateMs = 60_000;

const kinds = { user: 1, host: 2 } as const;

export interface SshCertificateRequest {
  readonly kind: keyof typeof kinds;
  /** The certified key: base64url of its raw 32 bytes. */
  readonly publicKey: string;
  /** Whose it is, for people who read logs; what is no printable ASCII becomes `?`. */
  readonly keyId: string;
  /** Names that it holds for; never empty, as none would mean any. */
  readonly principals: readonly string[];
  readonly now: Date;
  readonly expiresAt: Date;
  /** Restrictions by name; whoever does not know one must refuse the certificate. */
  readonly criticalOptions?: Readonly<Record<string, string>>;
  /** Allowances by name. */
  readonly extensions?: readonly string[];
}

export interface SshCertificate {
  /** As a `-cert.pub` file holds it, without a line end. */
  readonly line: string;
  /** Random and decimal: it tells certificates apart in the audit chain and in records. */
  readonly serial: string;
  /** `SHA256:…` of the certified key. */
  readonly fingerprint: string;
  /** `SHA256:…` of the authority's key. */
  readonly authority: string;
}

/** Signs a certificate. Throws SluiceError `bad-request` for a key that is none, and RangeError for names that stand for everybody. */
export function signSshCertificate(authority: SigningKeys, request: SshCertificateRequest): SshCertificate {
  const { principals, extensions = [], criticalOptions = {} } = request;
  if (principals.length === 0 || principals.length > maxPrincipals || principals.includes(''))
    throw new RangeError('a certificate needs its names');
  const raw = rawKey(request.publicKey);
  const serial = randomBytes(8);
  const authorityBlob = keyBlob(rawKey(authority.publicKey));
  const signed = Buffer.concat([
    string(certificateType),
    string(randomBytes(nonceBytes)),
    string(raw),
    serial,
    uint32(kinds[request.kind]),
    string(printable(request.keyId)),
    string(Buffer.concat(principals.map(string))),
    seconds(request.now.getTime() - certificateBackdateMs),
    seconds(request.expiresAt.getTime()),
    string(options(criticalOptions)),
    string(options(Object.fromEntries(extensions.map((name) => [name, null])))),
    string(''),
    string(authorityBlob),
  ]);
  const signature = Buffer.concat([
    string(keyType),
    string(sign(null, signed, privateKeyObject(authority.privateKey))),
  ]);
  const bytes = Buffer.concat([signed, string(signature)]);
  return {
    line: `${certificateType} ${bytes.toString('base64')}`,
    serial: serial.readBigUInt64BE().toString(),
    fingerprint: blobFingerprint(keyBlob(raw)),
    authority: blobFingerprint(authorityBlob),
  };
}

/** `ssh-ed25519 AAAA…` of a raw public key (base64url). */
export function sshKeyLine(publicKey: string): string {
  return `${keyType} ${keyBlob(rawKey(publicKey)).toString('base64')}`;
}

/** `SHA256:` and unpadded base64, as OpenSSH prints it, of a raw public key (base64url). */
export function sshFingerprint(publicKey: string): string {
  return blobFingerprint(keyBlob(rawKey(publicKey)));
}

function rawKey(publicKey: string): Buffer {
  const raw = decodeBase64url(publicKey, rawKeyBytes);
  if (raw === null)
    throw new SluiceError('bad-request', 'The public key is no Ed25519 key.', {
      audience: 'person',
      hint: 'Make one: ssh-keygen -t ed25519.',
    });
  return raw;
}

function keyBlob(raw: Buffer): Buffer {
  return Buffer.concat([string(keyType), string(raw)]);
}

function blobFingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** Names in ascending order, as the format asks; a value is packed once more, and an empty one stays empty. */
function options(values: Readonly<Record<string, string | null>>): Buffer {
  const names = Object.keys(values).sort();
  return Buffer.concat(
    names.flatMap((name) => {
      const value = values[name] ?? null;
      return [string(name), string(value === null ? '' : string(value))];
    }),
  );
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, maxKeyIdCharacters);
}

function string(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function seconds(ms: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(Math.floor(ms / 1_000)));
  return bytes;
}
