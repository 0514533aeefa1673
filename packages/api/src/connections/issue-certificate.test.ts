import { createToken, revokeToken } from '@sluice/database';
import { certificateProofBytes, hostCertificatesSchema } from '@sluice/domain';
import { authoriseNativeSecret, type Caller } from '@sluice/identity';
import {
  generateSigningKeys,
  hostCertificatesContext,
  hostKeyContext,
  newId,
  openSigned,
  sha256,
  signBytes,
  sshFingerprint,
  sshKeyLine,
} from '@sluice/keys';
import { callerOf, makeWorld, type Name, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueHostCertificates } from '../gateway/issue-host-certificates.ts';
import { createCaller } from '../router.ts';
import { certificateLifeMs } from './issue-certificate.ts';

const address = '192.0.2.1';
let world: World;
let connectionId: string;
beforeAll(async () => {
  world = await makeWorld();
  connectionId = newId();
  await world.as('admin').connections.createConnection({
    id: connectionId,
    groupId: world.gateway.id,
    name: 'shell',
    protocol: 'ssh',
    host: 'host.internal',
    port: 22,
    tls: { mode: 'disable', ca: null },
    options: {},
    labels: { env: 'dev' },
  });
});
afterAll(() => world.stop());

/** The API as somebody who calls with an API token that exists, which most of the world's callers do not. */
async function program(name: Name) {
  const { database } = world.test;
  const caller = await callerOf(database.db, world.actors[name]);
  const id = newId<'Token'>();
  await database.transaction((tx) =>
    createToken(tx, {
      id,
      type: 'api',
      owner: { kind: caller.actor.kind, id: caller.actor.id },
      label: 'laptop',
      display: 'slp_',
      hash: sha256(id),
      expiresAt: null,
      connectionIds: [],
    }),
  );
  const as: Caller = { ...caller, credentialId: id };
  const context = { services: world.services, refusal: null, software: 'test', address, caller: as };
  return { api: createCaller(context), tokenId: id };
}

async function authorise(serial: string, fingerprint: string, more: { at?: Date; open?: boolean } = {}) {
  const { keys } = await world.services.sshAuthority(world.test.database.db);
  const authority = sshFingerprint(keys.publicKey);
  const secretHash = sha256(certificateProofBytes({ authority, serial, fingerprint }));
  const ask = {
    connectionId,
    clientAddress: `${address}:5000`,
    secretHash,
    proof: 'certificate' as const,
    startup: {},
  };
  const opened = more.open === true ? { open: true } : {};
  return authoriseNativeSecret(world.test.database, world.gateway.id, { ...ask, ...opened }, more.at ?? new Date());
}

test('a certificate opens for its owner, ends in minutes, and what it opened goes on', async () => {
  const { api } = await program('engineer');
  const key = generateSigningKeys();
  const fingerprint = sshFingerprint(key.publicKey);
  const issued = await api.connections.issueCertificate({ name: 'shell', publicKey: sshKeyLine(key.publicKey) });
  expect(issued).toMatchObject({
    hostName: 'shell.sluice.internal',
    authorities: [expect.stringMatching(/^ssh-ed25519 /)],
  });
  expect(issued.expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + certificateLifeMs);
  const bytes = Buffer.from(issued.certificate.split(' ')[1] ?? '', 'base64').toString('latin1');
  expect(bytes).toContain(`person engineer ${world.actors.engineer.id}`);
  expect(bytes).toContain('permit-pty');
  expect(await authorise(issued.serial, fingerprint)).toMatchObject({
    ok: true,
    actor: { name: 'engineer' },
    expiresAt: null,
  });
  const later = new Date(issued.expiresAt.getTime() + 1);
  expect(await authorise(issued.serial, fingerprint, { at: later })).toMatchObject({ ok: false, reason: 'expired' });
  expect(await authorise(issued.serial, fingerprint, { at: later, open: true })).toMatchObject({ ok: true });
  // Signed by the authority's key, but nobody was asked: a stolen key of the authority is worth nothing here.
  expect(await authorise('1', fingerprint)).toMatchObject({ ok: false, reason: 'unknown' });
  expect(await authorise(issued.serial, 'SHA256:other')).toMatchObject({ ok: false, reason: 'unknown' });
  const [event] = (await world.as('auditor').audit.listEvents({ search: 'got a certificate' })).items;
  expect(JSON.stringify(event)).toContain(issued.serial);
});

