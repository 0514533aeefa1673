import { readCounters, verifyAuditChain } from '@sluice/database';
import type { CredentialPurpose, SealedEnvelope, SignedBundle } from '@sluice/domain';
import { bundleSchema } from '@sluice/domain';
import { bundleContext, newId, openSigned } from '@sluice/keys';
import { sealCredential } from '@sluice/keys/sealing';
import { connectionInput, defaultPolicy, makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBundle } from './gateway/build-bundle.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

const counters = () => readCounters(world.test.database.db);
const open = (signed: SignedBundle | null) =>
  openSigned({
    signed: signed ?? { payload: '', signature: '', keyId: '' },
    context: bundleContext,
    schema: bundleSchema,
    publicKeyOf: (keyId) => (keyId === world.services.signing.keyId ? world.services.signing.publicKey : null),
  });
const bundle = async (have = 0) => buildBundle(world.services, world.gateway, have, new Date());

async function sealed(
  connectionId: string,
  host: string,
  purpose: CredentialPurpose = 'writer',
): Promise<SealedEnvelope> {
  const [recipient] = await world.as('admin').connections.listSealingKeys({ groupId: world.gateway.id });
  return sealCredential({
    recipientKey: recipient?.sealingKey ?? '',
    address: { protocol: 'postgres', host, port: 5432, tls: { mode: 'require', ca: null } },
    connectionId,
    credential: { username: 'app', password: 'secret-of-the-target' },
    purpose,
  });
}

