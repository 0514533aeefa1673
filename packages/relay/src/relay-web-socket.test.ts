import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { SluiceError } from '@sluice/domain';
import { webSocketStream } from '@sluice/tunnel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { relayStream } from './relay-web-socket.ts';
import { openTunnelPair, type TunnelPair } from './testing/tunnel-pair.ts';

let pair: TunnelPair;
beforeEach(async () => {
  pair = await openTunnelPair();
});
afterEach(() => pair.close());

function dial(gatewayId = 'g'): Duplex {
  return webSocketStream(new WebSocket(`${pair.url}/client`, { headers: { 'x-gateway': gatewayId } }));
}

function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return once(stream, 'end').then(() => Buffer.concat(chunks));
}

test('10 MB cross both ways unchanged, with half-close', async () => {
  await pair.connectGateway('g', (stream) => stream.pipe(stream));
  const bytes = randomBytes(10 * 1_048_576);
  const client = dial();
  client.end(bytes);
  const back = await readAll(client);
  const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
  expect(sha256(back)).toBe(sha256(bytes));
});

test('a client that does not read holds its sender back and nobody else', async () => {
  let sent = 0;
  await pair.connectGateway('g', (stream) => {
    stream.on('error', () => undefined);
    const chunk = Buffer.alloc(65_536);
    const more = (): void => {
      while (sent < 64 * 1_048_576) {
        sent += chunk.length;
        if (!stream.write(chunk)) return;
      }
    };
    stream.once('data', (first: Buffer) => {
      if (first.toString() === 'flood') {
        stream.on('drain', more);
        more();
      } else stream.end('answer');
    });
  });
  const stuck = dial();
  stuck.on('error', () => undefined);
  stuck.write('flood');
  await once(stuck, 'readable');
  // Others get their answers all the while; by then the flood has long run into its windows.
  for (let round = 0; round < 20; round += 1) {
    const other = dial();
    other.write('ask');
    expect((await readAll(other)).toString()).toBe('answer');
    other.end();
  }
  expect(sent).toBeLessThan(64 * 1_048_576);
  stuck.destroy();
});

test('without a gateway the close code and reason say so', async () => {
  const client = dial('nobody');
  const [error] = (await once(client, 'error')) as [unknown];
  expect(error).toMatchObject({ code: 'gateway-offline', message: 'the gateway of this connection is not connected' });
});

test('a reset of the gateway carries its code and a bounded reason', async () => {
  const reason = 'ä'.repeat(400);
  await pair.connectGateway('g', (stream) => {
    stream.on('error', () => undefined);
    stream.destroy(new SluiceError('target-unreachable', reason));
  });
  const client = dial();
  const [error] = (await once(client, 'error')) as [unknown];
  expect(error).toMatchObject({ code: 'target-unreachable', message: 'ä'.repeat(61) });
});

test('a client that closes resets its stream', async () => {
  const reset = new Promise((resolve) => {
    void pair.connectGateway('g', (stream) => {
      stream.on('error', resolve);
      stream.resume();
      stream.write('x');
    });
  });
  while (pair.registry.tunnelOf('g') === null) await new Promise((resolve) => pair.registry.onChange(resolve));
  const client = dial();
  client.on('error', () => undefined);
  await once(client, 'data');
  client.destroy();
  expect(await reset).toMatchObject({ code: 'cancelled' });
});

test('a text message is a protocol violation', async () => {
  await pair.connectGateway('g', (stream) => stream.on('error', () => undefined).resume());
  const socket = new WebSocket(`${pair.url}/client`, { headers: { 'x-gateway': 'g' } });
  await once(socket, 'open');
  socket.send('hello');
  const [code, text] = (await once(socket, 'close')) as [number, Buffer];
  expect([code, text.toString()]).toEqual([4422, 'a text message']);
});

test('a client that is gone before it is joined leaves nothing open', async () => {
  await pair.connectGateway('g', (stream) => stream.on('error', () => undefined).resume());
  for (const gatewayId of ['g', 'nobody']) {
    const client = dial();
    client.on('error', () => undefined).destroy();
    await once(client, 'close');
    await relayStream(
      pair.registry,
      client,
      { connectionId: 'c', clientAddress: '192.0.2.1:1', ticket: null },
      gatewayId,
    );
  }
  // The gateway's own last word on the stream is still under way.
  while (pair.registry.tunnelOf('g')?.openStreams !== 0) await new Promise((resolve) => setImmediate(resolve));
});
