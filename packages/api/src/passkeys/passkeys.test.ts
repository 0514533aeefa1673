import { anyAuditEvent, createPerson, createWebSession, findPerson, listAuditEvents } from '@sluice/database';
import { type Bundle, decisionText, passkeyRemovalText, passkeyText, signedBundleSchema } from '@sluice/domain';
import { type Caller, standingOfPerson } from '@sluice/identity';
import { challengeOf, newId } from '@sluice/keys';
import { SoftPasskey } from '@sluice/testkit/soft-passkey';
import { makeWorld, rightsOfRole, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { raiseApproval, showStatus } from '../gateway/approvals.ts';
import { buildBundle } from '../gateway/build-bundle.ts';
import { createCaller } from '../router.ts';
import { freshSignInMs } from './fresh-sign-in.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

const site = { origin: 'http://localhost:3100', rpId: 'localhost' };

async function person(role = 'reviewer', signedInMsAgo = 0) {
  const id = newId<'Person'>();
  const name = `person-${id}`;
  const sessionId = newId<'WebSession'>();
  await world.test.database.transaction(async (tx) => {
    await createPerson(tx, { id, name, email: `${id}@test`, role, passwordHash: null });
    const expiresAt = new Date(Date.now() + 3_600_000);
    await createWebSession(tx, { id: sessionId, personId: id, expiresAt, provider: 'local', address: null });
  });
  if (signedInMsAgo > 0)
    await world.test.query(`UPDATE "WebSession" SET "createdAt" = now() - $2 * interval '1 ms' WHERE "id" = $1`, [
      sessionId,
      signedInMsAgo,
    ]);
  const row = await findPerson(world.test.database.db, { id });
  if (row === null) throw new Error('just made');
  const caller: Caller = {
    ...(await standingOfPerson(world.test.database.db, row, new Date())),
    rights: rightsOfRole(role),
    groupIds: [],
    email: `${id}@test`,
    by: 'web-session',
    credentialId: sessionId,
    expiresAt: null,
  };
  return {
    id,
    name,
    api: createCaller({ services: world.services, caller, refusal: null, address: '192.0.2.1', software: null }),
  };
}
type Person = Awaited<ReturnType<typeof person>>;

async function register(who: Person, passkey = new SoftPasskey(), vouchedBy?: SoftPasskey) {
  const { prepared, challenge } = await who.api.passkeys.preparePasskey();
  const { credentialId, publicKey } = passkey;
  const text = passkeyText({ personId: who.id, credentialId, publicKey });
  const vouch = vouchedBy?.assert({ ...site, challenge: challengeOf(text) });
  const registration = passkey.register({ ...site, challenge });
  const more = vouch === undefined ? {} : { vouch };
  const view = await who.api.passkeys.addPasskey({ name: 'laptop', prepared, registration, ...more });
  return { passkey, view };
}

async function stepUpConnection(): Promise<void> {
  const connection = await world.as('admin').connections.showConnection({ id: world.connectionId });
  if (connection.stepUp === 'passkey') return;
  const { id, revision } = connection;
  await world.as('admin').connections.updateConnection({ id, revision, stepUp: 'passkey' });
}

async function bundleOf(): Promise<Bundle> {
  const signed = signedBundleSchema.parse(await buildBundle(world.services, world.gateway, 0, new Date()));
  return JSON.parse(Buffer.from(signed.payload, 'base64url').toString('utf8')) as Bundle;
}

describe('registering', () => {
  test('a first passkey asks for a fresh sign-in, and is in the bundle and the audit chain', async () => {
    const who = await person();
    const { passkey, view } = await register(who);
    expect(view).toMatchObject({ name: 'laptop', credentialId: passkey.credentialId });
    expect(view.fingerprint).toMatch(/^SHA256:/);
    const offered = (await bundleOf()).passkeys.filter(({ personId }) => personId === who.id);
    expect(offered).toMatchObject([{ publicKey: passkey.publicKey, vouch: null, removed: false }]);
    const page = { cursor: null, limit: 5 };
    const audit = await listAuditEvents(world.test.database.db, { ...anyAuditEvent, actorId: who.id }, page);
    expect(audit.rows[0]?.sentence).toBe(`${who.name} registered passkey laptop`);
    const stale = await person('reviewer', freshSignInMs + 60_000);
    await expect(register(stale)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(world.as('reviewer').passkeys.preparePasskey()).resolves.toBeDefined();
  });

  test('a further one asks for one that the person has, whatever the sign-in', async () => {
    const who = await person();
    const { passkey: first } = await register(who);
    await expect(register(who)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(register(who, new SoftPasskey(), new SoftPasskey())).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const { passkey: second } = await register(who, new SoftPasskey(), first);
    const offered = (await bundleOf()).passkeys.filter(({ personId }) => personId === who.id);
    expect(offered.map(({ vouch }) => vouch?.credentialId ?? null)).toEqual([null, first.credentialId]);
    await expect(register(await person(), second)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('an answer to another person’s question, another site or without verification is none', async () => {
    const [one, two] = [await person(), await person()];
    const passkey = new SoftPasskey();
    const { prepared, challenge } = await one.api.passkeys.preparePasskey();
    const add = (who: Person, registration: ReturnType<SoftPasskey['register']>) =>
      who.api.passkeys.addPasskey({ name: 'x', prepared, registration });
    await expect(add(two, passkey.register({ ...site, challenge }))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    for (const wrong of [{ origin: 'https://evil' }, { rpId: 'evil' }, { flags: 1 }, { challenge: challengeOf('x') }])
      await expect(add(one, passkey.register({ ...site, challenge, ...wrong }))).rejects.toMatchObject({
        code: 'BAD_REQUEST',
      });
  });

  test('removing asks for a fresh sign-in or a passkey, and leaves a mark that gateways see', async () => {
    const who = await person();
    const { passkey: first, view } = await register(who);
    await world.test.query(`UPDATE "WebSession" SET "createdAt" = now() - interval '1 hour' WHERE "personId" = $1`, [
      who.id,
    ]);
    await expect(who.api.passkeys.removePasskey({ id: view.id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const other = await person();
    await expect(other.api.passkeys.removePasskey({ id: view.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const text = passkeyRemovalText({ personId: who.id, passkeyId: view.id });
    const assertion = first.assert({ ...site, challenge: challengeOf(text) });
    await who.api.passkeys.renamePasskey({ id: view.id, name: 'old laptop' });
    await who.api.passkeys.removePasskey({ id: view.id, assertion });
    expect((await who.api.passkeys.listPasskeys()).passkeys).toEqual([]);
    expect((await bundleOf()).passkeys.find(({ personId }) => personId === who.id)).toMatchObject({ removed: true });
  });
});

describe('deciding on a connection that asks for passkeys', () => {
  beforeAll(stepUpConnection);

  async function waiting() {
    const hold = world.hold('agent');
    await raiseApproval(world.services, world.gateway, hold, new Date());
    return hold;
  }
  const signed = (
    passkey: SoftPasskey,
    who: Person,
    hold: Awaited<ReturnType<typeof waiting>>,
    outcome: 'approve' | 'deny' = 'approve',
  ) => {
    const { id: approvalId, effectDigest } = hold;
    const text = decisionText({ gatewayId: world.gateway.id, approvalId, effectDigest, outcome, personId: who.id });
    return passkey.assert({ ...site, challenge: challengeOf(text) });
  };

  test('the gateway gets what was signed, with the capability that the connection needs', async () => {
    const who = await person();
    const { passkey } = await register(who);
    const hold = await waiting();
    const asked = await who.api.approvals.prepareDecision({ id: hold.id });
    expect(asked).toMatchObject({ rpId: 'localhost', passkeys: [{ credentialId: passkey.credentialId }] });
    const assertion = passkey.assert({ ...site, challenge: challengeOf(asked?.texts.approve ?? '') });
    await who.api.approvals.decideApproval({ id: hold.id, outcome: 'approve', assertion });
    const status = await showStatus(world.services, world.gateway, hold.id, new Date());
    expect(status).toMatchObject({
      state: 'approved',
      decisions: [{ personId: who.id, outcome: 'approve', assertion }],
    });
    const connection = (await bundleOf()).connections.find(({ id }) => id === world.connectionId);
    expect(connection).toMatchObject({ stepUp: 'passkey', capabilities: expect.arrayContaining(['step-up-1']) });
  });

  test('no signature, another’s, for another outcome or another approval is no decision', async () => {
    const [who, other] = [await person(), await person()];
    const { passkey } = await register(who);
    const { passkey: foreign } = await register(other);
    const [hold, another] = [await waiting(), await waiting()];
    const decide = (assertion?: ReturnType<typeof signed>) =>
      who.api.approvals.decideApproval({
        id: hold.id,
        outcome: 'approve',
        ...(assertion === undefined ? {} : { assertion }),
      });
    for (const forged of [
      undefined,
      signed(foreign, other, hold),
      signed(foreign, who, hold),
      signed(passkey, other, hold),
      signed(passkey, who, hold, 'deny'),
      signed(passkey, who, another),
    ])
      await expect(decide(forged)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await showStatus(world.services, world.gateway, hold.id, new Date())).decisions).toEqual([]);
    await expect(decide(signed(passkey, who, hold))).resolves.toMatchObject({ state: 'approved', stepUp: 'passkey' });
  });

  test('a counter that goes back is refused', async () => {
    const who = await person();
    const { passkey } = await register(who);
    const decide = async (counter: number) => {
      const hold = await waiting();
      passkey.counter = counter;
      return who.api.approvals.decideApproval({
        id: hold.id,
        outcome: 'approve',
        assertion: signed(passkey, who, hold),
      });
    };
    await decide(5);
    await expect(decide(5)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide(0)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(decide(6)).resolves.toMatchObject({ state: 'approved' });
  });
});
