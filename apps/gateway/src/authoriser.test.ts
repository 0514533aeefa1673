import { createHash } from 'node:crypto';
import { Secret } from '@sluice/domain';
import { agent } from '@sluice/testkit/sessions';
import { toyConnection } from '@sluice/testkit/toy-echo';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Authoriser, proofMatches } from './authoriser.ts';
import { ControlPlane } from './control-plane.ts';
import { Lease } from './lease.ts';
import { ControlPlaneServer } from './testing/control-plane-server.ts';

let server: ControlPlaneServer;
let authoriser: Authoriser;
let now: number;
let epoch: number;
let expiresAt: string | null;

beforeAll(async () => {
  server = await ControlPlaneServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.received.length = 0;
  now = 1_000_000;
  epoch = 1;
  expiresAt = null;
  server.reply = () => ({ status: 200, json: { ok: true, actor: agent, expiresAt, accessUntil: null, epoch } });
  authoriser = new Authoriser(new ControlPlane(server.url, server.keys, server.gatewayId), () => now);
});

const secretProof = (secret: string) => ({ type: 'secret', secret: new Secret(secret) }) as const;
const ask = (more: { secret?: string; clientAddress?: string; connectionId?: string } = {}) =>
  authoriser.authorise({
    connection: toyConnection(1, { id: more.connectionId ?? 'c1' }),
    clientAddress: more.clientAddress ?? '10.0.0.1:5000',
    proof: secretProof(more.secret ?? 's1'),
    startup: { user: 'x' },
  });
const asked = () => server.received.length;

