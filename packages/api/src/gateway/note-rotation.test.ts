import { readCounters } from '@sluice/database';
import type { SealedEnvelope } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { sealCredential } from '@sluice/keys/sealing';
import { connectionInput, makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteRotation } from './note-rotation.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

test('a rotation is pending first, then in force, once, audited, and without a new revision', async () => {
  const admin = world.as('admin');
  const { database, query } = world.test;
  const connectionId = newId();
  const [key] = await admin.connections.listSealingKeys({ groupId: world.gateway.id });
  const { protocol, host, port, tls } = connectionInput;
  const seal = (password: string): Promise<SealedEnvelope> =>
    sealCredential({
      recipientKey: key?.sealingKey ?? '',
      address: { protocol, host, port, tls },
      connectionId,
      credential: { username: 'app', password },
    });
  const [old, next, other] = [await seal('old'), await seal('next'), await seal('other')];
  await admin.connections.createConnection({
    ...connectionInput,
    name: 'rotated',
    id: connectionId,
    groupId: world.gateway.id,
    credential: old,
  });
  const requestId = newId();
  const note = (
    stage: 'pending' | 'active' | 'dropped',
    envelope: SealedEnvelope,
    gatewayId: string = world.gateway.id,
  ) => noteRotation(database, gatewayId, { requestId, connectionId, purpose: 'writer', stage, envelope }, new Date());
  const inForce = async () =>
    (await query('SELECT envelope, pending FROM "SealedCredential" WHERE "connectionId" = $1', [connectionId]))[0];
  const refused = expect.objectContaining({ code: 'conflict' });
  // Nobody asked for it.
  await expect(note('pending', next)).rejects.toEqual(refused);
  const { id: personId } = (await query('SELECT id FROM "Person" LIMIT 1'))[0] as { id: string };
  await query('INSERT INTO "ConnectionTest" (id, "connectionId", "requestedById") VALUES ($1, $2, $3)', [
    requestId,
    connectionId,
    personId,
  ]);
  await expect(note('pending', next, newId())).rejects.toEqual(refused);
  await note('pending', next);
  expect(await inForce()).toEqual({ envelope: old, pending: next });
  await expect(note('active', other)).rejects.toEqual(refused);
  const before = (await readCounters(database.db)).bundleVersion;
  await note('active', next);
  await note('active', next);
  expect(await inForce()).toEqual({ envelope: next, pending: null });
  expect((await readCounters(database.db)).bundleVersion).toBe(before + 1);
  expect((await admin.connections.showConnection({ id: connectionId })).revision).toBe(1);
  const events = (await admin.audit.listEvents({})).items.filter(
    ({ action }) => action === 'gateway.rotatedCredential',
  );
  expect(events).toHaveLength(1);
  await note('pending', other);
  await note('dropped', other);
  expect(await inForce()).toEqual({ envelope: next, pending: null });
});

test('agents and engineers cannot ask for one', async () => {
  const { id } = await world.as('admin').connections.showConnection({ name: 'orders' });
  for (const who of ['agent', 'engineer'] as const)
    await expect(world.as(who).connections.rotateCredential({ id, purpose: 'writer' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
});
