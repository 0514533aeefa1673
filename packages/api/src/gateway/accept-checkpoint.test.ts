import { readAuditEvents } from '@sluice/database';
import { type Caller, finishKeyRotation, openInstallation } from '@sluice/identity';
import { generateSigningKeys, newId } from '@sluice/keys';
import { verifyAuditExport, verifyGatewayExport } from '@sluice/recording';
import { recordGateway } from '@sluice/testkit/recordings';
import { makeWorld, rightsOfRole, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportAudit } from '../audit/export-audit.ts';
import { exportGateway } from '../gateways/export-gateway.ts';
import { storeCheckpoint } from './accept-checkpoint.ts';
import { storeChunk } from './accept-chunk.ts';
import { showChainPlace, showRecordingPlace } from './show-chain-place.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

const always = { from: null, to: null };

async function gathered(parts: AsyncGenerator<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

function context(name: 'admin' | 'engineer') {
  const caller: Caller = {
    actor: world.actors[name],
    rights: rightsOfRole(world.actors[name].role),
    groupIds: [],
    email: '',
    by: 'api-token',
    credentialId: newId(),
    expiresAt: null,
  };
  return { context: { services: world.services, caller, refusal: null, address: '192.0.2.1', software: null }, caller };
}

async function actions(): Promise<string[]> {
  const found: string[] = [];
  for await (const rows of readAuditEvents(world.services.database.db, 1))
    found.push(...rows.map(({ action }) => action));
  return found;
}

test('what a gateway recorded is exported with its checkpoints and the log of them, and verifies offline', async () => {
  const recorded = await recordGateway(world, 'agent', 5);
  for (const chunk of recorded.chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
  for (const [entry, line] of recorded.checkpoints.entries()) {
    const witness = await storeCheckpoint(world.services, world.gateway, line, new Date());
    expect(witness.entry).toBe(entry);
    // Sent again, it is the same entry.
    expect(await storeCheckpoint(world.services, world.gateway, line, new Date())).toEqual(witness);
  }
  expect(recorded.checkpoints.length).toBeGreaterThan(1);
  const admin = context('admin');
  const file = await gathered(await exportGateway(admin.context, admin.caller, world.gateway.id, always));
  expect(verifyGatewayExport(file)).toMatchObject({ ok: true, problems: [], sessions: 5, range: { from: 0, to: 9 } });
  const late = { from: new Date(Date.now() + 1_000_000), to: null };
  const part = await gathered(await exportGateway(admin.context, admin.caller, world.gateway.id, late));
  expect(verifyGatewayExport(part)).toMatchObject({ ok: true, problems: [], sessions: 0, checkpoints: 1 });
  expect(await actions()).not.toContain('gateway.chainBroken');
  const engineer = context('engineer');
  await expect(exportGateway(engineer.context, engineer.caller, world.gateway.id, always)).rejects.toMatchObject({
    code: 'forbidden',
  });

  const { context: own, caller } = admin;
  const audit = (await gathered(await exportAudit(own, caller, 1))).toString('utf8');
  const verdict = verifyAuditExport(audit);
  expect(verdict).toMatchObject({ ok: true, problems: [] });
  const anchor = { index: verdict.head?.index ?? 0, hash: verdict.head?.hash ?? '' };
  const later = (await gathered(await exportAudit(own, caller, 1))).toString('utf8');
  expect(verifyAuditExport(later, { anchors: [anchor] }).ok).toBe(true);
  expect(verifyAuditExport((await gathered(await exportAudit(own, caller, 3))).toString('utf8')).ok).toBe(true);
});

test('a gateway that lost its spool is told where its chain stands, goes on there, and that is told', async () => {
  const place = await showChainPlace(world.services, world.gateway);
  expect(place).toMatchObject({ checkpoint: expect.stringContaining('"head":{"number":9'), links: [] });
  const nobody = { id: newId<'Gateway'>() };
  expect(await showChainPlace(world.services, nobody)).toEqual({ checkpoint: null, links: [] });
  const before = await recordGateway(world, 'agent', 1, { place });
  for (const chunk of before.chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
  // Its checkpoints did not arrive: the links are told instead.
  const links = (await showChainPlace(world.services, world.gateway)).links;
  expect(links.map(({ number }) => number)).toEqual([10, 11]);
  const { chunks, checkpoints } = await recordGateway(world, 'agent', 2, { place: { ...place, links } });
  for (const chunk of chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
  for (const line of checkpoints) await storeCheckpoint(world.services, world.gateway, line, new Date());
  const told = (await actions()).filter((action) => action.startsWith('gateway.chain'));
  expect(told).toEqual(['gateway.chainResumed']);
  const admin = context('admin');
  const file = await gathered(await exportGateway(admin.context, admin.caller, world.gateway.id, always));
  expect(verifyGatewayExport(file)).toMatchObject({ ok: true, problems: [], sessions: 8, range: { from: 0, to: 15 } });
  expect(verifyGatewayExport(file).resumed).toHaveLength(1);
});

test('a recording without an end is shown to its gateway, and one that is asked for; those of others are not', async () => {
  const place = await showChainPlace(world.services, world.gateway);
  const { chunks } = await recordGateway(world, 'agent', 1, { place });
  const [first, ...rest] = chunks;
  if (first === undefined) throw new Error('nothing was recorded');
  await storeChunk(world.services, world.gateway, first, new Date());
  const [open] = (await showRecordingPlace(world.services, world.gateway, [])).sessions;
  const { sessionId } = first;
  expect(open).toMatchObject({ sessionId, chunks: 1, sealed: false, lastHash: expect.any(String) });
  for (const chunk of rest) await storeChunk(world.services, world.gateway, chunk, new Date());
  expect((await showRecordingPlace(world.services, world.gateway, [])).sessions).toEqual([]);
  const { sessions } = await showRecordingPlace(world.services, world.gateway, [sessionId]);
  expect(sessions).toEqual([expect.objectContaining({ sessionId, sealed: true, chunks: chunks.length })]);
  expect((await showRecordingPlace(world.services, { id: newId<'Gateway'>() }, [sessionId])).sessions).toEqual([]);
});

test('after a rotation of the signing key, what the former one logged still verifies', async () => {
  const { database } = world.services;
  const keys = await openInstallation(database, world.masterKey, new Date());
  await database.transaction(async (tx) => {
    await keys.beginRotation(tx, 'signing', new Date());
    await finishKeyRotation(tx, 'signing');
  });
  const { signing } = await openInstallation(database, world.masterKey, new Date());
  const place = await showChainPlace(world.services, world.gateway);
  const { checkpoints, chunks } = await recordGateway(world, 'agent', 1, { place });
  const services = { ...world.services, signing };
  for (const chunk of chunks) await storeChunk(services, world.gateway, chunk, new Date());
  for (const line of checkpoints) await storeCheckpoint(services, world.gateway, line, new Date());
  const admin = context('admin');
  const file = await gathered(
    await exportGateway({ ...admin.context, services }, admin.caller, world.gateway.id, always),
  );
  const verdict = verifyGatewayExport(file);
  expect(verdict).toMatchObject({ ok: true, problems: [] });
  expect(verdict.installationKeys.map(({ keyId }) => keyId)).toEqual([world.services.signing.keyId, signing.keyId]);
});

test('a gateway that begins its chain anew is a fork: kept, told in the audit chain, named by the verifier', async () => {
  const forked = await recordGateway(world, 'agent', 1);
  for (const chunk of forked.chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
  for (const line of forked.checkpoints) await storeCheckpoint(world.services, world.gateway, line, new Date());
  expect((await actions()).filter((action) => action === 'gateway.chainBroken').length).toBeGreaterThanOrEqual(2);
  const admin = context('admin');
  const file = await gathered(await exportGateway(admin.context, admin.caller, world.gateway.id, always));
  const { problems } = verifyGatewayExport(file);
  expect(problems).toContainEqual(
    expect.objectContaining({ part: 'checkpoint', index: 0, what: 'exists twice with different contents' }),
  );
});

test('a checkpoint that arrives late moves the place back no more than its number does', async () => {
  const place = await showChainPlace(world.services, world.gateway);
  const { chunks, checkpoints } = await recordGateway(world, 'agent', 3, { place });
  for (const chunk of chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
  const [late, ...others] = checkpoints;
  for (const line of others) await storeCheckpoint(world.services, world.gateway, line, new Date());
  await storeCheckpoint(world.services, world.gateway, late ?? '', new Date());
  expect(await showChainPlace(world.services, world.gateway)).toEqual({ checkpoint: others.at(-1), links: [] });
});

test('a checkpoint of another key, another gateway or no form is refused', async () => {
  const foreign = await recordGateway(world, 'agent', 1, { keys: generateSigningKeys() });
  const damaged = expect.objectContaining({ code: 'recording-damaged' });
  const store = (line: string) => storeCheckpoint(world.services, world.gateway, line, new Date());
  await expect(store(foreign.checkpoints[0] ?? '')).rejects.toEqual(damaged);
  await expect(store('{}')).rejects.toEqual(damaged);
  const other = await recordGateway(world, 'agent', 1, { gatewayId: world.connectionId });
  await expect(store(other.checkpoints[0] ?? '')).rejects.toEqual(damaged);
});
