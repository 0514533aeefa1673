import { type ApprovalCreate, SluiceError } from '@sluice/domain';
import { generateSigningKeys } from '@sluice/keys';
import { permanentRefusals } from '@sluice/recording';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ControlPlane, ControlPlaneRefusal } from './control-plane.ts';
import { ControlPlaneServer, type Reply } from './testing/control-plane-server.ts';

let server: ControlPlaneServer;
let controlPlane: ControlPlane;

beforeAll(async () => {
  server = await ControlPlaneServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.received.length = 0;
  controlPlane = new ControlPlane(server.url, server.keys, server.gatewayId);
});

const answering = (reply: Reply) => {
  server.reply = () => reply;
};
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error as SluiceError,
  );
const push = () => controlPlane.pushChunk('s 1', 3, Buffer.from('chunk'));

describe('requests', () => {
  test('every request is signed over method, address and body, never twice alike', async () => {
    answering({ status: 204 });
    await controlPlane.bundle(7);
    await controlPlane.bundle(7, 'key');
    answering({ status: 200, json: {} });
    await controlPlane.cancelApproval('a/b', 'void', 'policy moved');
    answering({ status: 200, json: { durable: true, index: 3 } });
    await push();
    expect(server.received.map(({ method, path, signedBy }) => [method, path, signedBy])).toEqual([
      ['GET', '/api/gateway/bundle?have=7', server.gatewayId],
      ['GET', '/api/gateway/bundle?have=7&signedBy=key', server.gatewayId],
      ['POST', '/api/gateway/approvals/a%2Fb/cancel', server.gatewayId],
      ['POST', '/api/gateway/chunks?session=s%201&index=3', server.gatewayId],
    ]);
    expect(server.bodyOf(2)).toEqual({ state: 'void', reason: 'policy moved' });
    expect(server.received[3]?.body.toString()).toBe('chunk');
  });

  test('a signature by other keys does not verify', async () => {
    answering({ status: 204 });
    await new ControlPlane(server.url, generateSigningKeys(), server.gatewayId).bundle(0);
    expect(server.received[0]?.signedBy).toMatch(/signature is wrong/);
  });

  test('enrolling is the one request without a signature; from then on its id signs', async () => {
    const answer = {
      gatewayId: server.gatewayId,
      bundleKey: { keyId: 'k', publicKey: 'p' },
      caRoot: 'pem',
    };
    answering({ status: 200, json: answer });
    const fresh = new ControlPlane(server.url, server.keys, null);
    await expect(fresh.bundle(0)).rejects.toMatchObject({ code: 'unauthenticated' });
    const keys = { signingKey: 's', sealingKey: 'x' };
    await fresh.enrol({ token: 'slg_x', name: 'g', ...keys, version: '1', hostname: 'h', capabilities: [] });
    answering({ status: 204 });
    await fresh.bundle(0);
    expect(server.received.map(({ signedBy }) => signedBy)).toEqual([null, server.gatewayId]);
  });
});

describe('answers', () => {
  test('nothing newer is null', async () => {
    answering({ status: 204 });
    expect(await controlPlane.bundle(1)).toBeNull();
  });

  test('consume: 409 is no, everything else that is not yes is an error', async () => {
    answering({ status: 200, json: {} });
    expect(await controlPlane.consumeApproval('a', 'start', 'digest')).toBe(true);
    expect(server.bodyOf(0)).toEqual({ gatewayStartId: 'start', effectDigest: 'digest' });
    answering({ status: 409, json: { code: 'conflict', message: 'it was denied' } });
    expect(await controlPlane.consumeApproval('a', 'start', 'digest')).toBe(false);
    answering({ status: 404 });
    await expect(controlPlane.consumeApproval('a', 'start', 'digest')).rejects.toBeInstanceOf(ControlPlaneRefusal);
  });

  test('an approval that is raised comes back as its status', async () => {
    const status = { id: 'a', state: 'waiting', decidedBy: [], decisions: [], comment: null, url: 'https://x' };
    answering({ status: 200, json: status });
    expect(await controlPlane.createApproval({ id: 'a' } as ApprovalCreate)).toEqual(status);
  });

  test.each<[string, Reply]>([
    ['a fault', { status: 503, json: { code: 'forbidden' } }],
    ['an answer cut off', 'cut'],
    ['a redirect', { status: 302, raw: '' }],
  ])('%s is a control plane that is away', async (_name, reply) => {
    answering(reply);
    expect(await failureOf(controlPlane.settledApprovals(['a']))).toMatchObject({ code: 'control-plane-away' });
  });

  test('nobody there is a control plane that is away', async () => {
    const gone = await ControlPlaneServer.start();
    const { url } = gone;
    await gone.stop();
    const away = new ControlPlane(url, server.keys, server.gatewayId);
    expect(await failureOf(away.settledApprovals(['a']))).toMatchObject({ code: 'control-plane-away' });
  });

  test.each<[string, Reply]>([
    ['no JSON', { status: 200, raw: '<html>sign in to the hotel' }],
    ['another shape', { status: 200, json: { state: 'fine' } }],
    ['an endless answer', { status: 200, raw: Buffer.alloc(17 * 1024 * 1024, 0x20) }],
  ])('%s is an error that says so, not a crash', async (_name, reply) => {
    answering(reply);
    const failure = await failureOf(controlPlane.settledApprovals(['a']));
    expect(failure).toBeInstanceOf(SluiceError);
    expect(failure).toMatchObject({ code: 'unavailable' });
  });
});

describe('what becomes of a chunk', () => {
  const isPermanent = async () => permanentRefusals.includes((await failureOf(push()))?.code ?? 'internal');

  test.each([401, 404, 408, 429, 500, 502, 503])(
    '%i: it stays in the spool, whatever the body says',
    async (status) => {
      answering({ status, json: { code: 'bad-request', message: 'no' } });
      expect(await isPermanent()).toBe(false);
      answering({ status, raw: '' });
      expect(await isPermanent()).toBe(false);
    },
  );

  test.each([
    [400, 'recording-damaged'],
    [400, 'bad-request'],
    [403, 'forbidden'],
    [409, 'conflict'],
    [413, 'too-large'],
  ])('%i %s: it is set aside', async (status, code) => {
    answering({ status, json: { code, message: 'no' } });
    expect(await failureOf(push())).toMatchObject({ code });
    expect(await isPermanent()).toBe(true);
    answering({ status, raw: '' });
    expect(await isPermanent()).toBe(true);
  });

  test('only the control plane’s own word that this chunk is durable lets it go', async () => {
    for (const reply of [
      { status: 200, raw: 'ok' },
      { status: 200, json: {} },
      { status: 200, json: { durable: true, index: 4 } },
    ]) {
      answering(reply);
      expect(await failureOf(push())).toMatchObject({ code: 'unavailable' });
    }
    answering({ status: 200, json: { durable: true, index: 3 } });
    expect(await failureOf(push())).toBeNull();
  });
});