test('it ends at once with its owner, and with the API token that it was issued on', async () => {
  const key = generateSigningKeys();
  const fingerprint = sshFingerprint(key.publicKey);
  const { api, tokenId } = await program('other');
  const issue = () => api.connections.issueCertificate({ id: connectionId, publicKey: sshKeyLine(key.publicKey) });
  const { serial } = await issue();
  await world.as('admin').identities.updatePerson({ id: world.actors.other.id, disabled: true });
  expect(await authorise(serial, fingerprint, { open: true })).toMatchObject({
    ok: false,
    reason: 'revoked',
    message: 'The owner of the certificate is disabled.',
  });
  await world.as('admin').identities.updatePerson({ id: world.actors.other.id, disabled: false });
  expect(await authorise(serial, fingerprint)).toMatchObject({ ok: true });
  await world.test.database.transaction((tx) => revokeToken(tx, tokenId, new Date()));
  expect(await authorise(serial, fingerprint, { open: true })).toMatchObject({ ok: false, reason: 'revoked' });
});

test('an agent’s certificate names its networks and offers no terminal', async () => {
  await world
    .as('engineer')
    .identities.updateAgent({ id: world.actors.agent.id, scopes: { networks: ['192.0.2.0/24'] } });
  const { api } = await program('agent');
  const { certificate } = await api.connections.issueCertificate({
    name: 'shell',
    publicKey: sshKeyLine(generateSigningKeys().publicKey),
  });
  const bytes = Buffer.from(certificate.split(' ')[1] ?? '', 'base64').toString('latin1');
  expect(bytes).toContain('source-address');
  expect(bytes).toContain('192.0.2.0/24');
  expect(bytes).not.toContain('permit-pty');
});

test('no certificate without a token, for other kinds of keys, or where the protocol takes none', async () => {
  const publicKey = sshKeyLine(generateSigningKeys().publicKey);
  await expect(world.as('engineer').connections.issueCertificate({ name: 'shell', publicKey })).rejects.toMatchObject({
    message: expect.stringContaining('API token'),
  });
  const { api } = await program('engineer');
  await expect(api.connections.issueCertificate({ name: 'orders', publicKey })).rejects.toMatchObject({
    message: expect.stringContaining('takes no certificates'),
  });
  await expect(api.connections.issueCertificate({ name: 'nothing', publicKey })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  const rsa = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQA=';
  await expect(api.connections.issueCertificate({ name: 'shell', publicKey: rsa })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
});

test('a gateway gets host certificates for its own connections, for a key that signed for it', async () => {
  const host = generateSigningKeys();
  const prove = (id: string) => signBytes(host.privateKey, hostKeyContext, Buffer.from(id));
  const ask = (proof: string) =>
    issueHostCertificates(world.services, world.gateway, { publicKey: host.publicKey, proof }, new Date());
  await expect(ask(prove(newId()))).rejects.toMatchObject({ code: 'bad-request' });
  const { signing } = world.services;
  const said = openSigned({
    signed: await ask(prove(world.gateway.id)),
    context: hostCertificatesContext,
    schema: hostCertificatesSchema,
    publicKeyOf: (keyId) => (keyId === signing.keyId ? signing.publicKey : null),
  });
  expect(said.certificates.map((one) => one.connectionId)).toEqual([connectionId]);
  const bytes = Buffer.from(said.certificates[0]?.certificate ?? '', 'base64').toString('latin1');
  expect(bytes).toContain('shell.sluice.internal');
  expect(bytes).not.toContain('localhost');
  expect(said.clientAuthorities).toHaveLength(1);
  const stranger = { id: newId(), signingKey: '' };
  const none = await issueHostCertificates(
    world.services,
    stranger,
    { publicKey: host.publicKey, proof: prove(stranger.id) },
    new Date(),
  );
  expect(Buffer.from(none.payload, 'base64url').toString()).toContain('"certificates":[]');
});

test('certificates do not fill the lists of tokens', async () => {
  const listed = await world.as('engineer').identities.listTokens({ identityId: world.actors.engineer.id });
  const ended = listed.filter(
    ({ type, expiresAt }) => type === 'certificate' && (expiresAt ?? new Date()) < new Date(),
  );
  expect(ended).toEqual([]);
});
