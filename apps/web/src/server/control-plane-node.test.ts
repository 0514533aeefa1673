import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bumpBundleVersion,
  createPerson,
  createWebSession,
  listGateways,
  publish,
  publishPolicyVersion,
  revokeWebSession,
} from '@sluice/database';
import { gatewayPaths, type NoticeToGateway } from '@sluice/domain';
import { createEnrolment } from '@sluice/identity';
import { generateSigningKeys, newId, type SigningKeys, signRequest } from '@sluice/keys';
import { startTestDatabase, type TestDatabase } from '@sluice/testkit';
import { createTunnel, type Tunnel, tunnelSocketOptions, webSocketChannel } from '@sluice/tunnel';
import { encode } from 'next-auth/jwt';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../../../../scripts/postgres.mjs';
import { readEnvironment } from '../env.ts';
import { ControlPlaneNode } from './control-plane-node.ts';

const authSecret = 'a-secret-of-at-least-thirty-two-characters';
const previousSecret = 'the-secret-before-it-of-enough-characters';
const cookieName = 'authjs.session-token';
let at: TestDatabase;
let node: ControlPlaneNode;
let url = '';
let dir = '';
const gatewayKeys = generateSigningKeys();
let gatewayId = '';
const person = { id: newId(), name: 'admin', email: 'admin@test', role: 'admin', passwordHash: null };

beforeAll(async () => {
  at = await startTestDatabase();
  dir = mkdtempSync(join(tmpdir(), 'sluice-node-'));
  const masterKeyFile = join(dir, 'master-key');
  appendFileSync(masterKeyFile, '0123456789012345678901234567890123456789012\n');
  const port = await freePort();
  url = `http://localhost:${port}`;
  const env = readEnvironment({
    NODE_ENV: 'production',
    DATABASE_URL: at.url,
    SLUICE_PORT: String(port),
    SLUICE_PUBLIC_URL: url,
    SLUICE_MASTER_KEY_FILE: masterKeyFile,
    AUTH_SECRET: authSecret,
    AUTH_SECRET_PREVIOUS: previousSecret,
    SLUICE_LOG_LEVEL: 'silent',
  });
  node = await ControlPlaneNode.open(env, pino({ level: 'silent' }));
  await node.listen((_, response) => {
    response.end('a page');
    return Promise.resolve();
  });
  const token = await at.database.transaction(async (tx) => {
    await createPerson(tx, person);
    const policy = { source: 'rules: []', note: 'n', authorId: person.id, basedOn: null, rollbackOf: null };
    await publishPolicyVersion(tx, { id: newId(), ...policy });
    return (await createEnrolment(tx, { name: 'edge', createdById: null }, new Date())).token.reveal();
  });
  const answer = await fetch(url + gatewayPaths.enrol, {
    method: 'POST',
    body: JSON.stringify({
      token,
      name: 'edge',
      signingKey: gatewayKeys.publicKey,
      sealingKey: Buffer.alloc(32, 1).toString('base64url'),
      version: '1',
      hostname: 'edge',
      capabilities: [],
    }),
  });
  const enrolled = (await answer.json()) as { gatewayId: string; caRoot: string };
  expect(enrolled.caRoot).toBe(await (await fetch(`${url}/api/ca`)).text());
  gatewayId = enrolled.gatewayId;
});
afterAll(async () => {
  await node.close();
  await at.stop();
  rmSync(dir, { recursive: true, force: true });
});

function signature(method: string, path: string, more: { body?: Buffer; keys?: SigningKeys; keyId?: string } = {}) {
  return {
    ...signRequest({
      method,
      url: url + path,
      body: more.body ?? null,
      keyId: more.keyId ?? gatewayId,
      privateKey: (more.keys ?? gatewayKeys).privateKey,
      now: Date.now(),
      nonce: newId(),
    }),
  };
}

async function cookieOf(sessionId: string, secret = authSecret): Promise<string> {
  const token = await encode({ token: { sid: sessionId }, secret, salt: cookieName });
  return `${cookieName}=${token}`;
}

async function signIn(): Promise<{ readonly sessionId: string; readonly cookie: string }> {
  const sessionId = newId();
  const expiresAt = new Date(Date.now() + 3_600_000);
  await createWebSession(at.database.db, {
    id: sessionId,
    personId: person.id,
    expiresAt,
    provider: 'local',
    address: null,
  });
  return { sessionId, cookie: await cookieOf(sessionId) };
}

