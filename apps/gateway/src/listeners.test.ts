import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { toyConnection } from '@sluice/testkit/toy-echo';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Listeners } from './listeners.ts';

let listeners: Listeners;
let ready: (connectionId: string) => boolean;
let accepted: { readonly connectionId: string; readonly socket: Socket }[];
const clients: Socket[] = [];

beforeEach(() => {
  accepted = [];
  ready = () => true;
  listeners = new Listeners(
    '127.0.0.1',
    (connectionId, socket) => accepted.push({ connectionId, socket }),
    (connectionId) => ready(connectionId),
  );
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  listeners.destroySockets();
  await listeners.close();
});

const on = (id: string, port: number | null) =>
  toyConnection(1, { id, listener: port === null ? null : { host: '0.0.0.0', port } });
const portOf = (id: string) => listeners.states().find(({ connectionId }) => connectionId === id)?.port ?? null;
const listening = async (id: string) => {
  await expect.poll(() => portOf(id)).not.toBeNull();
  return portOf(id)!;
};

function dial(port: number): Promise<'open' | 'refused'> {
  return new Promise((resolve) => {
    const client = connect(port, '127.0.0.1');
    clients.push(client);
    client.once('connect', () => resolve('open'));
    client.once('error', () => resolve('refused'));
  });
}

test('every connection has its own port, and the port alone says which', async () => {
  listeners.sync([on('a', 0), on('b', 0), on('c', null)]);
  const ports = { a: await listening('a'), b: await listening('b') };
  expect(portOf('c')).toBeNull();
  expect(await dial(ports.b)).toBe('open');
  await expect.poll(() => accepted.map(({ connectionId }) => connectionId)).toEqual(['b']);
});

test('a port opens once its connection is ready, and stays open while a leaf is renewed', async () => {
  ready = (id) => id === 'b';
  listeners.sync([on('a', 0), on('b', 0)]);
  await listening('b');
  expect(listeners.states().map(({ connectionId }) => connectionId)).toEqual(['b']);
  ready = (id) => id === 'a';
  listeners.sync([on('a', 0), on('b', 0)]);
  expect(await dial(await listening('a'))).toBe('open');
  expect(await dial(await listening('b'))).toBe('open');
});

test('what is gone is closed; its sessions stay open and its neighbours are not touched', async () => {
  listeners.sync([on('a', 0), on('b', 0)]);
  const [a, b] = [await listening('a'), await listening('b')];
  await dial(a);
  await expect.poll(() => accepted.length).toBe(1);
  listeners.sync([on('b', 0)]);
  expect(await dial(a)).toBe('refused');
  expect(portOf('b')).toBe(b);
  expect(accepted[0]?.socket.destroyed).toBe(false);
});

test('a port may change hands in one step', async () => {
  listeners.sync([on('a', 0)]);
  const port = await listening('a');
  listeners.sync([on('b', port)]);
  await expect.poll(() => portOf('b')).toBe(port);
  expect(await dial(port)).toBe('open');
  await expect.poll(() => accepted.map(({ connectionId }) => connectionId)).toEqual(['b']);
});

test('a port that another program has is said, and tried again at the next change', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()));
  const { port } = other.address() as AddressInfo;
  listeners.sync([on('a', port)]);
  await expect
    .poll(() => listeners.states())
    .toEqual([{ connectionId: 'a', port: null, error: `port ${port} is in use by another program` }]);
  await new Promise<void>((resolve) => other.close(() => resolve()));
  listeners.sync([on('a', port)]);
  await expect.poll(() => listeners.states()).toEqual([{ connectionId: 'a', port, error: null }]);
});

test('a client that resets its connection harms nobody', async () => {
  listeners.sync([on('a', 0)]);
  const port = await listening('a');
  await dial(port);
  await expect.poll(() => accepted.length).toBe(1);
  clients[0]?.resetAndDestroy();
  await expect.poll(() => accepted[0]?.socket.destroyed).toBe(true);
  expect(await dial(port)).toBe('open');
});
