import { X509Certificate } from 'node:crypto';
import {
  createChannel,
  createEventStream,
  findChannel,
  findEventStream,
  updateInstallationKeys,
} from '@sluice/database';
import { Secret } from '@sluice/domain';
import { atRestWith, channelSecretContext, newId, openBackup, sealBackup, streamSecretContext } from '@sluice/keys';
import { startTestDatabase, type TestDatabase } from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { finishKeyRotation, openInstallation } from './installation.ts';

const masterKey = new Secret('m'.repeat(43));
const nextMasterKey = new Secret('n'.repeat(43));
let at: TestDatabase;
beforeEach(async () => {
  at = await startTestDatabase();
});
afterEach(() => at.stop());

const open = (key = masterKey, old: Secret | null = null) => openInstallation(at.database, key, new Date(), old);

test('a signing key and a CA are published first and in force after the rotation is finished, once', async () => {
  const before = await open();
  const begin = (kind: 'signing' | 'ca') => at.database.transaction((tx) => before.beginRotation(tx, kind, new Date()));
  await begin('signing');
  await begin('ca');
  await expect(begin('ca')).rejects.toMatchObject({ code: 'conflict' });
  const during = await open();
  expect(during.signing.keyId).toBe(before.signing.keyId);
  expect(during.authority.root).toContain(before.authority.root.trimEnd());
  expect(during.authority.root.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  await at.database.transaction((tx) => finishKeyRotation(tx, 'signing'));
  await at.database.transaction((tx) => finishKeyRotation(tx, 'ca'));
  const after = await open();
  expect(after.signing.keyId).not.toBe(before.signing.keyId);
  expect(during.authority.root).toContain(after.authority.root.trimEnd());
  expect(new X509Certificate(after.authority.root).fingerprint256).not.toBe(
    new X509Certificate(before.authority.root).fingerprint256,
  );
  await expect(at.database.transaction((tx) => finishKeyRotation(tx, 'ca'))).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('the master key is changed while both are given; afterwards the new one opens everything and the old one nothing', async () => {
  const before = await open();
  await at.database.transaction((tx) => before.beginRotation(tx, 'signing', new Date()));
  await expect(open(nextMasterKey)).rejects.toMatchObject({ code: 'internal' });
  const [channelId, streamId] = [newId(), newId()];
  const old = atRestWith(masterKey);
  await at.database.transaction(async (tx) => {
    const channel = { kind: 'webhook', name: 'ops', settings: {}, enabled: true };
    const secretSealed = old.seal(new Secret('hook secret'), channelSecretContext(channelId));
    await createChannel(tx, channelId, { ...channel, secretSealed });
    const stream = { id: streamId, name: 'siem', settings: {}, audit: true, statements: false };
    await createEventStream(tx, {
      ...stream,
      secretSealed: old.seal(new Secret('bearer'), streamSecretContext(streamId)),
    });
  });
  const changed = await open(nextMasterKey, masterKey);
  const next = atRestWith(nextMasterKey);
  const channel = await findChannel(at.database.db, { id: channelId });
  expect(next.open(channel?.secretSealed ?? '', channelSecretContext(channelId)).reveal()).toBe('hook secret');
  const stream = await findEventStream(at.database.db, streamId);
  expect(next.open(stream?.secretSealed ?? '', streamSecretContext(streamId)).reveal()).toBe('bearer');
  expect(changed.signing.keyId).toBe(before.signing.keyId);
  // A node that starts later with both files, or with the new one alone.
  expect((await open(nextMasterKey, masterKey)).signing.keyId).toBe(before.signing.keyId);
  expect((await open(nextMasterKey)).signing.keyId).toBe(before.signing.keyId);
  await expect(open(masterKey)).rejects.toMatchObject({ code: 'internal' });
  await at.database.transaction((tx) => finishKeyRotation(tx, 'signing'));
  expect((await open(nextMasterKey)).signing.keyId).not.toBe(before.signing.keyId);
});

test('the SSH authority is made once, is published beside its next one, and changes without a restart', async () => {
  const nodes = await Promise.all([open(), open()]);
  const { db } = at.database;
  const [one, other] = await Promise.all(nodes.map(({ sshAuthority }) => sshAuthority(db)));
  expect(one?.keys.publicKey).toBe(other?.keys.publicKey);
  expect(one?.trusted).toEqual([one?.keys.publicKey]);
  const rotate = () => at.database.transaction((tx) => nodes[0]!.beginRotation(tx, 'ssh-ca', new Date()));
  await rotate();
  await expect(rotate()).rejects.toMatchObject({ code: 'conflict' });
  const during = await nodes[1]!.sshAuthority(db);
  expect(during.keys.publicKey).toBe(one?.keys.publicKey);
  expect(during.trusted).toHaveLength(2);
  // A change of the master key takes both along.
  const changed = await open(nextMasterKey, masterKey);
  expect((await changed.sshAuthority(db)).trusted).toEqual(during.trusted);
  await at.database.transaction((tx) => finishKeyRotation(tx, 'ssh-ca'));
  expect((await changed.sshAuthority(db)).trusted).toEqual([during.trusted[1]]);
  await expect(at.database.transaction((tx) => finishKeyRotation(tx, 'ssh-ca'))).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('an installation of before the SSH authority gets one at its next start, by its own master key only', async () => {
  await open();
  const { db } = at.database;
  await at.database.transaction((tx) => updateInstallationKeys(tx, { sshCaPublicKey: null, sshCaKeySealed: null }));
  await expect(open(nextMasterKey)).rejects.toMatchObject({ code: 'internal' });
  const { sshAuthority } = await open();
  expect((await sshAuthority(db)).trusted).toHaveLength(1);
});

test('a master key from a back-up opens the installation again', async () => {
  const before = await open();
  const passphrase = new Secret('correct horse battery staple');
  const file = Buffer.from(masterKey.reveal()).toString('base64url');
  const restored = openBackup(sealBackup({ 'master.key': file }, passphrase), passphrase)['master.key'] ?? '';
  const again = await open(new Secret(Buffer.from(restored, 'base64url').toString()));
  expect(again.signing.keyId).toBe(before.signing.keyId);
});
