import { readFileSync } from 'node:fs';
import type { TargetAddress } from '@sluice/domain';
import { expect, test } from 'vitest';
import { generateSealingKeys, openCredential, sealCredential, sealingKeyFingerprint } from './sealing.ts';
import { fingerprint } from './signing.ts';

const address: TargetAddress = {
  protocol: 'toy',
  host: 'db.example',
  port: 5432,
  tls: { mode: 'verify-full', ca: null },
};
const credential = { username: 'reader', password: 'pä$$' };

test('a credential opens for its gateway, connection and address', async () => {
  const keys = await generateSealingKeys();
  const envelope = await sealCredential({ recipientKey: keys.publicKey, address, connectionId: 'c1', credential });
  expect(JSON.stringify(envelope)).not.toContain('reader');
  expect(await openCredential(keys.privateKey, address, 'c1', envelope)).toEqual(credential);
});

test('no other address, connection, gateway or envelope opens', async () => {
  const keys = await generateSealingKeys();
  const envelope = await sealCredential({ recipientKey: keys.publicKey, address, connectionId: 'c1', credential });
  const others: TargetAddress[] = [
    { ...address, protocol: 'toy2' },
    { ...address, host: 'db.example.org' },
    { ...address, port: 5433 },
    { ...address, tls: { mode: 'require', ca: null } },
    { ...address, tls: { mode: 'verify-full', ca: '' } },
    { ...address, tls: { mode: 'verify-full', ca: 'PEM' } },
    // The same characters split otherwise.
    { ...address, protocol: 'to', host: 'ydb.example' },
  ];
  const refused = expect.objectContaining({ code: 'credential-address' });
  for (const other of others)
    await expect(openCredential(keys.privateKey, other, 'c1', envelope)).rejects.toEqual(refused);
  await expect(openCredential(keys.privateKey, address, 'c2', envelope)).rejects.toEqual(refused);
  await expect(openCredential((await generateSealingKeys()).privateKey, address, 'c1', envelope)).rejects.toEqual(
    refused,
  );
  for (const damaged of [
    { ...envelope, ciphertext: '' },
    { ...envelope, ciphertext: 'not base64!' },
    { ...envelope, encapsulated: envelope.recipient },
    { ...envelope, encapsulated: 'AAAA' },
  ]) {
    await expect(openCredential(keys.privateKey, address, 'c1', damaged)).rejects.toEqual(refused);
  }
});

test('a reader’s envelope does not open as a writer’s, nor the other way round', async () => {
  const keys = await generateSealingKeys();
  const request = { recipientKey: keys.publicKey, address, connectionId: 'c1', credential };
  const reader = await sealCredential({ ...request, purpose: 'reader' });
  const writer = await sealCredential({ ...request, purpose: 'writer' });
  const open = (envelope: typeof reader, purpose: 'reader' | 'writer') =>
    openCredential(keys.privateKey, address, 'c1', envelope, purpose);
  const refused = expect.objectContaining({ code: 'credential-address' });
  expect(await open(reader, 'reader')).toEqual(credential);
  expect(await open(writer, 'writer')).toEqual(credential);
  await expect(open(reader, 'writer')).rejects.toEqual(refused);
  await expect(open(writer, 'reader')).rejects.toEqual(refused);
});

test('a CA of the longest size binds too', async () => {
  const keys = await generateSealingKeys();
  const long: TargetAddress = { ...address, tls: { mode: 'verify-full', ca: 'x'.repeat(65_536) } };
  const envelope = await sealCredential({
    recipientKey: keys.publicKey,
    address: long,
    connectionId: 'c1',
    credential,
  });
  expect(await openCredential(keys.privateKey, long, 'c1', envelope)).toEqual(credential);
});

test('a key that is none is refused before sealing', async () => {
  await expect(sealCredential({ recipientKey: 'AAAA', address, connectionId: 'c', credential })).rejects.toEqual(
    expect.objectContaining({ code: 'bad-request' }),
  );
});

test('the page shows the fingerprint that the gateway printed', async () => {
  const keys = await generateSealingKeys();
  expect(await sealingKeyFingerprint(keys.publicKey)).toBe(fingerprint(keys.publicKey));
});

test('the browser entry imports nothing of Node', () => {
  expect(readFileSync(new URL('./sealing.ts', import.meta.url), 'utf8')).not.toMatch(
    /from 'node:|\bBuffer\b|require\(/,
  );
});
