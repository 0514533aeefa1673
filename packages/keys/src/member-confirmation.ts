/**
 * How somebody vouches for a gateway's keys before another gateway of its group gives it credentials. The other gateway prints a code;
 * whoever compared the new one's fingerprint types it where they confirm, and only the code's HMAC over the keys is sent. The control
 * plane carries that HMAC and cannot make one. Runs in browsers; no `node:` import may appear here.
 */
import { SluiceError } from '@sluice/domain';

/** Crockford's base 32 without letters that look alike; 32 characters are 160 bits. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const codeCharacters = 32;
const groupCharacters = 4;
const label = 'sluice-member-v1';

export interface MemberKeys {
  readonly groupId: string;
  readonly gatewayId: string;
  /** base64url raw public keys. */
  readonly signingKey: string;
  readonly sealingKey: string;
}

/** A new code, for a person to type: 160 random bits as eight groups of four characters. */
export function newConfirmationCode(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(codeCharacters));
  // 256 is a multiple of 32: every character is equally likely.
  const text = Array.from(bytes, (byte) => alphabet.charAt(byte % alphabet.length)).join('');
  return (text.match(new RegExp(`.{${groupCharacters}}`, 'g')) ?? []).join('-');
}

/** base64url HMAC-SHA-256, keyed by the code, over the group, the gateway and both its keys. Throws SluiceError `bad-request` for what is no code. */
export async function confirmMemberKeys(code: string, member: MemberKeys): Promise<string> {
  const plain = code.toLowerCase().replace(/[\s-]+/g, '');
  if (plain.length !== codeCharacters || [...plain].some((character) => !alphabet.includes(character)))
    throw new SluiceError('bad-request', 'This is no confirmation code: it has eight groups of four characters.', {
      audience: 'person',
      hint: 'Print one with `sluice-gateway confirmation-code` on a gateway that is in the group already.',
    });
  const text = new TextEncoder();
  const { subtle } = globalThis.crypto;
  const key = await subtle.importKey('raw', text.encode(plain), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const fields = [label, member.groupId, member.gatewayId, member.signingKey, member.sealingKey];
  const bytes = new Uint8Array(await subtle.sign('HMAC', key, text.encode(fields.join('\0'))));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
