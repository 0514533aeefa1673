import { capabilities, type SealedEnvelope } from '@sluice/domain';
import { createEnrolment, enrolGateway } from '@sluice/identity';
import { fingerprint, generateSigningKeys, newId } from '@sluice/keys';
import { generateSealingKeys, sealCredential } from '@sluice/keys/sealing';
import { connectionInput, makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBundle } from './build-bundle.ts';
import { keepRewrap, listRewraps } from './rewraps.ts';

let world: World;
let joined: Awaited<ReturnType<typeof join>>;
const connectionId = newId();
const { protocol, host, port, tls } = connectionInput;

beforeAll(async () => {
  world = await makeWorld();
  const fields = { ...connectionInput, name: 'shared', id: connectionId, groupId: world.gateway.id };
  const keys = await world.as('admin').connections.listSealingKeys({ groupId: world.gateway.id });
  await world
    .as('admin')
    .connections.createConnection({ ...fields, credential: await seal(keys[0]?.sealingKey ?? '') });
  joined = await join('edge-2', world.gateway.id);
});
afterAll(() => world.stop());

function seal(recipientKey: string): Promise<SealedEnvelope> {
  const credential = { username: 'app', password: 'secret-of-the-target' };
  return sealCredential({ recipientKey, address: { protocol, host, port, tls }, connectionId, credential });
}

async function join(name: string, groupId: string | null) {
  const { database } = world.test;
  const { token } = await database.transaction((tx) =>
    createEnrolment(tx, { name, createdById: null, groupId }, new Date()),
  );
  const signing = generateSigningKeys();
  const { publicKey: sealingKey } = await generateSealingKeys();
  const request = {
    token: token.reveal(),
    name,
    signingKey: signing.publicKey,
    sealingKey,
    version: '1',
    hostname: name,
  };
  const said = { ...request, capabilities: [...capabilities, 'protocol-postgres'] };
  const { gatewayId } = await enrolGateway(database, said, null, new Date());
  return { caller: { id: gatewayId, signingKey: signing.publicKey }, sealingKey, said };
}

const first = () => listRewraps(world.services, world.gateway);
const sharedIn = async (caller: { id: string; signingKey: string }) => {
  const signed = await buildBundle(world.services, caller, 0, new Date());
  const bundle = JSON.parse(Buffer.from(signed?.payload ?? '', 'base64url').toString()) as {
    connections: { id: string; credential: SealedEnvelope | null }[];
  };
  return bundle.connections.find(({ id }) => id === connectionId);
};

describe('a gateway that joins a group', () => {
  test('has the group’s connections but no credential, and is offered to nobody before its fingerprint is confirmed', async () => {
    expect((await sharedIn(joined.caller))?.credential).toBeNull();
    expect(await first()).toMatchObject({ members: [], missing: [] });
    const sealing = await world.as('admin').connections.listSealingKeys({ groupId: world.gateway.id });
    expect(sealing.map(({ gatewayId }) => gatewayId)).toEqual([world.gateway.id]);
    const envelope = await seal(joined.sealingKey);
    const rewrap = { connectionId, purpose: 'writer', gatewayId: joined.caller.id, envelope } as const;
    await expect(keepRewrap(world.services, world.gateway, rewrap, new Date())).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('a wrong fingerprint confirms nothing; the right one puts it on the list with what was typed', async () => {
    const admin = world.as('admin');
    const input = { id: joined.caller.id, confirmation: 'c'.repeat(43) };
    const wrong = { ...input, fingerprint: fingerprint(world.gateway.signingKey) };
    await expect(admin.gateways.confirmMember(wrong)).rejects.toMatchObject({ code: 'CONFLICT' });
    await admin.gateways.confirmMember({ ...input, fingerprint: fingerprint(joined.sealingKey).toUpperCase() });
    expect(await first()).toMatchObject({
      groupId: world.gateway.id,
      members: [{ gatewayId: joined.caller.id, sealingKey: joined.sealingKey, confirmation: 'c'.repeat(43) }],
      missing: [{ connectionId, purpose: 'writer', gatewayId: joined.caller.id }],
    });
    expect((await listRewraps(world.services, joined.caller)).missing).toEqual([]);
  });

  test('an envelope for it comes from a member that has one, for its own key, and is in the audit chain', async () => {
    const rewrap = { connectionId, purpose: 'writer', gatewayId: joined.caller.id } as const;
    const stranger = await join('stranger', null);
    const good = await seal(joined.sealingKey);
    const other = await seal((await generateSealingKeys()).publicKey);
    const keep = (caller: typeof joined.caller, envelope: SealedEnvelope) =>
      keepRewrap(world.services, caller, { ...rewrap, envelope }, new Date());
    await expect(keep(stranger.caller, good)).rejects.toMatchObject({ code: 'not-found' });
    await expect(keep(joined.caller, good)).rejects.toMatchObject({ code: 'conflict' });
    await expect(keep(world.gateway, other)).rejects.toMatchObject({ code: 'conflict' });
    await keep(world.gateway, good);
    expect((await sharedIn(joined.caller))?.credential).toEqual(good);
    expect((await first()).missing).toEqual([]);
    const [event] = await world.test.query(`SELECT body FROM "AuditEvent" WHERE action = 'gateway.sealedForMember'`);
    expect(JSON.stringify(event)).toContain('edge-2');
  });

  test('a credential typed later is kept for every member', async () => {
    const admin = world.as('admin');
    const keys = await admin.connections.listSealingKeys({ groupId: world.gateway.id });
    expect(keys).toHaveLength(2);
    const { revision } = await admin.connections.showConnection({ id: connectionId });
    const credential = await Promise.all(keys.map(({ sealingKey }) => seal(sealingKey)));
    await admin.connections.updateConnection({ id: connectionId, revision, credential });
    expect((await sharedIn(joined.caller))?.credential?.recipient).toBe(joined.sealingKey);
    expect((await sharedIn(world.gateway))?.credential?.recipient).toBe(
      keys.find((key) => key.gatewayId === world.gateway.id)?.sealingKey,
    );
  });
});

describe('CP09', () => {
  test('a used enrolment token, and a second gateway of one name, are refused; the refused one leaves no trace', async () => {
    const again = { ...joined.said, signingKey: generateSigningKeys().publicKey };
    await expect(enrolGateway(world.test.database, again, null, new Date())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(join('edge-2', null)).rejects.toMatchObject({ code: 'conflict' });
    const rows = await world.test.query(`SELECT id FROM "Gateway" WHERE name = 'edge-2'`);
    expect(rows).toHaveLength(1);
  });

  test('a gateway of another group sees and gets nothing of a connection that is not its group’s', async () => {
    const foreign = await join('foreign', null);
    expect(await sharedIn(foreign.caller)).toBeUndefined();
    expect(await listRewraps(world.services, foreign.caller)).toMatchObject({ members: [], missing: [], outdated: [] });
  });
});
