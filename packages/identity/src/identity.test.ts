import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import type { AuditBody, NewGrant } from '@sluice/database';
import {
  anyAuditEvent,
  createConnection,
  createGrant,
  createPerson,
  createRun,
  createServiceIdentity,
  createToken,
  endRun,
  listAuditEvents,
  readCounters,
  revokeGrant,
  revokeToken,
  revokeWebSessionsOfPerson,
  updatePerson,
} from '@sluice/database';
import { keyProofBytes, Secret } from '@sluice/domain';
import { generateSigningKeys, hashPassword, mintToken, newId, sha256, tokenDisplay, tokenHash } from '@sluice/keys';
import { generateSealingKeys } from '@sluice/keys/sealing';
import { startTestDatabase, type TestDatabase } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authenticateToken, authenticateWebSession } from './authenticate.ts';
import { authoriseNativeSecret } from './authorise.ts';
import { createEnrolment, enrolGateway } from './enrolment.ts';
import { inRun } from './in-run.ts';
import { type InstallationKeys, openInstallation } from './installation.ts';
import { safeRedirect } from './redirects.ts';
import { signInLocally, signOut } from './sign-in.ts';

const masterKey = new Secret('0123456789012345678901234567890123456789012');
let at: TestDatabase;
let keys: InstallationKeys;
const ids = { engineer: newId(), agent: newId(), connection: newId(), elsewhere: newId() };
let gatewayId = '';

beforeAll(async () => {
  at = await startTestDatabase();
  keys = await openInstallation(at.database, masterKey, new Date());
  gatewayId = (await enrol('edge')).gatewayId;
  const passwordHash = await hashPassword('correct horse battery');
  await at.database.transaction(async (tx) => {
    const person = { id: ids.engineer, name: 'engineer', email: 'engineer@test', role: 'member', passwordHash };
    await createPerson(tx, person);
    await createServiceIdentity(tx, { id: ids.agent, name: 'agent', ownerId: ids.engineer });
    const fields = { protocol: 'postgres', host: 'db', port: 5432, tlsMode: 'disable', tlsCa: null, options: {} };
    const more = {
      labels: {},
      groupId: gatewayId,
      offlineLeaseSeconds: 60,
      defaultAction: 'deny',
      holdBehaviour: 'wait',
    };
    const ports = { listenerHost: null, listenerPort: null, relayPort: null };
    await createConnection(tx, { id: ids.connection, name: 'orders', ...fields, ...more, ...ports });
    await createConnection(tx, { id: ids.elsewhere, name: 'elsewhere', ...fields, ...more, ...ports });
  });
});
afterAll(() => at.stop());

async function enrol(name: string, token?: string) {
  const secret =
    token ??
    (
      await at.database.transaction((tx) => createEnrolment(tx, { name, createdById: null }, new Date()))
    ).token.reveal();
  const { publicKey: sealingKey } = await generateSealingKeys();
  const signingKey = generateSigningKeys().publicKey;
  const request = { token: secret, name: 'whatever', signingKey, sealingKey, version: '1', hostname: 'h' };
  return enrolGateway(at.database, { ...request, capabilities: [] }, null, new Date());
}

async function token(
  type: 'api' | 'native',
  more: { readonly expiresAt?: Date; readonly connectionIds?: readonly string[]; readonly agent?: boolean } = {},
) {
  const kind = more.agent === true ? 'service' : 'person';
  const secret = mintToken(type === 'native' ? 'native' : kind);
  const id = newId();
  await at.database.transaction((tx) =>
    createToken(tx, {
      id,
      type,
      owner: { kind, id: kind === 'service' ? ids.agent : ids.engineer },
      label: 'test',
      display: tokenDisplay(secret),
      hash: tokenHash(secret),
      expiresAt: more.expiresAt ?? null,
      connectionIds: more.connectionIds ?? [],
    }),
  );
  return { id, secret: secret.reveal() };
}

const disable = (disabledAt: Date | null) =>
  at.database.transaction((tx) => updatePerson(tx, ids.engineer, { disabledAt }));

/** The audit events from an address, oldest first. */
async function audited(address: string): Promise<AuditBody[]> {
  const { rows } = await listAuditEvents(at.database.db, anyAuditEvent, { cursor: null, limit: 500 });
  return rows
    .map(({ body }) => JSON.parse(body) as AuditBody)
    .filter((event) => event.address === address)
    .reverse();
}

