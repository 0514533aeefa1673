import { ticketSchema } from '@sluice/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64url, equalConstantTime, keyedDigest, sha256 } from './digest.ts';
import {
  bundleContext,
  fingerprint,
  generateSigningKeys,
  openSigned,
  signBytes,
  signingKeysOf,
  signJson,
  ticketContext,
  verifyBytes,
} from './signing.ts';

const keys = generateSigningKeys();

test('a signature is good for its key, context and bytes only', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (bytes, at) => {
      const signature = signBytes(keys.privateKey, bundleContext, bytes);
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ 1;
      return (
        verifyBytes(keys.publicKey, bundleContext, bytes, signature) &&
        !verifyBytes(keys.publicKey, ticketContext, bytes, signature) &&
        !verifyBytes(keys.publicKey, bundleContext, changed, signature)
      );
    }),
    { numRuns: 50 },
  );
  expect(
    verifyBytes(
      generateSigningKeys().publicKey,
      bundleContext,
      Buffer.from('x'),
      signBytes(keys.privateKey, bundleContext, Buffer.from('x')),
    ),
  ).toBe(false);
});

test('malformed keys and signatures are false, not errors; a signature has one spelling', () => {
  const bytes = Buffer.from('x');
  const signature = signBytes(keys.privateKey, bundleContext, bytes);
  expect(verifyBytes('', bundleContext, bytes, signature)).toBe(false);
  expect(verifyBytes('AAAA', bundleContext, bytes, signature)).toBe(false);
  for (const spelled of ['', `${signature}=`, ` ${signature}`, signature.slice(1)]) {
    expect(verifyBytes(keys.publicKey, bundleContext, bytes, spelled)).toBe(false);
  }
  const spareBits = signature.slice(0, -1) + String.fromCharCode(signature.charCodeAt(85) + 1);
  expect(Buffer.from(spareBits, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
  expect(verifyBytes(keys.publicKey, bundleContext, bytes, spareBits)).toBe(false);
});

test('stored private keys give the same public key and id', () => {
  expect(signingKeysOf(keys.privateKey)).toEqual(keys);
  expect(keys.keyId).toHaveLength(16);
  expect(fingerprint(keys.publicKey)).toMatch(/^SHA256:([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
  expect(JSON.stringify(keys)).toContain('<secret>');
});

test('signed JSON opens with the pinned key and the right context', () => {
  const ticket = {
    id: 't',
    gatewayId: 'g',
    gatewayStartId: 's',
    connectionId: 'c',
    actor: { name: 'coding-agent' },
    expiresAt: '2026-11-23T08:00:00Z',
    sessionExpiresAt: null,
    accessUntil: null,
    grants: [],
    epoch: 1,
    credential: { by: 'api-token', id: 'token' },
    secretHash: sha256('x'),
  };
  const signed = signJson(keys, ticketContext, ticket);
  const publicKeyOf = (keyId: string) => (keyId === keys.keyId ? keys.publicKey : null);
  expect(openSigned({ signed, context: ticketContext, schema: ticketSchema, publicKeyOf })).toEqual(ticket);

  const failing = [
    { signed, context: bundleContext, schema: ticketSchema, publicKeyOf },
    { signed: { ...signed, keyId: 'other' }, context: ticketContext, schema: ticketSchema, publicKeyOf },
    { signed: { ...signed, payload: `${signed.payload}A` }, context: ticketContext, schema: ticketSchema, publicKeyOf },
  ] as const;
  for (const request of failing)
    expect(() => openSigned(request)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  const otherShape = signJson(keys, ticketContext, { ...ticket, extra: 1 });
  expect(() => openSigned({ signed: otherShape, context: ticketContext, schema: ticketSchema, publicKeyOf })).toThrow(
    expect.objectContaining({ code: 'bad-request' }),
  );
});

test('digests: known answers of FIPS 180-4 and RFC 4231', () => {
  expect(Buffer.from(sha256('abc'), 'base64url').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(
    Buffer.from(keyedDigest(Buffer.from('Jefe'), 'what do ya want for nothing?'), 'base64url').toString('hex'),
  ).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  expect(equalConstantTime('a', 'a')).toBe(true);
  expect(equalConstantTime('a', 'ab')).toBe(false);
  expect(decodeBase64url('YQ')?.toString()).toBe('a');
  expect(decodeBase64url('YR')).toBeNull();
  expect(decodeBase64url('Y Q')).toBeNull();
});