describe('connections', () => {
  test('a change moves the bundle’s version up and the bundle carries it', async () => {
    const admin = world.as('admin');
    const before = await counters();
    const id = newId();
    const credential = await sealed(id, 'db.internal');
    const made = await admin.connections.createConnection({
      ...connectionInput,
      name: 'billing',
      id,
      groupId: world.gateway.id,
      credential,
    });
    expect(made).toMatchObject({ credential: 'sealed', revision: 1, defaultAction: 'deny', holdBehaviour: 'wait' });
    const after = await counters();
    expect(after.bundleVersion).toBeGreaterThan(before.bundleVersion);
    const current = open(await bundle());
    expect(current.version).toBe(after.bundleVersion);
    expect(current.policy.version).toBe(1);
    const mine = current.connections.find((connection) => connection.id === id);
    expect(mine).toMatchObject({ name: 'billing', credential, address: { host: 'db.internal' } });
    expect(mine?.serverNames).toEqual(expect.arrayContaining(['billing.sluice.internal', 'localhost', '127.0.0.1']));
    expect(current.capabilities).toEqual(expect.arrayContaining(['policy-1', 'hold-1', 'mask-1']));
    expect(mine?.capabilities).toEqual(['protocol-postgres', 'recording-1']);
    expect(await bundle(after.bundleVersion)).toBeNull();
    const others = await buildBundle(world.services, { ...world.gateway, id: newId() }, 0, new Date());
    expect(open(others).connections).toEqual([]);
  });

  test('another address asks for the credential again, an old revision is refused, ports and names are unique', async () => {
    const admin = world.as('admin');
    const { id, revision, relay } = await admin.connections.showConnection({ name: 'billing' });
    const orders = await admin.connections.showConnection({ name: 'orders' });
    expect(relay.port).not.toBe(orders.relay.port);
    const move = { id, revision, host: 'elsewhere.internal' };
    await expect(admin.connections.updateConnection(move)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringContaining('sealed for the address'),
    });
    const labels = { env: 'staging' };
    const relabelled = await admin.connections.updateConnection({ id, revision, labels });
    expect(relabelled).toMatchObject({ labels, revision: revision + 1, credential: 'sealed', offlineLeaseSeconds: 60 });
    await expect(admin.connections.updateConnection({ id, revision, labels })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const moved = await admin.connections.updateConnection({
      ...move,
      revision: revision + 1,
      credential: await sealed(id, 'elsewhere.internal'),
    });
    expect(moved).toMatchObject({ host: 'elsewhere.internal', credential: 'sealed' });
    const twice = admin.connections.createConnection({ ...connectionInput, id: newId(), groupId: world.gateway.id });
    await expect(twice).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('a reader credential is set, carried, asked for again and removed by itself', async () => {
    const admin = world.as('admin');
    const id = newId();
    const mine = async () => open(await bundle()).connections.find((connection) => connection.id === id);
    const host = 'read.internal';
    const credential = await sealed(id, host);
    const readerCredential = await sealed(id, host, 'reader');
    const fields = { ...connectionInput, name: 'read', host, id, groupId: world.gateway.id };
    const made = await admin.connections.createConnection({ ...fields, credential });
    expect(made).toMatchObject({ credential: 'sealed', readerCredential: 'missing' });
    expect(await mine()).toMatchObject({ readerCredential: null });
    const set = await admin.connections.updateConnection({ id, revision: 1, readerCredential });
    expect(set).toMatchObject({ readerCredential: 'sealed', revision: 2 });
    expect(await mine()).toMatchObject({ credential, readerCredential });
    expect((await mine())?.capabilities).toContain('reader-1');
    const move = { id, revision: 2, host: 'elsewhere.internal', credential: await sealed(id, 'elsewhere.internal') };
    await expect(admin.connections.updateConnection(move)).rejects.toMatchObject({
      message: expect.stringContaining('sealed for the address'),
    });
    const moved = await admin.connections.updateConnection({ ...move, readerCredential: null });
    expect(moved).toMatchObject({ readerCredential: 'missing' });
    expect(await mine()).toMatchObject({ readerCredential: null });
    await admin.connections.deleteConnection({ id });
  });

  test('a reader’s envelope for another key still stands in the bundle: agents are not let in as the writer instead', async () => {
    const admin = world.as('admin');
    const id = newId();
    const fields = { ...connectionInput, name: 'stale', id, groupId: world.gateway.id };
    const readerCredential = { ...(await sealed(id, 'db.internal', 'reader')), recipient: 'x'.repeat(43) };
    const credential = await sealed(id, 'db.internal');
    const made = await admin.connections.createConnection({ ...fields, credential, readerCredential });
    expect(made).toMatchObject({ credential: 'sealed', readerCredential: 'stale' });
    expect(open(await bundle()).connections.find((one) => one.id === id)).toMatchObject({ readerCredential });
    await admin.connections.deleteConnection({ id });
  });

  test('what a protocol does not know is refused in words', async () => {
    const admin = world.as('admin');
    const base = { ...connectionInput, name: 'odd', id: newId(), groupId: world.gateway.id };
    await expect(admin.connections.createConnection({ ...base, protocol: 'gopher' })).rejects.toMatchObject({
      message: expect.stringContaining('no protocol “gopher”'),
    });
    await expect(admin.connections.createConnection({ ...base, options: { database: 7 } })).rejects.toMatchObject({
      message: expect.stringContaining('database'),
    });
  });

  test('a reference takes a sealed credential’s place, asks gateways for the capability, and an envelope takes it back', async () => {
    const admin = world.as('admin');
    const id = newId();
    const mine = async () => open(await bundle()).connections.find((connection) => connection.id === id);
    const host = 'reference.internal';
    const credential = await sealed(id, host);
    const fields = { ...connectionInput, name: 'reference', host, id, groupId: world.gateway.id };
    await admin.connections.createConnection({ ...fields, credential });
    const credentialReference = { username: 'app', password: 'env:DB_PASSWORD' };
    const set = await admin.connections.updateConnection({ id, revision: 1, credentialReference });
    expect(set).toMatchObject({ credential: 'referenced', references: { writer: credentialReference } });
    expect(await mine()).toMatchObject({ credential: null, references: { writer: credentialReference } });
    expect((await mine())?.capabilities).toContain('reference-1');
    await admin.connections.updateConnection({ id, revision: 2, host: 'moved.internal' });
    for (const password of ['plain', 'file:relative', 'env:A B'])
      await expect(
        admin.connections.updateConnection({ id, revision: 3, credentialReference: { username: 'a', password } }),
      ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const back = await sealed(id, 'moved.internal');
    const kept = await admin.connections.updateConnection({ id, revision: 3, credential: back });
    expect(kept).toMatchObject({ credential: 'sealed', references: {} });
    expect((await mine())?.references).toBeUndefined();
    await admin.connections.deleteConnection({ id });
  });

  test('a deleted connection gives its name back and leaves the bundle', async () => {
    const admin = world.as('admin');
    const { id } = await admin.connections.showConnection({ name: 'billing' });
    await admin.connections.deleteConnection({ id });
    await expect(admin.connections.showConnection({ id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(open(await bundle()).connections.map(({ name }) => name)).toEqual(['orders']);
    const again = { ...connectionInput, name: 'billing', id: newId(), groupId: world.gateway.id };
    await expect(admin.connections.createConnection(again)).resolves.toMatchObject({ name: 'billing' });
  });

  test('an offline gateway is said before anything waits for it', async () => {
    const { id } = await world.as('admin').connections.showConnection({ name: 'orders' });
    await expect(world.as('admin').connections.testConnection({ id })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('not connected'),
    });
    const secretHash = 'a'.repeat(43);
    await expect(world.as('agent').connections.issueTicket({ name: 'orders', secretHash })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
  });
});

describe('policies', () => {
  test('a typo is refused with its place, and the active version stays', async () => {
    const admin = world.as('admin');
    const source = defaultPolicy().replace("actor.role == 'agent'", "actor.rule == 'agent'");
    const check = await admin.policies.checkPolicy({ source });
    expect(check.ok).toBe(false);
    expect(check.problems[0]?.line).toBeGreaterThan(1);
    const publish = admin.policies.publishPolicy({ source, note: 'typo', basedOn: 1 });
    await expect(publish).rejects.toMatchObject({ message: expect.stringMatching(/Line \d+, column \d+/) });
    expect((await admin.policies.showActivePolicy()).version.version).toBe(1);
  });

  test('versions only go up, and two who start from one version do not overwrite each other', async () => {
    const admin = world.as('admin');
    const source = `${defaultPolicy()}\n# reviewed\n`;
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, index) => admin.policies.publishPolicy({ source, note: `n${index}`, basedOn: 1 })),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    const before = await counters();
    const back = await admin.policies.rollBack({ to: 1, note: 'as it was' });
    expect(back).toMatchObject({ version: 3, rollbackOf: 1, active: true });
    expect((await counters()).bundleVersion).toBeGreaterThan(before.bundleVersion);
    expect((await admin.policies.showVersion({ version: 3 })).source).toBe(defaultPolicy());
    expect(open(await bundle()).policy).toMatchObject({ version: 3 });
    const { items } = await admin.policies.listVersions();
    expect(items.map(({ version, active }) => [version, active])).toEqual([
      [3, true],
      [2, false],
      [1, false],
    ]);
  });

  test('every rule has a sentence and a line', async () => {
    const { rules } = await world.as('reviewer').policies.showActivePolicy();
    expect(rules.length).toBeGreaterThan(5);
    expect(new Set(rules.map(({ line }) => line)).size).toBe(rules.length);
  });
});

describe('identities', () => {
  test('the last admin stays, and what takes rights away moves the epoch', async () => {
    const admin = world.as('admin');
    const { id } = world.actors.admin;
    await expect(admin.identities.updatePerson({ id, role: 'member' })).rejects.toMatchObject({
      message: expect.stringContaining('last admin'),
    });
    await expect(admin.identities.updatePerson({ id, disabled: true })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const before = await counters();
    await admin.identities.updateAgent({ id: world.actors.stray.id, disabled: true });
    const disabled = await counters();
    expect(disabled.revocationEpoch).toBeGreaterThan(before.revocationEpoch);
    const { token } = await world
      .as('other')
      .identities.createToken({ identityId: world.actors.other.id, type: 'native', label: 'psql' });
    await world.as('other').identities.revokeToken({ id: token.id });
    expect((await counters()).revocationEpoch).toBeGreaterThan(disabled.revocationEpoch);
  });
});

describe('the audit chain', () => {
  test('every mutation is in it, and one that fails is not', async () => {
    const admin = world.as('admin');
    const { items: before } = await admin.audit.listEvents({});
    await admin.identities.createGroup({ name: 'payments', memberIds: [world.actors.engineer.id] });
    await expect(admin.identities.createGroup({ name: 'payments', memberIds: [] })).rejects.toBeDefined();
    const { items } = await admin.audit.listEvents({});
    expect(items[0]?.index).toBe((before[0]?.index ?? 0) + 1);
    expect(items[0]).toMatchObject({
      action: 'identities.createGroup',
      sentence: 'admin added group payments',
      after: { members: ['engineer'] },
      actor: { name: 'admin', role: 'admin' },
      address: '192.0.2.1',
    });
    expect(JSON.stringify(items)).not.toContain('secret-of-the-target');
    const found = await admin.audit.listEvents({ search: 'group payments' });
    expect(found.items).toHaveLength(1);
  });

  test('changes that come together stand one behind the other', async () => {
    const admin = world.as('admin');
    const start = (await verifyAuditChain(world.test.database.db)).checked;
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        admin.identities.createGroup({ name: `together-${index}`, memberIds: [] }),
      ),
    );
    expect(await admin.audit.verifyChain()).toEqual({ ok: true, checked: start + 20, firstProblem: null });
  });
});

test('the overview answers for an empty day', async () => {
  const overview = await world.as('engineer').overview.showOverview();
  expect(overview.statementsByVerdict).toHaveLength(24);
  expect(overview).toMatchObject({ waiting: 0, gateways: { total: 1, online: 0, problems: [] } });
  const admins = await world.as('admin').overview.showOverview();
  expect(admins.gateways.problems).toEqual(['edge has never connected.']);
});
