import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { Secret } from '@sluice/domain';
import { expect, test } from 'vitest';
import { contentDigest, signRequest, type VerifyRequest, verifyRequest } from './request-signature.ts';
import { signingKeysOf } from './signing.ts';

// RFC 9421, B.1.4: test-key-ed25519, published for tests.
const rfcPrivateKey = 'MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF';
const rfcPublicKey = 'MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=';
const keys = signingKeysOf(new Secret(Buffer.from(rfcPrivateKey, 'base64').toString('base64url')));

const created = 1_618_884_473;
const now = created * 1000;
const nonce = 'b3k2pp5k7z-50gnwp_3a';
const url = 'https://sluice.example/api/gateway/chunks?session=s&index=3';
const body = Buffer.from('{"hello": "world"}');
const signed = signRequest({ method: 'POST', url, body, keyId: 'gateway-1', privateKey: keys.privateKey, now, nonce });

function verifying(change: Partial<VerifyRequest> = {}): Promise<{ keyId: string; nonce: string }> {
  return verifyRequest({
    method: 'POST',
    url,
    headers: { ...signed },
    body,
    publicKeyOf: (keyId) => (keyId === 'gateway-1' ? keys.publicKey : null),
    now,
    seenNonce: () => false,
    ...change,
  });
}

test('the key is the one that the RFC prints, and its own example (B.2.6) verifies with it', () => {
  const publicKey = createPublicKey({ key: Buffer.from(rfcPublicKey, 'base64'), type: 'spki', format: 'der' });
  expect(publicKey.export({ format: 'jwk' }).x).toBe(keys.publicKey);
  const base = [
    '"date": Tue, 20 Apr 2021 02:07:55 GMT',
    '"@method": POST',
    '"@path": /foo',
    '"@authority": example.com',
    '"content-type": application/json',
    '"content-length": 18',
    '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
  ].join('\n');
  const signature = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==';
  expect(verify(null, Buffer.from(base), publicKey, Buffer.from(signature, 'base64'))).toBe(true);
});

test('a request’s signature is Ed25519 over the base written out by hand by RFC 9421, 2.5', () => {
  // RFC 9530, appendix: the sha-256 digest of {"hello": "world"}.
  expect(signed['content-digest']).toBe('sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:');
  const parameters = `("@method" "@target-uri" "content-digest");created=1618884473;nonce="b3k2pp5k7z-50gnwp_3a";keyid="gateway-1";alg="ed25519"`;
  expect(signed['signature-input']).toBe(`sluice=${parameters}`);
  const base = [
    '"@method": POST',
    '"@target-uri": https://sluice.example/api/gateway/chunks?session=s&index=3',
    '"content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
    `"@signature-params": ${parameters}`,
  ].join('\n');
  const key = createPublicKey(
    createPrivateKey({ key: Buffer.from(rfcPrivateKey, 'base64'), type: 'pkcs8', format: 'der' }),
  );
  const [, signature] = /^sluice=:(.*):$/.exec(signed.signature) ?? [];
  expect(verify(null, Buffer.from(base), key, Buffer.from(signature ?? '', 'base64'))).toBe(true);
});

test('a signed request verifies and names its key and nonce', async () => {
  expect(await verifying()).toEqual({ keyId: 'gateway-1', nonce });
  expect(await verifying({ now: now + 60_000 })).toEqual({ keyId: 'gateway-1', nonce });
});

test('a body-less request is covered by the digest of nothing', async () => {
  const headers = {
    ...signRequest({ method: 'GET', url, body: null, keyId: 'gateway-1', privateKey: keys.privateKey, now, nonce }),
  };
  expect(headers['content-digest']).toBe(contentDigest(Buffer.alloc(0)));
  expect(await verifying({ method: 'GET', headers, body: null })).toEqual({ keyId: 'gateway-1', nonce });
  await expect(verifying({ method: 'GET', headers, body: Buffer.from('x') })).rejects.toThrow(/body/);
});

const input = signed['signature-input'];
const refusals: Record<string, Partial<VerifyRequest>> = {
  'another method': { method: 'PUT' },
  'another path': { url: `${url}4` },
  'another host': { url: url.replace('sluice', 'other') },
  'another body': { body: Buffer.from('{}') },
  'no body': { body: null },
  'too old': { now: now + 61_001 },
  'from the future': { now: now - 61_001 },
  'an unknown key': { publicKeyOf: () => null },
  'another key': { publicKeyOf: () => 'A'.repeat(43) },
  'a used nonce': { seenNonce: () => true },
  'no headers': { headers: {} },
  'a changed nonce': { headers: { ...signed, 'signature-input': input.replace('b3k2', 'b3k3') } },
  'a changed time': { headers: { ...signed, 'signature-input': input.replace('1618884473', '1618884474') } },
  'fewer components': { headers: { ...signed, 'signature-input': input.replace(' "content-digest"', '') } },
  'another label': { headers: { ...signed, 'signature-input': input.replace('sluice=', 'sig1=') } },
  'another algorithm': { headers: { ...signed, 'signature-input': input.replace('ed25519', 'hmac-sha256') } },
  'an extra parameter': { headers: { ...signed, 'signature-input': `${input};tag="x"` } },
  'two signatures': { headers: { ...signed, 'signature-input': `${input}, ${input}` } },
  'a repeated header': { headers: { ...signed, signature: [signed.signature, signed.signature] } },
  'a longer digest header': { headers: { ...signed, 'content-digest': `${signed['content-digest']}, sha-512=:AAAA:` } },
};
for (const [name, change] of Object.entries(refusals)) {
  test(`refused: ${name}`, async () => {
    await expect(verifying(change)).rejects.toEqual(expect.objectContaining({ code: 'unauthenticated' }));
  });
}

test('a nonce is remembered only for a good signature, and until its window is over', async () => {
  const asked: unknown[] = [];
  const seenNonce = (...args: [string, string, number]) => {
    asked.push(args);
    return false;
  };
  await expect(verifying({ seenNonce, method: 'PUT' })).rejects.toThrow();
  expect(asked).toEqual([]);
  await verifying({ seenNonce });
  expect(asked).toEqual([['gateway-1', nonce, now + 61_000]]);
});