describe('signing in', () => {
  const tryIn = (password: string, address: string, email = 'Engineer@Test') =>
    signInLocally(at.database, { credentials: { email, password }, address, software: null }, new Date());

  test('opens a session that is looked up every time, and can be taken away', async () => {
    const result = await tryIn('correct horse battery', '192.0.2.10');
    if (!result.ok) throw new Error(result.reason);
    const who = () => authenticateWebSession(at.database, result.sessionId, new Date());
    expect(await who()).toMatchObject({ actor: { name: 'engineer', role: 'member' }, by: 'web-session' });
    await disable(new Date());
    expect(await who()).toBeNull();
    expect(await tryIn('correct horse battery', '192.0.2.10')).toEqual({ ok: false, reason: 'wrong' });
    await disable(null);
    expect(await who()).not.toBeNull();
    await signOut(at.database, result.sessionId, { address: null, software: null }, new Date());
    expect(await who()).toBeNull();
    const again = await tryIn('correct horse battery', '192.0.2.10');
    if (!again.ok) throw new Error(again.reason);
    await at.database.transaction((tx) => revokeWebSessionsOfPerson(tx, ids.engineer, new Date()));
    expect(await authenticateWebSession(at.database, again.sessionId, new Date())).toBeNull();
    const later = new Date(Date.now() + 13 * 3_600_000);
    expect(await authenticateWebSession(at.database, again.sessionId, later)).toBeNull();
  });

  test('guessing ends after ten tries, also when they come together, and only for that address', async () => {
    const tries = await Promise.all(Array.from({ length: 16 }, () => tryIn('guess', '192.0.2.66')));
    const reasons = tries.map((result) => (result.ok ? 'ok' : result.reason));
    expect(reasons.filter((reason) => reason === 'wrong')).toHaveLength(10);
    expect(reasons.filter((reason) => reason === 'too-many')).toHaveLength(6);
    expect(await tryIn('correct horse battery', '192.0.2.66')).toEqual({ ok: false, reason: 'too-many' });
    expect(await tryIn('correct horse battery', '192.0.2.10')).toMatchObject({ ok: true });
    const nextQuarter = new Date(Date.now() + 16 * 60_000);
    const credentials = { email: 'engineer@test', password: 'correct horse battery' };
    expect(
      await signInLocally(at.database, { credentials, address: '192.0.2.66', software: null }, nextQuarter),
    ).toMatchObject({
      ok: true,
    });
  });

  test('the audit chain says who came in and out by which session, who did not, and that somebody is locked out', async () => {
    const browser = { address: '192.0.2.77', software: 'Firefox' };
    const signIn = (email: string, password: string) =>
      signInLocally(at.database, { credentials: { email, password }, ...browser }, new Date());
    const result = await signIn('engineer@test', 'correct horse battery');
    if (!result.ok) throw new Error(result.reason);
    await signOut(at.database, result.sessionId, browser, new Date());
    const through = { by: 'web-session', id: result.sessionId, run: null, software: 'Firefox' };
    expect(await audited(browser.address)).toMatchObject([
      { action: 'identity.signIn', through },
      { action: 'identity.signOut', through },
    ]);
    for (let failure = 0; failure < 12; failure += 1) await signIn('engineer@test', 'guess');
    const refused = (await audited(browser.address)).slice(2);
    expect(refused.map(({ action }) => action)).toEqual([
      ...Array.from({ length: 10 }, () => 'identity.refused'),
      'identity.lockedOut',
    ]);
    expect(refused[0]).toMatchObject({
      sentence: 'somebody could not sign in as engineer@test',
      subject: { type: 'person', id: ids.engineer },
      through: { by: 'none', id: null, software: 'Firefox' },
    });
    expect(refused.at(-1)?.sentence).toContain('sign-in as engineer@test from 192.0.2.77 is locked');
    await signIn('hunter2hunter2', 'engineer@test');
    expect(JSON.stringify(await audited(browser.address))).not.toContain('hunter2');
  });

  test('nobody learns who exists', async () => {
    expect(await tryIn('guess', '192.0.2.20', 'nobody@test')).toEqual({ ok: false, reason: 'wrong' });
    expect(
      await signInLocally(at.database, { credentials: { email: 7 }, address: null, software: null }, new Date()),
    ).toEqual({
      ok: false,
      reason: 'wrong',
    });
  });

  test.each([
    ['/sessions?x=1', 'http://localhost:3100/sessions?x=1'],
    ['http://localhost:3100/audit', 'http://localhost:3100/audit'],
    ['https://evil.test/', 'http://localhost:3100'],
    ['//evil.test', 'http://localhost:3100'],
    ['/\\evil.test', 'http://localhost:3100'],
    ['javascript:alert(1)', 'http://localhost:3100'],
    ['http://localhost:3100.evil.test/', 'http://localhost:3100'],
  ])('a redirect to %s ends at %s', (target, end) => {
    expect(safeRedirect(target, 'http://localhost:3100')).toBe(end);
  });
});

