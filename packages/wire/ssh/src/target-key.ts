/** The stored credential as what is shown to the target: a password, a private key, or a private key with its certificate. */
import { createPrivateKey } from 'node:crypto';
import { SluiceError, type TargetCredential } from '@sluice/domain';
import type { ConnectConfig, ParsedKey, PublicKeyAuthMethod } from 'ssh2';
import { readCertificate } from './messages/certificate.ts';
import { Cursor } from './messages/cursor.ts';
import { opensshKey } from './openssh-key.ts';
import { presentWith, utils } from './ssh2-library.ts';

const privateKeyMark = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const certificateLine = /([a-z0-9-]+-cert-v01@openssh\.com)\s+([A-Za-z0-9+/]+={0,2})/;
const userCertificate = 1;

/**
 * A private key stands in the place of the password, with its certificate (`-cert.pub`) before or behind it where it has one; a key with a
 * passphrase cannot be used, as nobody is there to type it. Throws SluiceError `target-auth`.
 */
export function authentication(
  { username, password }: TargetCredential,
  now: number,
): Pick<ConnectConfig, 'username' | 'password' | 'privateKey' | 'tryKeyboard' | 'authHandler'> {
  if (!privateKeyMark.test(password)) return { username, password, tryKeyboard: true };
  const privateKey = inKnownForm(withLines(password));
  const key = utils.parseKey(privateKey);
  if (key instanceof Error)
    throw unusable(
      'the credential’s private key cannot be read',
      'Store an unencrypted key in OpenSSH or PEM format, e.g. of ssh-keygen -t ed25519 -N "".',
    );
  const certificate = certificateIn(password);
  if (certificate === null) return { username, privateKey };
  demandFitting(certificate, key, now);
  presentWith(key, certificate);
  const method: PublicKeyAuthMethod = { type: 'publickey', username, key };
  return { username, authHandler: [method] };
}

/** The bytes of the certificate beside the key; null: there is none. */
function certificateIn(text: string): Buffer | null {
  const beside = text.replace(/-----BEGIN [\s\S]*?-----END [A-Z ]+-----/, '\n');
  const [, kind, encoded] = certificateLine.exec(beside) ?? [];
  if (kind === undefined || encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  if (new Cursor(bytes).text() !== kind)
    throw unusable('the credential’s certificate is damaged', 'Paste the whole line of the -cert.pub file.');
  return bytes;
}

/** The host would only say no; of the usual kind of certificate it can be said why. */
function demandFitting(bytes: Buffer, key: ParsedKey, now: number): void {
  const certificate = readCertificate(bytes);
  if (certificate === null) return;
  const again = 'Store the key with its present certificate: sluice connections rotate NAME.';
  if (certificate.kind !== userCertificate)
    throw unusable('the credential’s certificate is one of a host, not of a user', again);
  if (!certificate.publicKey.equals(key.getPublicSSH()))
    throw unusable('the credential’s certificate is of another key', again);
  if (BigInt(Math.floor(now / 1_000)) >= certificate.validBefore)
    throw unusable('the credential’s certificate has expired', again);
}

/** A form's one-line field turns line ends into nothing or blanks: they are put back. */
function withLines(text: string): string {
  const [whole = text] = /-----BEGIN [\s\S]*?-----END [A-Z ]+-----/.exec(text) ?? [];
  const parts = /^\s*(-----BEGIN [A-Z ]+-----)([\s\S]*?)(-----END [A-Z ]+-----)\s*$/.exec(whole);
  const [, begin, body, end] = parts ?? [];
  if (begin === undefined || body === undefined || end === undefined || body.includes(':')) return `${whole}\n`;
  const lines = body.replaceAll(/\s+/g, '').match(/.{1,64}/g) ?? [];
  return [begin, ...lines, end, ''].join('\n');
}

/** The library reads OpenSSH's form, PKCS #1 and SEC 1, but no PKCS #8, which OpenSSL and many vaults write. */
function inKnownForm(pem: string): string {
  if (!pem.startsWith('-----BEGIN PRIVATE KEY-----')) return pem;
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
    if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString();
    return opensshKey(pem);
  } catch {
    return pem;
  }
}

function unusable(message: string, hint: string): SluiceError {
  return new SluiceError('target-auth', message, { hint });
}
