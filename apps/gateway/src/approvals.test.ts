import type { ApprovalStatus } from '@sluice/domain';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Approvals } from './approvals.ts';
import { ControlPlane } from './control-plane.ts';
import { ControlPlaneServer, type Received, type Reply } from './testing/control-plane-server.ts';

let server: ControlPlaneServer;
let approvals: Approvals;
let state: ApprovalStatus['state'];
let logged: string[];

beforeAll(async () => {
  server = await ControlPlaneServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.received.length = 0;
  state = 'waiting';
  logged = [];
  server.reply = ({ method }) => (method === 'GET' ? { status: 200, json: status() } : { status: 200, json: {} });
  const controlPlane = new ControlPlane(server.url, server.keys, server.gatewayId);
  approvals = new Approvals({ controlPlane, startId: 'start-1', log: (_level, message) => logged.push(message) });
});
afterEach(() => approvals.close());

const status = (): ApprovalStatus => ({
  id: 'a',
  state,
  decidedBy: ['reviewer'],
  comment: 'fine',
  url: 'https://x',
  decisions: [],
});
const never = new AbortController().signal;
const outcome = { outcome: 'succeeded', rows: 1, durationMs: 5, error: null } as const;
const posts = () => server.received.filter(({ method }) => method === 'POST');

test('a decision that came before anybody waited settles at once', async () => {
  state = 'approved';
  expect(await approvals.settled('a', never)).toEqual(status());
});

test('a notice settles what waits, and only with an answer that is no longer waiting', async () => {
  const settled = approvals.settled('a', never);
  await expect.poll(() => server.received.length).toBe(1);
  approvals.noticed('a');
  await expect.poll(() => server.received.length).toBe(2);
  state = 'denied';
  approvals.noticed('another');
  approvals.noticed('a');
  expect(await settled).toMatchObject({ state: 'denied', comment: 'fine' });
  approvals.noticed('a');
  expect(server.received).toHaveLength(3);
});

test('a lost notice is made good by looking again', async () => {
  const settled = approvals.settled('a', never);
  await expect.poll(() => server.received.length).toBe(1);
  state = 'approved';
  approvals.recheckAll();
  expect(await settled).toMatchObject({ state: 'approved' });
});

test('while the control plane is away the wait goes on', async () => {
  server.reply = () => ({ status: 503 });
  const settled = approvals.settled('a', never);
  await expect.poll(() => server.received.length).toBe(1);
  server.reply = () => ({ status: 200, json: { ...status(), state: 'approved' } });
  approvals.recheckAll();
  expect(await settled).toMatchObject({ state: 'approved' });
  expect(logged).toEqual([]);
});

test('an abort ends the wait, before or while it lasts', async () => {
  const ending = new AbortController();
  const settled = approvals.settled('a', ending.signal);
  ending.abort(new Error('the client left'));
  await expect(settled).rejects.toThrow('the client left');
  await expect(approvals.settled('a', ending.signal)).rejects.toThrow('the client left');
});

test('an approval is used for this gateway start', async () => {
  expect(await approvals.consume('a', 'digest')).toBe(true);
  expect(JSON.parse(String(posts()[0]?.body))).toEqual({ gatewayStartId: 'start-1', effectDigest: 'digest' });
  server.reply = () => ({ status: 409 });
  expect(await approvals.consume('a', 'digest')).toBe(false);
});

test('outcomes are told in order, again until they are taken, and given up only when refused for good', async () => {
  const replies: ((request: Received) => Reply)[] = [
    () => ({ status: 503 }),
    () => ({ status: 429 }),
    () => ({ status: 409, json: { code: 'conflict' } }),
    () => ({ status: 200, json: {} }),
  ];
  server.reply = (request) => (replies.shift() ?? (() => ({ status: 200, json: {} })))(request);
  approvals.outcome('first', outcome);
  approvals.cancel('second', 'cancelled', 'the client left');
  await expect
    .poll(() => posts().map(({ path }) => path.split('/').at(-2)), { timeout: 20_000 })
    .toEqual(['first', 'first', 'first', 'second']);
  expect(logged).toHaveLength(1);
});
