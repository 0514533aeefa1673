/**
 * Key files in one file that a passphrase opens: scrypt (RFC 7914) makes the key, AES-256-GCM (NIST SP 800-38D) seals. A line of JSON
 * says how, and is authenticated with the rest; base64url of the sealed bytes follows.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { type Secret, SluiceError } from '@sluice/domain';
import { decodeBase64url } from './digest.ts';

const format = 'sluice-backup-1';
/** 128 MiB and about a second: a back-up is opened seldom, and tried by others offline. OWASP's strongest row is N=2^17, r=8, p=1. */
const cost = { logN: 17, r: 8, p: 1 } as const;
const maxMemoryBytes = 256 * 1_048_576;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;
/** UTF-16 code units; shorter ones are guessed offline. */
export const minPassphraseLength = 12;
/** Bytes of all files together, as text. */
const maxPlaintextBytes = 16 * 1_048_576;

/** Path within the back-up → the file's bytes in base64url. */
export type BackupFiles = Readonly<Record<string, string>>;

/** Seals files. Throws SluiceError `bad-request` for a short passphrase and `too-large`. */
export function sealBackup(files: BackupFiles, passphrase: Secret): string {
  if (passphrase.reveal().length < minPassphraseLength)
    throw fault('bad-request', `A passphrase of a back-up has at least ${minPassphraseLength} characters.`);
  const plaintext = Buffer.from(JSON.stringify(files), 'utf8');
  if (plaintext.length > maxPlaintextBytes)
    throw fault('too-large', 'These files are too large for a back-up of keys.');
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const head = JSON.stringify({
    format,
    ...cost,
    salt: salt.toString('base64url'),
    nonce: nonce.toString('base64url'),
  });
  const cipher = createCipheriv('aes-256-gcm', derive(passphrase, salt), nonce).setAAD(Buffer.from(head, 'utf8'));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return `${head}\n${Buffer.concat([cipher.getAuthTag(), sealed]).toString('base64url')}\n`;
}

/** Opens what `sealBackup` made. Throws SluiceError `bad-request` for another passphrase and for every changed byte. */
export function openBackup(text: string, passphrase: Secret): BackupFiles {
  try {
    const [head = '', body = '', ...more] = text.trimEnd().split('\n');
    const said = JSON.parse(head) as Record<string, unknown>;
    const salt = decodeBase64url(String(said.salt), saltBytes);
    const nonce = decodeBase64url(String(said.nonce), nonceBytes);
    const bytes = decodeBase64url(body);
    // One cost only: a file must not choose how much memory opening it takes.
    const known = said.format === format && said.logN === cost.logN && said.r === cost.r && said.p === cost.p;
    if (!known || more.length > 0 || salt === null || nonce === null || bytes === null || bytes.length < tagBytes)
      throw new Error('not a back-up');
    const decipher = createDecipheriv('aes-256-gcm', derive(passphrase, salt), nonce, { authTagLength: tagBytes })
      .setAAD(Buffer.from(head, 'utf8'))
      .setAuthTag(bytes.subarray(0, tagBytes));
    const plaintext = Buffer.concat([decipher.update(bytes.subarray(tagBytes)), decipher.final()]);
    return JSON.parse(plaintext.toString('utf8')) as BackupFiles;
  } catch (cause) {
    throw fault(
      'bad-request',
      'The back-up does not open: the passphrase is another one, or the file was changed.',
      cause,
    );
  }
}

function derive(passphrase: Secret, salt: Buffer): Buffer {
  const { logN, r, p } = cost;
  return scryptSync(passphrase.reveal().normalize('NFC'), salt, keyBytes, {
    N: 2 ** logN,
    r,
    p,
    maxmem: maxMemoryBytes,
  });
}

function fault(code: 'bad-request' | 'too-large', message: string, cause?: unknown): SluiceError {
  return new SluiceError(code, message, { audience: 'person', cause });
}
