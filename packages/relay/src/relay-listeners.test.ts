import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SluiceError, type StreamOpen } from '@sluice/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ListenerWish, RelayListeners } from './relay-listeners.ts';
import { openTunnelPair, type TunnelPair } from './testing/tunnel-pair.ts';

const unavailable = Buffer.from('SORRY\n');
const megabytes10 = 10 * 1_048_576;

let pair: TunnelPair;
let listeners: RelayListeners;
const sockets: Socket[] = [];

beforeEach(async () => {
  pair = await openTunnelPair();
  listeners = newListeners();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listeners.close();
  await pair.close();
});

function newListeners(options: { proxies?: string[]; maxClientsPerConnection?: number } = {}): RelayListeners {
  return new RelayListeners({
    registry: pair.registry,
    unavailable: () => ({ words: unavailable, tls: null }),
    ...options,
  });
}

function wish(connectionId: string, port = 0, gatewayId = 'g'): ListenerWish {
  return { connectionId, gatewayIds: () => [gatewayId], host: '127.0.0.1', port };
}

async function dial(connectionId: string): Promise<Socket> {
  return dialPort(listeners.boundPorts().get(connectionId) ?? 0);
}

async function dialPort(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Not by iteration, which would destroy the stream at the end of its readable side. */
function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return once(stream, 'end').then(() => Buffer.concat(chunks));
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const echo = (stream: Duplex): void => {
  stream.on('error', () => undefined);
  stream.pipe(stream);
};

test('10 MB cross both ways unchanged, and an end of one direction leaves the other open', async () => {
  let header: StreamOpen | null = null;
  await pair.connectGateway('g', (stream, opened) => {
    header = opened;
    echo(stream);
  });
  await listeners.sync([wish('a')]);
  const socket = await dial('a');
  const clientAddress = `127.0.0.1:${socket.localPort}`;
  const bytes = randomBytes(megabytes10);
  socket.end(bytes);
  const back = await readAll(socket);
  expect(sha256(back)).toBe(sha256(bytes));
  expect(header).toEqual({ connectionId: 'a', clientAddress, ticket: null });
});

test('the target may end first while the client goes on sending', async () => {
  let received: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));
  await pair.connectGateway('g', (stream) => {
    stream.end('that is all');
    received = readAll(stream);
  });
  await listeners.sync([wish('a')]);
  const socket = await dial('a');
  expect((await readAll(socket)).toString()).toBe('that is all');
  socket.end('still here');
  await once(socket, 'close');
  expect((await received).toString()).toBe('still here');
});

test('a gateway that is gone in the middle of a session closes its clients', async () => {
  const gateway = await pair.connectGateway('g', echo);
  await listeners.sync([wish('a')]);
  const socket = await dial('a');
  socket.on('error', () => undefined);
  socket.write('hello');
  await once(socket, 'data');
  gateway.kill();
  await once(socket, 'end');
  expect(pair.registry.online()).toEqual([]);
});

