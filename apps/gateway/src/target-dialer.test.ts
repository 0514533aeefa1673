import { EchoServer, toyConnection } from '@sluice/testkit/toy-echo';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TargetDialer } from './target-dialer.ts';

let target: EchoServer;
const never = new AbortController().signal;

beforeAll(async () => {
  target = await EchoServer.start();
});
afterAll(() => target.stop());

const at = (host: string, port: number) => {
  const connection = toyConnection(port);
  return { ...connection, address: { ...connection.address, host } };
};

test.each([
  ['*', true],
  ['db.internal:*', true],
  ['db.internal:5432', true],
  ['db.internal:5433', false],
  ['db.internal', false],
  ['internal:*', false],
  ['*.internal:5432', false],
  ['', false],
])('the gateway’s own list: %s → %s', (rule, allowed) => {
  expect(new TargetDialer([rule]).allows(at('db.internal', 5432).address)).toBe(allowed);
});

test('an empty list allows nothing, and says where to allow it', async () => {
  await expect(new TargetDialer([]).dial(toyConnection(target.port), never)).rejects.toMatchObject({
    code: 'target-unreachable',
    message: expect.stringContaining(`does not allow the target 127.0.0.1:${target.port}`),
    hint: expect.stringContaining('SLUICE_ALLOW_TARGETS'),
  });
  expect(target.connections).toBe(0);
});

test('an allowed target is reached', async () => {
  const socket = await new TargetDialer([`127.0.0.1:${target.port}`]).dial(toyConnection(target.port), never);
  expect(socket.remotePort).toBe(target.port);
  socket.destroy();
});

test('a target that is down says so', async () => {
  const down = await EchoServer.start();
  const { port } = down;
  await down.stop();
  await expect(new TargetDialer(['*']).dial(toyConnection(port), never)).rejects.toMatchObject({
    code: 'target-unreachable',
    message: `the target 127.0.0.1:${port} refused the connection`,
    hint: expect.stringContaining('start it'),
  });
});

test('a name that does not resolve says so', async () => {
  await expect(new TargetDialer(['*']).dial(at('no-such-host.invalid', 1), never)).rejects.toMatchObject({
    code: 'target-unreachable',
    message: expect.stringMatching(/no-such-host\.invalid/),
  });
});

test('a session that has ended dials nobody', async () => {
  await expect(new TargetDialer(['*']).dial(toyConnection(target.port), AbortSignal.abort())).rejects.toMatchObject({
    code: 'target-unreachable',
  });
});