describe('signed requests', () => {
  const path = `${gatewayPaths.bundle}?have=0`;

  test('are answered once, by path and body as signed', async () => {
    const headers = signature('GET', path);
    const first = await fetch(url + path, { headers });
    expect(first.status).toBe(200);
    const again = await fetch(url + path, { headers });
    expect(again.status).toBe(401);
    expect(await again.json()).toMatchObject({ code: 'unauthenticated' });
    expect(again.headers.get('content-type')).toBe('application/problem+json');
    const elsewhere = await fetch(url + gatewayPaths.bundle, { headers: signature('GET', path) });
    expect(elsewhere.status).toBe(401);
  });

  test('of strangers, of other keys and without a signature are refused', async () => {
    const keys = generateSigningKeys();
    for (const headers of [{}, signature('GET', path, { keys }), signature('GET', path, { keyId: newId() })])
      expect((await fetch(url + path, { headers })).status).toBe(401);
  });

  test('say what is wrong with their body', async () => {
    const post = (to: string, body: Buffer<ArrayBuffer>) =>
      fetch(url + to, { method: 'POST', body, headers: signature('POST', to, { body }) });
    const answer = await post(gatewayPaths.state, Buffer.from('{"startId":7}'));
    expect([answer.status, (await answer.json()) as unknown]).toMatchObject([400, { code: 'bad-request' }]);
    expect((await post(gatewayPaths.leaf, Buffer.from('not json'))).status).toBe(400);
    expect((await post(`${gatewayPaths.approvals}/${newId()}/consume`, Buffer.from('{}'))).status).toBe(400);
    expect((await post('/api/gateway/nothing', Buffer.from('{}'))).status).toBe(404);
  });

  test('with a body over the bound end before it is read', async () => {
    const status = await new Promise<number | string>((resolve) => {
      const sent = httpRequest(url + gatewayPaths.state, {
        method: 'POST',
        headers: { 'content-length': 100 * 1024 * 1024 },
      });
      sent.on('response', (response) => resolve(response.statusCode ?? 0));
      sent.on('error', (error) => resolve(error.message));
      sent.write(Buffer.alloc(1024));
    });
    expect(status).toBe(413);
  });
});