describe('a run that a request names', () => {
  test('is the caller’s own and open, or the request is refused', async () => {
    const mine = await token('api');
    const agents = await token('api', { agent: true });
    const call = (secret: string) =>
      authenticateToken(at.database, secret, { address: null, software: null }, new Date());
    const caller = await call(mine.secret);
    const runId = newId<'Run'>();
    const { id } = caller.actor;
    await at.database.transaction((tx) =>
      createRun(tx, { id: runId, actor: { kind: 'person', id }, purpose: 'p', taskId: null, software: null }),
    );
    expect((await inRun(at.database, caller, runId)).actor.runId).toBe(runId);
    await expect(inRun(at.database, await call(agents.secret), runId)).rejects.toThrow('not yours');
    await expect(inRun(at.database, caller, 'no id')).rejects.toThrow('not yours');
    await expect(inRun(at.database, { ...caller, by: 'web-session' }, runId)).rejects.toThrow('Only programs');
    const bound = { ...caller, actor: { ...caller.actor, runId: newId<'Run'>() } };
    await expect(inRun(at.database, bound, runId)).rejects.toThrow('another run');
    await at.database.transaction((tx) => endRun(tx, runId, new Date()));
    await expect(inRun(at.database, caller, runId)).rejects.toThrow('has ended');
  });
});

