/** A certificate authority for tests: signs the keys that the gateway's leaves ask for. */
// The certificate library's container needs this before it is loaded.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  PemConverter,
  PublicKey,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const lifeMs = 24 * 3_600_000;

export class TestAuthority {
  readonly root: string;
  readonly #certificate: X509Certificate;
  readonly #signingKey: webcrypto.CryptoKey;

  private constructor(certificate: X509Certificate, signingKey: webcrypto.CryptoKey) {
    this.root = certificate.toString('pem');
    this.#certificate = certificate;
    this.#signingKey = signingKey;
  }

  static async create(): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=Test CA',
      notBefore: new Date(Date.now() - lifeMs),
      notAfter: new Date(Date.now() + lifeMs),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new BasicConstraintsExtension(true, 0, true)],
    });
    return new TestAuthority(certificate, keys.privateKey);
  }

  /** The control plane's answer to a leaf request for this key (base64url SPKI). */
  async leaf(spki: string, name: string): Promise<{ readonly certificate: string; readonly notAfter: string }> {
    const pem = PemConverter.encode(Buffer.from(spki, 'base64url'), 'PUBLIC KEY');
    const notAfter = new Date(Date.now() + lifeMs);
    const certificate = await X509CertificateGenerator.create({
      serialNumber: '02',
      subject: `CN=${name}`,
      issuer: this.#certificate.subject,
      notBefore: new Date(Date.now() - lifeMs),
      notAfter,
      signingAlgorithm: algorithm,
      publicKey: await new PublicKey(pem).export(algorithm, ['verify']),
      signingKey: this.#signingKey,
      extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
    });
    return { certificate: certificate.toString('pem'), notAfter: notAfter.toISOString() };
  }
}
