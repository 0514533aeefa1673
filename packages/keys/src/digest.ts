import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@sluice/domain';

/** SHA-256 (FIPS 180-4) of bytes, or of a text's UTF-8, as base64url without padding (43 characters). */
export function sha256(input: string | Uint8Array): string {
  return createHash('sha256').update(input).digest('base64url');
}

/** HMAC-SHA-256 (RFC 2104) of a text's UTF-8 as base64url (43 characters): equal texts give equal digests to the key's holder only. */
export function keyedDigest(key: Secret | Uint8Array, text: string): string {
  const bytes = key instanceof Uint8Array ? key : Buffer.from(key.reveal(), 'utf8');
  return createHmac('sha256', bytes).update(text, 'utf8').digest('base64url');
}

/** True when two texts are equal. Takes the same time wherever they differ, and does not show where their lengths part. */
export function equalConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

/**
 * Bytes of a base64url text without padding, or null unless it is exactly the text that those bytes encode to. Node's decoder skips
 * foreign characters and spare bits, so two texts could stand for one signature; a record that says `changed` must not allow that.
 */
export function decodeBase64url(text: string, length?: number): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  if (length !== undefined && bytes.length !== length) return null;
  return bytes.toString('base64url') === text ? bytes : null;
}
