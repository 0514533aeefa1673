// The certificate library's container needs this before it is loaded.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { Secret, SluiceError } from '@sluice/domain';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const rootYears = 10;
export const leafLifeMs = 24 * 3_600_000;
/** Leaves start this long ago, for clients whose clock is behind. In ms. */
const leafBackdateMs = 5 * 60_000;
const serialBytes = 16;
/** DNS names and IP addresses of one leaf. */
const maxServerNames = 32;

export interface CertificateAuthorityKeys {
  /** PEM. */
  readonly certificate: string;
  /** base64url PKCS #8 DER. */
  readonly privateKey: Secret;
}

export interface CertificateAuthority {
  /** The root as PEM, for `sslrootcert` and its like. */
  readonly root: string;
  /** A server certificate (PEM) for a gateway's own key, for one connection's names. */
  issueLeaf(request: LeafRequest, now: Date): Promise<{ readonly certificate: string; readonly notAfter: Date }>;
}

export interface LeafRequest {
  /** base64url SPKI DER. */
  readonly publicKey: string;
  readonly commonName: string;
  readonly serverNames: readonly string[];
}

/** Makes a new root (EC P-256, 10 years). It may sign leaves only. */
export async function createCertificateAuthority(now: Date): Promise<CertificateAuthorityKeys> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + rootYears);
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Sluice CA',
    notBefore: new Date(now.getTime() - leafBackdateMs),
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certificate: root.toString('pem'), privateKey: new Secret(der.toString('base64url')) };
}

export async function openCertificateAuthority(keys: CertificateAuthorityKeys): Promise<CertificateAuthority> {
  const root = new X509Certificate(keys.certificate);
  const pkcs8 = Buffer.from(keys.privateKey.reveal(), 'base64url');
  const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  return {
    root: keys.certificate,
    issueLeaf: async (request, now) => {
      const notAfter = new Date(now.getTime() + leafLifeMs);
      const publicKey = await readPublicKey(request.publicKey);
      const names = [...new Set(request.serverNames)].slice(0, maxServerNames);
      const certificate = await X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: [{ CN: [request.commonName.slice(0, 64)] }],
        issuer: root.subject,
        notBefore: new Date(now.getTime() - leafBackdateMs),
        notAfter,
        signingAlgorithm: algorithm,
        publicKey,
        signingKey,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          await AuthorityKeyIdentifierExtension.create(root.publicKey),
          await SubjectKeyIdentifierExtension.create(publicKey),
          new SubjectAlternativeNameExtension(
            names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
          ),
        ],
      });
      return { certificate: certificate.toString('pem'), notAfter };
    },
  };
}

async function readPublicKey(spki: string): Promise<webcrypto.CryptoKey> {
  try {
    const pem = PemConverter.encode(Buffer.from(spki, 'base64url'), 'PUBLIC KEY');
    return await new PublicKey(pem).export(algorithm, ['verify']);
  } catch (cause) {
    throw new SluiceError('bad-request', 'The public key is no EC P-256 key in SPKI form.', {
      audience: 'operator',
      cause,
    });
  }
}

/** RFC 5280, 4.1.2.2: positive and at most 20 octets. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(serialBytes));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
