import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type BundleConnection, Secret, type Ticket } from '@sluice/domain';
import { bundleContext, generateSigningKeys, newId, sha256, signJson, ticketContext } from '@sluice/keys';
import { agent, defaultPolicySource, SessionWorld, socketPair } from '@sluice/testkit/sessions';
import { EchoServer, LineStream, toyConnection, toyEcho, toyLanguage } from '@sluice/testkit/toy-echo';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Bundles } from './bundles.ts';
import { ControlPlane } from './control-plane.ts';
import { Leaves } from './leaves.ts';
import { SessionEntry } from './session-entry.ts';
import { StateStore } from './state-store.ts';
import { ControlPlaneServer } from './testing/control-plane-server.ts';
import { TestAuthority } from './testing/test-authority.ts';
import { type TunnelEnds, tunnelEnds } from './testing/tunnel-ends.ts';

const bundleKeys = generateSigningKeys();
const startId = newId();
const serverName = 'toy.sluice.test';
const password = 'password-of-this-run';

let server: ControlPlaneServer;
let authority: TestAuthority;
let target: EchoServer;
let world: SessionWorld;
let folder: string;
let bundles: Bundles;
let leaves: Leaves;
let entry: SessionEntry;
let tunnel: TunnelEnds;
let epoch: number;
let version: number;
let protocol: typeof toyEcho;

beforeAll(async () => {
  server = await ControlPlaneServer.start();
  authority = await TestAuthority.create();
  target = await EchoServer.start();
  server.reply = async ({ body }) => {
    const { publicKey } = JSON.parse(body.toString('utf8')) as { publicKey: string };
    return { status: 200, json: await authority.leaf(publicKey, serverName) };
  };
});
afterAll(() => Promise.all([server.stop(), target.stop()]));

beforeEach(async () => {
  world = new SessionWorld([toyLanguage]);
  folder = mkdtempSync(join(tmpdir(), 'sluice-gateway-'));
  bundles = new Bundles(new StateStore(folder), 'gateway-1', bundleKeys);
  leaves = new Leaves(new ControlPlane(server.url, server.keys, server.gatewayId), authority.root, () => undefined);
  epoch = 1;
  version = 0;
  protocol = toyEcho;
  target.received.length = 0;
  target.connections = 0;
  entry = new SessionEntry({
    bundles,
    leaves,
    ports: world.ports,
    live: world.live,
    identity: () => ({
      privateKey: new Secret('no protocol here asks for it'),
      certificate: null,
      clientAuthorities: [],
    }),
    gatewayId: 'gateway-1',
    startId,
    epoch: () => epoch,
    protocolByName: (name) => (name === toyEcho.manifest.name ? protocol : undefined),
  });
  tunnel = await tunnelEnds((stream, header) => void entry.tunnelled(stream, header));
  force(reachable());
  await leaves.ensure('connection-1', [serverName]);
});
afterEach(() => {
  tunnel.close();
  leaves.close();
  world.close();
  rmSync(folder, { recursive: true, force: true });
});

const envelope = {
  suite: 'x25519-hkdf-sha256/chacha20-poly1305',
  recipient: '',
  encapsulated: '',
  ciphertext: '',
} as const;
const reachable = (more: Partial<BundleConnection> = {}) =>
  toyConnection(target.port, { credential: envelope, ...more });

function force(connection: BundleConnection, capabilities: string[] = []): void {
  const bundle = {
    format: 1,
    version: ++version,
    gatewayId: 'gateway-1',
    issuedAt: new Date(0).toISOString(),
    capabilities,
    policy: { version: 1, source: defaultPolicySource },
    connections: [connection],
    publicUrl: 'https://sluice.test',
  };
  bundles.accept(signJson(bundleKeys, bundleContext, bundle));
}

function ticket(
  more: Partial<Ticket> = {},
  keys = bundleKeys,
  context: typeof ticketContext | typeof bundleContext = ticketContext,
) {
  return signJson(keys, context, {
    id: newId(),
    gatewayId: 'gateway-1',
    gatewayStartId: startId,
    connectionId: 'connection-1',
    actor: agent,
    expiresAt: new Date(Date.now() + 30_000).toISOString(),
    sessionExpiresAt: null,
    accessUntil: null,
    grants: [],
    epoch: 1,
    credential: { by: 'api-token', id: 'token' },
    secretHash: sha256(password),
    ...more,
  });
}

