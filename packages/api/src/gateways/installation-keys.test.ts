import { noteGatewayState, readInstallation } from '@sluice/database';
import { type Bundle, capabilities } from '@sluice/domain';
import { openInstallation } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildBundle } from '../gateway/build-bundle.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

async function bundle(signing = world.services.signing): Promise<Bundle> {
  const signed = await buildBundle({ ...world.services, signing }, world.gateway, 0, new Date());
  return JSON.parse(Buffer.from(signed?.payload ?? '', 'base64url').toString()) as Bundle;
}

/** The signing key of a node that is started now. */
async function signingOfNextStart() {
  return (await openInstallation(world.test.database, world.masterKey, new Date())).signing;
}

/** What a gateway reports once it has taken a bundle. */
async function pinned(bundleVersion: number): Promise<void> {
  const zeros = { policyVersion: 1, openSessions: 0, spoolChunks: 0, spoolBytes: 0, cpuPercent: 0, memoryBytes: 0 };
  const said = { startId: newId(), version: '1', hostname: 'edge', capabilities: [...capabilities], listeners: [] };
  const state = { ...zeros, ...said, bundleVersion, clock: new Date().toISOString() };
  await noteGatewayState(world.test.database.db, world.gateway.id, state, new Date());
}

test('a rotation of the signing key waits for every gateway, names who is behind, and bundles’ versions go on', async () => {
  const admin = world.as('admin');
  expect((await bundle()).nextKey).toBeUndefined();
  await admin.keys.rotateKey({ kind: 'signing' });
  const handing = await bundle();
  expect(handing.capabilities).toContain('handover-1');
  const [signing] = await admin.keys.listKeys();
  expect(signing).toMatchObject({ kind: 'signing', next: expect.stringContaining('SHA256:'), waitingFor: ['edge'] });
  await expect(admin.keys.finishRotation({ kind: 'signing' })).rejects.toMatchObject({
    message: expect.stringContaining('edge'),
  });
  await pinned(handing.version);
  await admin.keys.finishRotation({ kind: 'signing' });
  const after = await bundle();
  expect(after.version).toBeGreaterThan(handing.version);
  // A node that signs with the old key until it is started again names the one in force; then there is nothing to name.
  const inForce = await readInstallation(world.test.database.db);
  expect(after.nextKey).toEqual({ keyId: inForce?.signingKeyId, publicKey: inForce?.signingPublicKey });
  expect((await bundle(await signingOfNextStart())).nextKey).toBeUndefined();
  // The gateway that has this bundle by the old key gets it again by the new one, and from no other node and no second time.
  const again = async (signing: typeof world.services.signing, signedBy: string | null, have = after.version) =>
    (await buildBundle({ ...world.services, signing }, world.gateway, have, new Date(), signedBy))?.keyId ?? null;
  const [former, now] = [world.services.signing, await signingOfNextStart()];
  expect(await again(now, former.keyId)).toBe(now.keyId);
  expect(await again(now, former.keyId, after.version + 1)).toBeNull();
  expect(await again(now, now.keyId)).toBeNull();
  expect(await again(now, null)).toBeNull();
  expect(await again(former, former.keyId)).toBeNull();
  expect(await again(former, now.keyId)).toBeNull();
  expect(await admin.keys.listKeys()).toMatchObject([
    { fingerprint: signing?.next, next: null, waitingFor: [] },
    { kind: 'ca' },
    { kind: 'ssh-ca' },
    { kind: 'master' },
    { kind: 'cookie' },
  ]);
});

test('each key says since when it is in use, and those outside of the database by a mark', async () => {
  for (const key of await world.as('auditor').keys.listKeys()) {
    expect(key.since, key.kind).toBeInstanceOf(Date);
    expect(key.fingerprint, key.kind).toMatch(/^(SHA256:|[\w-]{16}$)/);
    expect(key.oldTaken).toBe(false);
  }
});