describe('API tokens', () => {
  const call = (secret: string) =>
    authenticateToken(at.database, secret, { address: null, software: null }, new Date());

  test('a refused one is in the audit chain by its id, and a flood of them as one event', async () => {
    const origin = { address: '192.0.2.78', software: 'curl/8' };
    const mine = await token('api');
    await at.database.transaction((tx) => revokeToken(tx, mine.id, new Date()));
    const show = (secret: string) => authenticateToken(at.database, secret, origin, new Date()).catch(() => undefined);
    await show(mine.secret);
    expect(await audited(origin.address)).toMatchObject([
      {
        action: 'identity.refused',
        subject: { type: 'token', id: mine.id },
        through: { by: 'api-token', id: mine.id },
      },
    ]);
    for (let failure = 0; failure < 30; failure += 1) await show('slp_nonsense');
    const all = await audited(origin.address);
    expect(all).toHaveLength(21);
    expect(all.at(-1)).toMatchObject({ action: 'identity.refusedOften' });
    expect(JSON.stringify(all)).not.toContain(mine.secret);
  });

  test('stand for their owner until they are revoked, expire or the owner is disabled', async () => {
    const mine = await token('api');
    const agents = await token('api', { agent: true });
    expect(await call(mine.secret)).toMatchObject({ actor: { kind: 'person', name: 'engineer' } });
    expect(await call(agents.secret)).toMatchObject({
      actor: { kind: 'service', role: 'agent', groups: [], onBehalfOf: { name: 'engineer' } },
    });
    await disable(new Date());
    await expect(call(mine.secret)).rejects.toMatchObject({ message: expect.stringContaining('disabled') });
    await expect(call(agents.secret)).rejects.toMatchObject({ message: expect.stringContaining('disabled') });
    await disable(null);
    await at.database.transaction((tx) => revokeToken(tx, mine.id, new Date()));
    await expect(call(mine.secret)).rejects.toMatchObject({ message: expect.stringContaining('revoked') });
    const old = await token('api', { expiresAt: new Date(Date.now() - 1_000) });
    await expect(call(old.secret)).rejects.toMatchObject({ message: expect.stringContaining('expired') });
  });

  test('a native secret, a typing error and a stranger are told apart', async () => {
    const native = await token('native');
    await expect(call(native.secret)).rejects.toMatchObject({ message: expect.stringContaining('native ports only') });
    const { secret } = await token('api');
    const typo = `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`;
    await expect(call(typo)).rejects.toMatchObject({ message: expect.stringContaining('typing error') });
    await expect(call(mintToken('person').reveal())).rejects.toMatchObject({
      message: expect.stringContaining('not known'),
    });
    await expect(call('hunter2')).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('native secrets', () => {
  const authorise = (secret: string, connectionId = ids.connection, gateway = gatewayId) =>
    authoriseNativeSecret(
      at.database,
      gateway,
      { connectionId, clientAddress: '192.0.2.7:5000', secretHash: tokenHash(secret), startup: {} },
      new Date(),
    );

  test('open the connections that they are for', async () => {
    const { secret } = await token('native', { connectionIds: [ids.connection], agent: true });
    expect(await authorise(secret)).toMatchObject({ ok: true, actor: { name: 'agent' }, expiresAt: null });
    expect(await authorise(secret, ids.elsewhere)).toMatchObject({ ok: false, reason: 'not-granted' });
    const everywhere = await token('native');
    expect(await authorise(everywhere.secret, ids.elsewhere)).toMatchObject({ ok: true, actor: { name: 'engineer' } });
  });

  test('each refusal has its reason', async () => {
    const api = await token('api');
    expect(await authorise(api.secret)).toMatchObject({ ok: false, reason: 'wrong-kind' });
    expect(await authorise('nothing')).toMatchObject({ ok: false, reason: 'unknown' });
    const old = await token('native', { expiresAt: new Date(Date.now() - 1_000) });
    expect(await authorise(old.secret)).toMatchObject({ ok: false, reason: 'expired' });
    const taken = await token('native');
    await at.database.transaction((tx) => revokeToken(tx, taken.id, new Date()));
    expect(await authorise(taken.secret)).toMatchObject({ ok: false, reason: 'revoked' });
    const agents = await token('native', { agent: true });
    await disable(new Date());
    expect(await authorise(agents.secret)).toMatchObject({ ok: false, reason: 'revoked' });
    await disable(null);
  });

  test('a public key opens as a key and as nothing else', async () => {
    const hash = sha256(keyProofBytes('SHA256:a'));
    await at.database.transaction((tx) =>
      createToken(tx, {
        id: newId<'Token'>(),
        type: 'public-key',
        owner: { kind: 'person', id: ids.engineer },
        label: 'laptop',
        display: 'SHA256:a',
        hash,
        expiresAt: null,
        connectionIds: [],
      }),
    );
    const ask = (proof?: 'key' | 'certificate') =>
      authoriseNativeSecret(
        at.database,
        gatewayId,
        {
          connectionId: ids.connection,
          clientAddress: '192.0.2.9:5000',
          secretHash: hash,
          ...(proof === undefined ? {} : { proof }),
          startup: {},
        },
        new Date(),
      );
    expect(await ask('key')).toMatchObject({ ok: true, actor: { name: 'engineer' } });
    expect(await ask()).toMatchObject({ ok: false, reason: 'wrong-kind' });
    expect(await ask('certificate')).toMatchObject({ ok: false, reason: 'wrong-kind' });
  });

  test('a gateway asks about its own connections, and guessing is slowed', async () => {
    await expect(authorise('x', ids.connection, newId())).rejects.toMatchObject({ code: 'not-found' });
    await expect(authorise('x', newId())).rejects.toMatchObject({ code: 'not-found' });
    await Promise.all(Array.from({ length: 60 }, () => authorise('guess')));
    await expect(authorise('guess')).rejects.toMatchObject({ code: 'too-many' });
  });

  test('a pool may open many sessions at once', async () => {
    const { secret } = await token('native');
    const results = await Promise.all(Array.from({ length: 100 }, () => authorise(secret, ids.elsewhere)));
    expect(results.filter((result) => result.ok)).toHaveLength(100);
  });
});

describe('enrolment', () => {
  test('one token enrols one gateway, however many try', async () => {
    const { token: secret } = await at.database.transaction((tx) =>
      createEnrolment(tx, { name: 'north', createdById: null }, new Date()),
    );
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => enrol('north', secret.reveal())));
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(won[0]).toMatchObject({ value: { name: 'north' } });
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'unauthenticated' });
  });

  test('it expires, and nothing else is taken for it', async () => {
    const twoHoursAgo = new Date(Date.now() - 2 * 3_600_000);
    const { token: secret } = await at.database.transaction((tx) =>
      createEnrolment(tx, { name: 'south', createdById: null }, twoHoursAgo),
    );
    await expect(enrol('south', secret.reveal())).rejects.toMatchObject({
      message: expect.stringContaining('expired'),
    });
    await expect(enrol('south', (await token('api')).secret)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(enrol('south', mintToken('enrolment').reveal())).rejects.toMatchObject({
      message: expect.stringContaining('not known'),
    });
    await expect(enrol('edge')).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('the installation’s keys', () => {
  test('are the same at the next start, and closed to another master key', async () => {
    const again = await openInstallation(at.database, masterKey, new Date());
    expect(again.signing.publicKey).toBe(keys.signing.publicKey);
    expect(again.authority.root).toBe(keys.authority.root);
    const other = new Secret('another-master-key-of-some-other-installation');
    await expect(openInstallation(at.database, other, new Date())).rejects.toMatchObject({ code: 'internal' });
    const [row] = await at.query('SELECT * FROM "Installation"');
    expect(JSON.stringify(row)).not.toContain(keys.signing.privateKey.reveal());
  });

  test('a leaf is good for TLS by its names, for a day, under the root', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
    const serverNames = ['orders.sluice.internal', 'localhost', '127.0.0.1', '::1'];
    const request = { publicKey: spki, commonName: 'orders', serverNames };
    const { certificate, notAfter } = await keys.authority.issueLeaf(request, new Date());
    const leaf = new X509Certificate(certificate);
    expect(leaf.verify(createPublicKey(keys.authority.root))).toBe(true);
    expect(leaf.checkHost('orders.sluice.internal')).toBe('orders.sluice.internal');
    expect(leaf.checkIP('::1')).toBe('::1');
    expect(leaf.ca).toBe(false);
    expect(notAfter.getTime() - Date.now()).toBeLessThanOrEqual(24 * 3_600_000);
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(await handshake(certificate, key.toString(), 'orders.sluice.internal')).toBe(true);
    await expect(handshake(certificate, key.toString(), 'other.sluice.internal')).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });
    const wrongKey = { ...request, publicKey: ed25519.toString('base64url') };
    await expect(keys.authority.issueLeaf(wrongKey, new Date())).rejects.toMatchObject({ code: 'bad-request' });
  });
});

function handshake(cert: string, key: string, servername: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer({ cert, key }, (socket) => socket.end());
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      const socket = connect({ host: '127.0.0.1', port, servername, ca: keys.authority.root }, () => {
        resolve(socket.authorized);
        socket.destroy();
      });
      socket.on('error', reject);
      socket.once('close', () => server.close());
    });
  });
}