function openStream(signed: ReturnType<typeof ticket> | null, connectionId = 'connection-1'): Duplex {
  return tunnel.controlPlane.openStream({ connectionId, clientAddress: '203.0.113.9:4000', ticket: signed });
}

/** The TLS that the command line puts around a plain client, checked against Sluice's own root. */
async function overTls(stream: Duplex): Promise<LineStream> {
  const secure = connectTls({ socket: stream, ca: authority.root, servername: serverName });
  await once(secure, 'secureConnect');
  return new LineStream(secure);
}

/** How a stream that was refused ends. */
async function refusalOf(stream: Duplex): Promise<unknown> {
  const [error] = await once(stream, 'error');
  return error;
}

async function say(lines: LineStream, line: string): Promise<string | null> {
  await lines.send(line);
  return lines.next();
}

describe('tickets (single use, this gateway start, this connection, 30 s)', () => {
  test('a good one opens a session inside TLS that ends in the gateway', async () => {
    const lines = await overTls(openStream(ticket()));
    expect(await say(lines, `HELLO ${password}`)).toMatch(/^READY/);
    expect(await say(lines, 'echo hello')).toBe('ROW echo hello');
    lines.stream.destroy();
    await expect.poll(() => world.live.size).toBe(0);
    expect(world.events('session.opened')).toMatchObject([
      { path: 'ticket', actor: { name: 'coding-agent' }, client: { address: '203.0.113.9:4000' } },
    ]);
    expect(world.steps).not.toContain('authorise');
  });

  test('a second use is refused', async () => {
    const signed = ticket();
    const lines = await overTls(openStream(signed));
    expect(await say(lines, `HELLO ${password}`)).toMatch(/^READY/);
    expect(await refusalOf(openStream(signed))).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('used before'),
    });
    lines.stream.destroy();
  });

  test('the session that it opens still asks for the password of the run', async () => {
    const lines = await overTls(openStream(ticket()));
    expect(await say(lines, 'HELLO another')).toMatch(/^ERROR .*sluice connect/);
    expect(target.connections).toBe(0);
  });

  const stranger = generateSigningKeys();
  test.each<[string, () => ReturnType<typeof ticket>, string]>([
    ['another gateway', () => ticket({ gatewayId: 'gateway-2' }), 'forbidden'],
    ['another start of this gateway', () => ticket({ gatewayStartId: newId() }), 'forbidden'],
    ['another connection', () => ticket({ connectionId: 'connection-2' }), 'forbidden'],
    ['one that expired', () => ticket({ expiresAt: new Date(Date.now() - 1).toISOString() }), 'forbidden'],
    ['one from before a revocation', () => ticket({ epoch: 0 }), 'forbidden'],
    ['an actor of another shape', () => ticket({ actor: { name: 'root' } }), 'bad-request'],
    ['another key', () => ticket({}, stranger), 'unauthenticated'],
    ['a signature for something else', () => ticket({}, bundleKeys, bundleContext), 'unauthenticated'],
    [
      'a changed payload',
      () => ({ ...ticket(), payload: ticket({ actor: { ...agent, role: 'admin' } }).payload }),
      'unauthenticated',
    ],
  ])('%s is refused before any byte is read', async (_name, make, code) => {
    expect(await refusalOf(openStream(make()))).toMatchObject({ code });
    expect(world.live.size).toBe(0);
    expect(target.connections).toBe(0);
  });

  test('bytes that are no TLS end the stream and nothing else', async () => {
    const stream = openStream(ticket());
    stream.write('HELLO not a handshake\n');
    stream.resume();
    stream.on('error', () => undefined);
    await new Promise<void>((resolve) => stream.once('close', () => resolve()));
    const lines = await overTls(openStream(ticket()));
    expect(await say(lines, `HELLO ${password}`)).toMatch(/^READY/);
    lines.stream.destroy();
  });

  test('without a leaf there is no session', async () => {
    force(reachable({ id: 'connection-2', name: 'second' }));
    expect(await refusalOf(openStream(ticket({ connectionId: 'connection-2' }), 'connection-2'))).toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('streams without a ticket, as on a native port of the relay', () => {
  test('the client’s own handshake follows, and its secret is asked about', async () => {
    const lines = new LineStream(openStream(null));
    expect(await say(lines, 'HELLO secret-of-coding-agent')).toMatch(/^READY/);
    lines.stream.destroy();
    await expect.poll(() => world.live.size).toBe(0);
    expect(world.events('session.opened')).toMatchObject([{ path: 'relay' }]);
    expect(world.steps).toContain('authorise');
  });

  test('an unknown connection and a header of another shape are refused', async () => {
    expect(await refusalOf(openStream(null, 'nowhere'))).toMatchObject({ code: 'not-found' });
    expect(await refusalOf(tunnel.controlPlane.openStream({ hello: 1 }))).toMatchObject({ code: 'not-found' });
  });
});

describe('before a stop', () => {
  const soonSettled = async (settled: Promise<void>) => {
    const soon = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500));
    return Promise.race([settled.then(() => true), soon]);
  };

  test('a session that has just come may end by itself, also out of its handshake; none means no wait', async () => {
    await entry.settled(3_600_000);
    const first = await socketPair();
    const second = await socketPair();
    const served = [first, second].map((pair) => entry.native('connection-1', pair.server));
    const lines = new LineStream(first.client);
    expect(await say(lines, 'HELLO secret-of-coding-agent')).toMatch(/^READY/);
    const settled = entry.settled(3_600_000);
    first.client.destroy();
    await served[0];
    expect(await soonSettled(settled)).toBe(false);
    second.client.destroy();
    await settled;
    await served[1];
  });

  test('one that stays is not waited for without end', async () => {
    const { client, server: accepted } = await socketPair();
    const served = entry.native('connection-1', accepted);
    expect(await say(new LineStream(client), 'HELLO secret-of-coding-agent')).toMatch(/^READY/);
    await entry.settled(50);
    expect(world.live.size).toBe(1);
    client.destroy();
    await served;
  });
});