describe('who a secret belongs to', () => {
  test('a key stands by a digest that no password has, and the control plane is told what it was', async () => {
    const key = { type: 'key', algorithm: 'ssh-ed25519', fingerprint: 'SHA256:abc', publicKey: 'AAAA' } as const;
    const connection = toyConnection(1, { id: 'c1' });
    await authoriser.authorise({ connection, clientAddress: '10.0.0.1:5000', proof: key, startup: {} });
    const certificate = { ...key, type: 'certificate', authority: 'SHA256:ca', serial: '7' } as const;
    await authoriser.authorise({ connection, clientAddress: '10.0.0.1:5000', proof: certificate, startup: {} });
    const mark = Buffer.of(0xff);
    const digest = (text: string) =>
      createHash('sha256')
        .update(Buffer.concat([mark, Buffer.from(text)]))
        .digest('base64url');
    expect(server.bodyOf(0)).toMatchObject({ proof: 'key', secretHash: digest('key\0SHA256:abc') });
    expect(server.bodyOf(1)).toMatchObject({
      proof: 'certificate',
      secretHash: digest('certificate\0SHA256:ca\x007\0SHA256:abc'),
    });
    // The mark cannot be typed: decoded as UTF-8 it becomes another character.
    expect(proofMatches(secretProof(`${mark.toString('utf8')}key\0SHA256:abc`), digest('key\0SHA256:abc'))).toBe(false);
  });

  test('the hash is sent, never the secret', async () => {
    await ask({ secret: 'a native secret' });
    expect(server.bodyOf(0)).toEqual({
      connectionId: 'c1',
      clientAddress: '10.0.0.1:5000',
      secretHash: createHash('sha256').update('a native secret').digest('base64url'),
      startup: { user: 'x' },
    });
    expect(server.received[0]?.body.toString()).not.toContain('a native secret');
  });

  test('a yes serves 60 s for the same machine, secret and connection', async () => {
    await ask();
    now += 59_999;
    await ask({ clientAddress: '10.0.0.1:6000' });
    expect(asked()).toBe(1);
    now += 1;
    await ask();
    expect(asked()).toBe(2);
    await ask({ clientAddress: '10.0.0.2:5000' });
    await ask({ secret: 's2' });
    await ask({ connectionId: 'c2' });
    expect(asked()).toBe(5);
  });

  test('a no is asked again every time', async () => {
    server.reply = () => ({ status: 200, json: { ok: false, reason: 'revoked', message: 'm', hint: 'h' } });
    expect(await ask()).toMatchObject({ ok: false, reason: 'revoked' });
    await ask();
    expect(asked()).toBe(2);
  });

  test('a yes serves no longer than the secret itself', async () => {
    expiresAt = new Date(now + 10_000).toISOString();
    await ask();
    now += 10_000;
    await ask();
    expect(asked()).toBe(2);
  });

  test('a revocation drops every yes; only a second epoch asks live sessions again', async () => {
    expect(authoriser.epochIs(1)).toBe(false);
    await ask();
    expect(authoriser.epochIs(1)).toBe(false);
    await ask();
    expect(asked()).toBe(1);
    epoch = 2;
    expect(authoriser.epochIs(2)).toBe(true);
    await ask();
    expect(asked()).toBe(2);
  });

  test('a yes from before a revocation that was heard of meanwhile is asked for again', async () => {
    authoriser.epochIs(1);
    server.reply = () => {
      // The answer was made before the revocation, and arrives after its notice.
      const answer = { ok: true, actor: agent, expiresAt: null, accessUntil: null, epoch: asked() === 1 ? 1 : 2 };
      authoriser.epochIs(2);
      return { status: 200, json: answer };
    };
    expect(await ask()).toMatchObject({ ok: true, epoch: 2 });
    expect(asked()).toBe(2);
    server.reply = () => ({
      status: 200,
      json: { ok: true, actor: agent, expiresAt: null, accessUntil: null, epoch: 1 },
    });
    await expect(ask({ secret: 'other' })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('where rights change faster than they can be asked for, a yes that knew all that was heard before serves once', async () => {
    authoriser.epochIs(1);
    server.reply = () => {
      const heard = authoriser.epoch;
      authoriser.epochIs(heard + 1);
      return { status: 200, json: { ok: true, actor: agent, expiresAt: null, accessUntil: null, epoch: heard } };
    };
    expect(await ask()).toMatchObject({ ok: true, epoch: 3 });
    expect(asked()).toBe(3);
    await ask();
    expect(asked()).toBe(6);
  });

  test('while the control plane is away a remembered yes serves and everybody else is refused', async () => {
    await ask();
    server.reply = () => ({ status: 503 });
    expect(await ask()).toMatchObject({ ok: true });
    await expect(ask({ secret: 's2' })).rejects.toMatchObject({ code: 'control-plane-away', hint: expect.any(String) });
  });

  test('a password that is no secret of ours is not even asked about', async () => {
    expect(await ask({ secret: 'x'.repeat(1_025) })).toMatchObject({ ok: false, reason: 'unknown' });
    expect(asked()).toBe(0);
  });

  test('a ticket’s password is compared by its hash', () => {
    const hash = createHash('sha256').update('right').digest('base64url');
    expect(proofMatches(secretProof('right'), hash)).toBe(true);
    expect(proofMatches(secretProof('wrong'), hash)).toBe(false);
    expect(proofMatches(secretProof('right'), '')).toBe(false);
  });
});

describe('the offline lease (invariant 6)', () => {
  test('holds from a heartbeat for the connection’s own time, and never before the first one', () => {
    let clock = 0;
    const lease = new Lease(() => clock);
    const connection = toyConnection(1, { offlineLeaseSeconds: 10 });
    expect(lease.problem(connection)).toMatch(/since it started/);
    expect(lease.controlPlaneReachable()).toBe(false);
    lease.heard();
    expect(lease.problem(connection)).toBeNull();
    expect(lease.controlPlaneReachable()).toBe(true);
    clock = 3_501;
    expect(lease.controlPlaneReachable()).toBe(false);
    clock = 10_000;
    expect(lease.problem(connection)).toBeNull();
    clock = 10_001;
    expect(lease.problem(connection)).toMatch(/10 s/);
    lease.heard();
    expect(lease.problem(connection)).toBeNull();
  });
});