describe('grants travel with the answer', () => {
  const now = new Date();
  const later = new Date(now.getTime() + 600_000);
  const fixed = { bounds: null, reason: 'test', grantedById: null, startsAt: now, expiresAt: later };
  const make = (grant: Pick<NewGrant, 'kind' | 'name' | 'holder' | 'scope'> & Partial<NewGrant>) => {
    const id = newId();
    return at.database.transaction((tx) => createGrant(tx, { id, ...fixed, ...grant })).then(() => id);
  };
  const names = async (agent: boolean, connectionId = ids.connection) => {
    const { secret } = await token('native', { agent });
    const request = { connectionId, clientAddress: '10.0.0.1:5', secretHash: tokenHash(secret), startup: {} };
    const answer = await authoriseNativeSecret(at.database, gatewayId, request, new Date());
    return answer.ok ? answer.grants.map(({ name }) => name).sort() : answer;
  };
  const person = { kind: 'person', id: ids.engineer } as const;
  const service = { kind: 'service', id: ids.agent } as const;

  test('each holder has its own, on its connection or labels, until it ends or is revoked; every change moves the epoch', async () => {
    const { revocationEpoch } = await readCounters(at.database.db);
    await make({ kind: 'just-in-time', name: 'here', holder: person, scope: { connectionId: ids.connection } });
    await make({ kind: 'just-in-time', name: 'there', holder: person, scope: { connectionId: ids.elsewhere } });
    await make({ kind: 'just-in-time', name: 'prod', holder: person, scope: { selector: { env: ['prod'] } } });
    await make({ kind: 'unmask', name: 'all', holder: person, scope: { selector: {} } });
    const past = { startsAt: new Date(now.getTime() - 2), expiresAt: new Date(now.getTime() - 1) };
    await make({ kind: 'unmask', name: 'old', holder: person, scope: { selector: {} }, ...past });
    const early = await make({ kind: 'unmask', name: 'taken', holder: person, scope: { selector: {} } });
    expect(await names(false)).toEqual(['all', 'here', 'taken']);
    expect(await names(false, ids.elsewhere)).toEqual(['all', 'taken', 'there']);
    expect(await at.database.transaction((tx) => revokeGrant(tx, early, null, new Date()))).toBe(true);
    expect(await at.database.transaction((tx) => revokeGrant(tx, early, null, new Date()))).toBe(false);
    expect(await names(false)).toEqual(['all', 'here']);
    expect((await readCounters(at.database.db)).revocationEpoch).toBe(revocationEpoch + 7);
  });

  test('an agent inherits none of its owner’s, and can hold neither unmask nor break-glass', async () => {
    expect(await names(true)).toEqual([]);
    await make({ kind: 'just-in-time', name: 'agents', holder: service, scope: { connectionId: ids.connection } });
    expect(await names(true)).toEqual(['agents']);
    for (const kind of ['unmask', 'break-glass'] as const)
      await expect(make({ kind, name: 'never', holder: service, scope: { selector: {} } })).rejects.toThrow(
        /Grant_people_only/,
      );
  });
});