describe('so soon after the start that something is lacking, the relay is told to take another gateway', () => {
  test('without a bundle', async () => {
    rmSync(folder, { recursive: true, force: true });
    const none = new Bundles(new StateStore(folder), 'gateway-1', bundleKeys);
    const fresh = new SessionEntry({
      bundles: none,
      leaves,
      ports: world.ports,
      live: world.live,
      identity: () => {
        throw new Error('nobody asks for it');
      },
      gatewayId: 'gateway-1',
      startId,
      epoch: () => epoch,
      protocolByName: () => protocol,
    });
    const ends = await tunnelEnds((stream, header) => void fresh.tunnelled(stream, header));
    const header = { connectionId: 'connection-1', clientAddress: '203.0.113.9:4000', ticket: null };
    expect(await refusalOf(ends.controlPlane.openStream(header))).toMatchObject({ code: 'unavailable' });
    ends.close();
  });

  test('without a leaf, where clients may ask for TLS', async () => {
    const tlsRequest = { request: Uint8Array.of(1), accept: Uint8Array.of(2) };
    protocol = { ...toyEcho, manifest: { ...toyEcho.manifest, tlsRequest } };
    force(reachable({ id: 'connection-2', name: 'second' }));
    expect(await refusalOf(openStream(null, 'connection-2'))).toMatchObject({ code: 'unavailable' });
    expect(world.live.size).toBe(0);
    protocol = toyEcho;
    const lines = new LineStream(openStream(null, 'connection-2'));
    expect(await say(lines, 'HELLO secret-of-coding-agent')).toMatch(/^READY/);
    lines.stream.destroy();
  });
});

describe('a native port', () => {
  test('a client is served, and its address stands in the record', async () => {
    const { client, server: accepted } = await socketPair();
    const served = entry.native('connection-1', accepted);
    const lines = new LineStream(client);
    expect(await say(lines, 'HELLO secret-of-coding-agent')).toMatch(/^READY/);
    client.destroy();
    await served;
    const [opened] = world.events('session.opened');
    expect(opened).toMatchObject({ path: 'native', client: { address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) } });
  });

  test.each<[string, () => void, RegExp]>([
    ['a bundle that needs more than this gateway can', () => force(reachable(), ['floor-9']), /too old.*floor-9/],
    ['a connection that needs more', () => force(reachable({ capabilities: ['ssh-1'] })), /too old.*ssh-1/],
    ['a connection without a credential', () => force(reachable({ credential: null })), /no credential/],
  ])('%s is refused with its reason', async (_name, change, words) => {
    change();
    const { client, server: accepted } = await socketPair();
    const served = entry.native('connection-1', accepted);
    expect(await say(new LineStream(client), 'HELLO secret-of-coding-agent')).toMatch(words);
    await served;
    expect(target.connections).toBe(0);
  });

  test('a connection that is gone is closed', async () => {
    const { client, server: accepted } = await socketPair();
    client.resume();
    await entry.native('nowhere', accepted);
    await once(client, 'close');
    expect(world.live.size).toBe(0);
  });
});
