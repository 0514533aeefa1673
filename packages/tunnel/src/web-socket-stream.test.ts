import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { webSocketStream } from './index.ts';

let http: Server;
let sockets: WebSocketServer;
let url: string;

beforeEach(async () => {
  http = createServer();
  sockets = new WebSocketServer({ server: http });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

/** Both ends; the client's is made while its socket is still connecting. */
async function pair(): Promise<[Duplex, Duplex]> {
  const arrived = once(sockets, 'connection') as Promise<[WebSocket]>;
  const client = webSocketStream(new WebSocket(url));
  const [socket] = await arrived;
  return [client, webSocketStream(socket)];
}

async function text(stream: Duplex): Promise<string> {
  let seen = '';
  stream.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await once(stream, 'end');
  return seen;
}

test('bytes written before the socket opened arrive, and each direction ends by itself', async () => {
  const [client, server] = await pair();
  client.write('a');
  client.write(Buffer.alloc(0));
  client.write('b');
  const seen = text(server);
  client.end('c');
  expect(await seen).toBe('abc');
  const answer = text(client);
  const closed = Promise.all([once(client, 'close'), once(server, 'close')]);
  server.end('still here');
  expect(await answer).toBe('still here');
  await closed;
});

test('a chunk above the message bound crosses in pieces', async () => {
  const [client, server] = await pair();
  let bytes = 0;
  server.on('data', (chunk: Buffer) => {
    expect(chunk.length).toBeLessThanOrEqual(65_536);
    bytes += chunk.length;
  });
  client.end(Buffer.alloc(1_000_000));
  await once(server, 'end');
  expect(bytes).toBe(1_000_000);
  client.resume();
  server.end();
  await once(client, 'close');
});

test('a browser that just closes ends both directions', async () => {
  const arrived = once(sockets, 'connection') as Promise<[WebSocket]>;
  const browser = new WebSocket(url);
  const [socket] = await arrived;
  const server = webSocketStream(socket);
  await once(browser, 'open');
  const seen = text(server);
  const closed = once(server, 'close');
  browser.send(Buffer.from('bye'));
  browser.close(1000);
  expect(await seen).toBe('bye');
  await closed;
});

test('the reason of a close is told even to a writer that ran into it', async () => {
  const arrived = once(sockets, 'connection') as Promise<[WebSocket]>;
  const client = webSocketStream(new WebSocket(url));
  const [socket] = await arrived;
  const failed = once(client, 'error');
  client.write('first');
  await once(socket, 'message');
  socket.close(4504, 'the gateway is away');
  client.write('second');
  expect((await failed)[0]).toMatchObject({ code: 'gateway-offline', message: 'the gateway is away' });
});

test('a socket that cannot connect, and a destroy while it connects, end the stream', async () => {
  const refused = webSocketStream(new WebSocket('ws://127.0.0.1:1/'));
  refused.write('x');
  const [error] = (await once(refused, 'error')) as [unknown];
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  const early = webSocketStream(new WebSocket(url));
  early.destroy();
  await once(early, 'close');
});