describe('the cookie', () => {
  const showMe = (headers: Record<string, string>) => fetch(`${url}/api/trpc/identities.showMe`, { headers });

  test('opens what its session opens, until that is revoked', async () => {
    const { cookie, sessionId } = await signIn();
    expect((await showMe({ cookie })).status).toBe(200);
    await revokeWebSession(at.database.db, sessionId, new Date());
    expect((await showMe({ cookie })).status).toBe(401);
    expect((await showMe({ cookie: await cookieOf(newId()) })).status).toBe(401);
    const other = await signIn();
    // While the cookie secret is being changed, cookies of the one before are still good; of any other they are not.
    expect((await showMe({ cookie: await cookieOf(other.sessionId, previousSecret) })).status).toBe(200);
    expect(
      (await showMe({ cookie: await cookieOf(other.sessionId, 'some-other-secret-of-enough-characters') })).status,
    ).toBe(401);
    expect((await showMe({ cookie: `${cookieName}=nonsense` })).status).toBe(401);
    expect((await showMe({ authorization: 'Bearer sln_x' })).status).toBe(401);
  });

  test('changes something only from Sluice’s own pages', async () => {
    const { cookie } = await signIn();
    const create = (name: string, headers: Record<string, string>) =>
      fetch(`${url}/api/trpc/identities.createGroup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie, ...headers },
        body: JSON.stringify({ json: { name, memberIds: [] } }),
      });
    expect((await create('foreign', { origin: 'https://evil.test' })).status).toBe(403);
    expect((await create('none', {})).status).toBe(403);
    expect((await create('own', { origin: url })).status).toBe(200);
    // tRPC itself refuses a mutation by GET.
    const byGet = await fetch(`${url}/api/trpc/identities.createGroup?input={}`, { headers: { cookie } });
    expect(byGet.status).toBe(405);
  });

  test('leads to a page; without it, to the sign-in page and back', async () => {
    const { cookie } = await signIn();
    const page = await fetch(`${url}/audit?x=1`, { headers: { cookie } });
    expect([page.status, await page.text()]).toEqual([200, 'a page']);
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self' 'nonce-.*frame-ancestors 'none'/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const away = await fetch(`${url}/audit?x=1`, { redirect: 'manual' });
    expect([away.status, away.headers.get('location')]).toEqual([307, '/sign-in?next=%2Faudit%3Fx%3D1']);
    // A dot in an address below the root makes no file of a page.
    const dotted = await fetch(`${url}/connections/a.db`, { redirect: 'manual' });
    expect([dotted.status, dotted.headers.get('content-security-policy') === null]).toEqual([307, false]);
    expect((await fetch(`${url}/api/trpc/%E0%A4%A`)).status).toBe(400);
  });
});

test('the live channel tells of changes to who may know, and of nothing to nobody', async () => {
  expect((await fetch(`${url}/api/live`)).status).toBe(401);
  const { cookie } = await signIn();
  const stop = new AbortController();
  const answer = await fetch(`${url}/api/live`, { headers: { cookie }, signal: stop.signal });
  const reader = (answer.body ?? new ReadableStream()).getReader();
  let text = '';
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) text += Buffer.from((await reader.read()).value ?? new Uint8Array()).toString();
  };
  await until('retry');
  await publish(at.database.db, 'sluice_live', { topic: 'policies', id: 'p1' });
  await until('data: {"topic":"policies","id":"p1"}');
  stop.abort();
});

describe('upgrades', () => {
  const upgrade = (path: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      let text = '';
      socket.on('data', (data) => {
        text += data.toString();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
      const headers = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n${headers}\r\n\r\n`);
    });

  test('elsewhere are cut, and a tunnel without a signature is refused', async () => {
    expect(await upgrade('/')).toBe('');
    expect(await upgrade('/api/trpc/x')).toBe('');
    expect(await upgrade(gatewayPaths.tunnel)).toMatch(/^HTTP\/1.1 401 /);
  });

  test('a relay client without a ticket is closed with the reason', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/relay`);
    socket.on('open', () => socket.send('{"payload":"x"}'));
    const reason = await new Promise<string>((resolve) => {
      socket.on('close', (_, text) => resolve(text.toString()));
    });
    expect(reason).toContain('no ticket');
  });
});

describe('a tunnel', () => {
  async function openTunnel() {
    const notices: NoticeToGateway[] = [];
    const waiting = new Set<() => void>();
    const socket = new WebSocket(`${url.replace('http', 'ws')}${gatewayPaths.tunnel}`, {
      ...tunnelSocketOptions,
      headers: signature('GET', gatewayPaths.tunnel),
    });
    const tunnel = await new Promise<Tunnel>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () =>
        resolve(
          createTunnel(webSocketChannel(socket), {
            role: 'gateway',
            onStream: (stream) => stream.destroy(),
            onNotice: (notice) => {
              notices.push(notice as NoticeToGateway);
              for (const wake of waiting) wake();
            },
            onEnd: () => undefined,
          }),
        ),
      );
    });
    await tunnel.ready;
    const heard = (test: (notice: NoticeToGateway) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => notices.some(test) && resolve();
        waiting.add(look);
        look();
      });
    return { tunnel, heard };
  }

  test('brings policy and notices, shows the gateway online, and ends with its trust', async () => {
    const { tunnel, heard } = await openTunnel();
    tunnel.sendNotice({ type: 'hello', startId: newId(), version: '2', capabilities: ['x'] });
    const version = await at.database.transaction((tx) => bumpBundleVersion(tx));
    await heard((notice) => notice.type === 'heartbeat' && notice.bundleVersion === version);
    const sessionId = newId();
    const notice = { type: 'terminate', sessionId, reason: 'because' };
    await publish(at.database.db, 'sluice_notice', { type: 'gateway', gatewayId, notice });
    await heard((one) => one.type === 'terminate' && one.sessionId === sessionId);
    // What the gateway said of itself is stored beside all this, in no order that anybody waits for.
    await vi.waitFor(
      async () => {
        const [row] = await listGateways(at.database.db);
        expect(row).toMatchObject({ id: gatewayId, version: '2', capabilities: ['x'] });
        expect(row?.tunnels).toHaveLength(1);
      },
      { timeout: 20_000, interval: 50 },
    );
    const { cookie } = await signIn();
    const revoke = await fetch(`${url}/api/trpc/gateways.revokeGateway`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie, origin: url },
      body: JSON.stringify({ json: { id: gatewayId } }),
    });
    expect(revoke.status).toBe(200);
    await tunnel.finished;
    const path = `${gatewayPaths.bundle}?have=0`;
    expect((await fetch(url + path, { headers: signature('GET', path) })).status).toBe(401);
    await expect(openTunnel()).rejects.toThrow('401');
  });
});
