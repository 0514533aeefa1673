import { type ApprovalStatus, gatewayPaths, maxAskedApprovals } from '@sluice/domain';
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
  server.reply = (request) => (isLookUp(request) ? settledAnswer(state) : { status: 200, json: {} });
  const controlPlane = new ControlPlane(server.url, server.keys, server.gatewayId);
  approvals = new Approvals({ controlPlane, startId: 'start-1', log: (_level, message) => logged.push(message) });
});
afterEach(() => approvals.close());

const status = (id = 'a'): ApprovalStatus => ({
  id,
  state,
  decidedBy: ['reviewer'],
  comment: 'fine',
  url: 'https://x',
  decisions: [],
});
/** Resolves with what people answered. */
const settledOf = (id: string) => new Promise<ApprovalStatus>((resolve) => approvals.watch(id, resolve));
const outcome = { outcome: 'succeeded', rows: 1, durationMs: 5, error: null } as const;
const isLookUp = ({ path }: Received) => path === gatewayPaths.settledApprovals;
const posts = () => server.received.filter((request) => !isLookUp(request));
const lookUps = () => server.received.filter(isLookUp).map(({ body }) => JSON.parse(String(body)).ids as string[]);
function settledAnswer(now: ApprovalStatus['state']): Reply {
  return { status: 200, json: { settled: now === 'waiting' ? [] : [{ ...status(), state: now }] } };
}

test('a decision that came before anybody waited settles at once', async () => {
  state = 'approved';
  expect(await settledOf('a')).toEqual(status());
});

test('a notice settles what waits, and only with an answer that is no longer waiting', async () => {
  const settled = settledOf('a');
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
  const settled = settledOf('a');
  await expect.poll(() => server.received.length).toBe(1);
  state = 'approved';
  approvals.recheckAll();
  expect(await settled).toMatchObject({ state: 'approved' });
});

test('a thousand holds are looked up in a few requests, one after another, and only those that still wait', async () => {
  const ids = Array.from({ length: 1_000 }, (_, i) => `hold-${i}`);
  const settled: string[] = [];
  for (const id of ids) approvals.watch(id, (status) => settled.push(status.id));
  await expect.poll(() => new Set(lookUps().flat()).size).toBe(1_000);
  expect(Math.max(...lookUps().map((asked) => asked.length))).toBe(maxAskedApprovals);
  const stay = ids.filter((_, i) => i % 2 === 1);
  for (const id of ids) if (!stay.includes(id)) approvals.unwatch(id);
  server.received.length = 0;
  server.reply = ({ body }) => {
    const { ids: asked } = JSON.parse(String(body)) as { ids: string[] };
    return { status: 200, json: { settled: asked.map((id) => ({ ...status(id), state: 'denied' })) } };
  };
  approvals.recheckAll();
  await expect.poll(() => settled.length).toBe(stay.length);
  expect(settled.sort()).toEqual(stay.sort());
  expect(lookUps()).toHaveLength(Math.ceil(stay.length / maxAskedApprovals));
});

test('while the control plane is away the wait goes on', async () => {
  server.reply = () => ({ status: 503 });
  const settled = settledOf('a');
  await expect.poll(() => server.received.length).toBe(1);
  server.reply = () => settledAnswer('approved');
  approvals.recheckAll();
  expect(await settled).toMatchObject({ state: 'approved' });
  expect(logged).toEqual([]);
});

test('who goes is not called, and not looked up any more', async () => {
  const called: string[] = [];
  approvals.watch('a', ({ state: now }) => called.push(now));
  await expect.poll(() => server.received.length).toBe(1);
  approvals.unwatch('a');
  state = 'approved';
  approvals.noticed('a');
  approvals.recheckAll();
  expect(await settledOf('a')).toMatchObject({ state: 'approved' });
  expect(called).toEqual([]);
  expect(lookUps()).toEqual([['a'], ['a']]);
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