test('a client that goes away resets its stream', async () => {
  const gone = new Promise<unknown>((resolve) => {
    void pair.connectGateway('g', (stream) => {
      stream.on('error', resolve);
      stream.resume();
      stream.write('hello');
    });
  });
  while (pair.registry.tunnelOf('g') === null) await new Promise((resolve) => pair.registry.onChange(resolve));
  await listeners.sync([wish('a')]);
  const socket = await dial('a');
  await once(socket, 'data');
  socket.resetAndDestroy();
  expect(await gone).toMatchObject({ code: 'cancelled' });
  while (listeners.clientCount() > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('without a gateway the client is told in its own protocol, even when it has sent something', async () => {
  await listeners.sync([wish('a')]);
  const socket = await dial('a');
  socket.write('startup packet');
  expect((await readAll(socket)).toString()).toBe('SORRY\n');
});

test('a gateway that takes no stream counts as unavailable', async () => {
  await pair.connectGateway('g', (stream) => {
    stream.on('error', () => undefined);
    stream.destroy(new SluiceError('unavailable', 'draining'));
  });
  await listeners.sync([wish('a')]);
  const socket = await dial('a');
  expect((await readAll(socket)).toString()).toBe('SORRY\n');
});

test('clients beyond the bound are told, and room comes back', async () => {
  await listeners.close();
  listeners = newListeners({ maxClientsPerConnection: 1 });
  await pair.connectGateway('g', echo);
  await listeners.sync([wish('a')]);
  const first = await dial('a');
  first.write('x');
  await once(first, 'data');
  const second = await dial('a');
  expect((await readAll(second)).toString()).toBe('SORRY\n');
  second.end();
  first.end();
  await once(first, 'close');
  while (listeners.clientCount('a') > 0) await new Promise((resolve) => setImmediate(resolve));
  const third = await dial('a');
  third.write('y');
  expect(String((await once(third, 'data'))[0])).toBe('y');
});

test('sync moves and stops ports and leaves the sessions of the others alone', async () => {
  await pair.connectGateway('g', echo);
  await listeners.sync([wish('a'), wish('b'), wish('c')]);
  const before = new Map(listeners.boundPorts());
  const [a, b, c] = [await dial('a'), await dial('b'), await dial('c')];
  for (const socket of [a, b, c]) {
    socket.on('error', () => undefined);
    socket.write('1');
    await once(socket, 'data');
  }
  const portOf = (id: string): number => before.get(id) ?? 0;
  const cClosed = once(c, 'close');
  c.resume();
  c.once('end', () => c.destroy());
  // b moves to the port that c gives up; a stays; c is gone with its sessions.
  await listeners.sync([wish('a'), wish('b', portOf('c'))]);
  await cClosed;
  expect(listeners.problems()).toEqual([]);
  expect(listeners.boundPorts()).toEqual(
    new Map([
      ['a', portOf('a')],
      ['b', portOf('c')],
    ]),
  );
  for (const socket of [a, b]) {
    socket.write('2');
    expect(String((await once(socket, 'data'))[0])).toBe('2');
  }
  const moved = await dial('b');
  moved.write('3');
  expect(String((await once(moved, 'data'))[0])).toBe('3');
  await expect(dialPort(portOf('b'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a port that is taken is a problem, and is tried again at the next sync', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const port = (squatter.address() as AddressInfo).port;
  await listeners.sync([wish('a', port), wish('b')]);
  expect(listeners.problems()).toEqual([
    { connectionId: 'a', host: '127.0.0.1', port, message: expect.stringContaining('already in use') },
  ]);
  expect([...listeners.boundPorts().keys()]).toEqual(['b']);
  squatter.close();
  await once(squatter, 'close');
  await listeners.sync([wish('a', port), wish('b')]);
  expect(listeners.problems()).toEqual([]);
  expect(listeners.boundPorts().get('a')).toBe(port);
});

function proxyHeader(source: number[], port: number): Buffer {
  const header = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 12]);
  const addresses = Buffer.from([...source, 127, 0, 0, 1, port >> 8, port & 255, 0x15, 0x38]);
  return Buffer.concat([header, addresses]);
}

test('a trusted proxy names the client, in pieces and with bytes behind; anything else from it is closed', async () => {
  await listeners.close();
  listeners = newListeners({ proxies: ['127.0.0.0/8'] });
  const seen: string[] = [];
  await pair.connectGateway('g', (stream, header) => {
    seen.push(header.clientAddress);
    echo(stream);
  });
  await listeners.sync([wish('a')]);
  const socket = await dial('a');
  const bytes = Buffer.concat([proxyHeader([203, 0, 113, 9], 40_000), Buffer.from('payload')]);
  for (const byte of bytes.subarray(0, 20)) socket.write(Buffer.from([byte]));
  socket.end(bytes.subarray(20));
  expect((await readAll(socket)).toString()).toBe('payload');
  expect(seen).toEqual(['203.0.113.9:40000']);
  const liar = await dial('a');
  liar.on('error', () => undefined);
  liar.write('GET / HTTP/1.1\r\n\r\n');
  liar.resume();
  liar.once('end', () => liar.destroy());
  await once(liar, 'close');
  expect(seen).toHaveLength(1);
});

test('from an address that is not listed, a PROXY header is just bytes of the client', async () => {
  await pair.connectGateway('g', echo);
  await listeners.sync([wish('a')]);
  const socket = await dial('a');
  const header = proxyHeader([203, 0, 113, 9], 40_000);
  socket.end(header);
  expect(await readAll(socket)).toEqual(header);
});

test('while one gateway of a group stops, and when it is gone, every new client is served by the other', async () => {
  const says = (name: string) => (stream: Duplex) => {
    stream.on('error', () => undefined);
    stream.end(name);
  };
  const first = await pair.connectGateway('g1', says('first'));
  await pair.connectGateway('g2', says('second'));
  await listeners.sync([{ connectionId: 'a', gatewayIds: () => ['g1', 'g2'], host: '127.0.0.1', port: 0 }]);
  const served = async () => (await readAll(await dial('a'))).toString();
  expect(await served()).toBe('first');
  const tunnel = pair.registry.tunnelOf('g1');
  if (tunnel === null) throw new Error('no tunnel');
  pair.registry.leave(tunnel);
  expect(pair.registry.online()).toEqual(['g2']);
  for (let client = 0; client < 20; client++) expect(await served()).toBe('second');
  first.kill();
  for (let client = 0; client < 20; client++) expect(await served()).toBe('second');
  await pair.connectGateway('g1', says('first again'));
  await expect.poll(served).toBe('first again');
});

test('a gateway that refuses or goes away before it said a word leaves the client, and all it said, to the next', async () => {
  const refusing = (code: 'unavailable' | 'not-found') => (stream: Duplex) => {
    stream.on('error', () => undefined);
    stream.once('data', () => stream.destroy(new SluiceError(code, 'not yet')));
  };
  await pair.connectGateway('g1', refusing('unavailable'));
  await pair.connectGateway('g2', refusing('not-found'));
  const third = await pair.connectGateway('g3', (stream) => {
    stream.on('error', () => undefined);
    stream.once('data', () => third.kill());
  });
  const got: string[] = [];
  await pair.connectGateway('g4', (stream) => {
    stream.on('data', (chunk: Buffer) => got.push(chunk.toString()));
    echo(stream);
  });
  const gatewayIds = () => ['g1', 'g2', 'g3', 'g4'];
  await listeners.sync([{ connectionId: 'a', gatewayIds, host: '127.0.0.1', port: 0 }]);
  const socket = await dial('a');
  socket.write('hello');
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  socket.end(', world');
  expect((await readAll(socket)).toString()).toBe(', world');
  expect(got.join('')).toBe('hello, world');
});

test('nobody is given to another gateway who was told something, or of whom not every byte is at hand', async () => {
  const seen: string[] = [];
  await pair.connectGateway('g1', (stream) => {
    stream.on('error', () => undefined);
    stream.once('data', (chunk: Buffer) => {
      if (chunk.length === 1) stream.write('told');
      setImmediate(() => stream.destroy(new SluiceError('unavailable', 'gone')));
    });
  });
  await pair.connectGateway('g2', (stream) => {
    seen.push('g2');
    echo(stream);
  });
  await listeners.sync([{ connectionId: 'a', gatewayIds: () => ['g1', 'g2'], host: '127.0.0.1', port: 0 }]);
  const told = await dial('a');
  told.write('x');
  expect((await readAll(told)).toString()).toBe('told');
  const long = await dial('a');
  long.write('x'.repeat(64));
  expect((await readAll(long)).toString()).toBe('SORRY\n');
  expect(seen).toEqual([]);
});
