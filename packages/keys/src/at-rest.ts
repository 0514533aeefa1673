import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Secret, SluiceError } from '@sluice/domain';
import { decodeBase64url, keyedDigest } from './digest.ts';

const formatPrefix = 'sluice-at-rest-1.';
/** AES-256-GCM with 96-bit random nonces (NIST SP 800-38D, 8.2.2): far below 2^32 messages a key, this seals a handful of keys. */
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;
const minMasterKeyLength = 32;
/** Base64url characters of a mark: 96 bits. */
const markLength = 16;

/**
 * Seals one of the control plane's own secrets for a row in Postgres. `masterKey` is the text of the installation's key (at least 32
 * characters); `context` names table, row and purpose and must be the same when opening, so that rows cannot be swapped.
 */
export function sealAtRest(masterKey: Secret, plaintext: Secret, context: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', derivedKey(masterKey), nonce).setAAD(Buffer.from(context, 'utf8'));
  const ciphertext = Buffer.concat([cipher.update(plaintext.reveal(), 'utf8'), cipher.final()]);
  return formatPrefix + Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64url');
}

/** Seals what the control plane has to be able to open again; `context` binds it to its place. */
export interface AtRest {
  readonly seal: (plaintext: Secret, context: string) => string;
  /** Throws SluiceError `internal` when key, context or bytes are not those it was sealed with. */
  readonly open: (sealed: string, context: string) => Secret;
}

export function atRestWith(masterKey: Secret): AtRest {
  return {
    seal: (plaintext, context) => sealAtRest(masterKey, plaintext, context),
    open: (sealed, context) => openAtRest(masterKey, sealed, context),
  };
}

/** Binds a notification channel's secrets to their row, so that rows cannot be swapped. */
export function channelSecretContext(channelId: string): string {
  return `NotificationChannel.secret ${channelId}`;
}

/** Binds an event stream's secret to its row. */
export function streamSecretContext(streamId: string): string {
  return `EventStream:${streamId}:secret`;
}

/** A key for one row that lives for seconds: whoever may open the row carries it, and it stands in no database. */
export function makeRowKey(): Secret {
  return new Secret(randomBytes(keyBytes).toString('base64url'));
}

/** Opens what `sealAtRest` made. Throws SluiceError `internal` when key, context or bytes are not those it was sealed with. */
export function openAtRest(masterKey: Secret, sealed: string, context: string): Secret {
  const bytes = sealed.startsWith(formatPrefix) ? decodeBase64url(sealed.slice(formatPrefix.length)) : null;
  try {
    if (bytes === null || bytes.length < nonceBytes + tagBytes) throw new Error('not a sealed value');
    const decipher = createDecipheriv('aes-256-gcm', derivedKey(masterKey), bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(Buffer.from(context, 'utf8'))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    const plaintext = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
    return new Secret(plaintext.toString('utf8'));
  } catch (cause) {
    throw new SluiceError('internal', `The sealed value "${context}" does not open with this master key.`, {
      audience: 'operator',
      hint: 'Start the control plane with the master key that this database was set up with.',
      cause,
    });
  }
}

/**
 * What tells one key from another without saying anything about it: 16 base64url characters that only the master key's holder can
 * compute, so that a secret which somebody made up cannot be guessed from it.
 */
export function keyMark(masterKey: Secret, key: Secret): string {
  return keyedDigest(derivedKey(masterKey, 'sluice-key-mark-v1'), key.reveal()).slice(0, markLength);
}

function derivedKey(masterKey: Secret, purpose = 'sluice-at-rest-v1'): Buffer {
  const text = masterKey.reveal();
  if (text.length < minMasterKeyLength)
    throw new Error(`the master key has fewer than ${minMasterKeyLength} characters`);
  return Buffer.from(hkdfSync('sha256', text, '', purpose, keyBytes));
}
