import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SluiceError } from '@sluice/domain';
import { webSocketStream } from '@sluice/tunnel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { ApiClient } from './api-client.ts';
import { openRelayStream, runPassword } from './relay-stream.ts';

let server: Server;
let sockets: WebSocketServer;
let tickets: unknown[];
let refusals: (SluiceError | null)[];

beforeEach(async () => {
  [tickets, refusals] = [[], []];
  server = createServer();
  sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.once('message', () => {
      const stream = webSocketStream(socket);
      stream.on('error', () => undefined);
      const refusal = refusals.shift();
      if (refusal) stream.destroy(refusal);
      else stream.end('no TLS');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  for (const socket of sockets.clients) socket.terminate();
  server.close();
});

function api(): ApiClient {
  const mutate = (input: { readonly avoid?: readonly string[] }) => {
    tickets.push([...(input.avoid ?? [])]);
    const { port } = server.address() as AddressInfo;
    const issued = { ticket: {}, gatewayId: `gateway-${tickets.length}`, url: `ws://127.0.0.1:${port}` };
    return Promise.resolve({ ...issued, serverName: 'orders', caRoot: '', protocol: 'toy', options: {} });
  };
  return { connections: { issueTicket: { mutate } } } as unknown as ApiClient;
}

test('a gateway that does not take the ticket is avoided by the next one; what is no word of a gateway ends it', async () => {
  refusals = [
    new SluiceError('gateway-offline', 'the gateway of this connection is not connected'),
    new SluiceError('forbidden', 'the ticket was made for another gateway, start or connection'),
    null,
  ];
  await expect(openRelayStream(api(), 'orders', runPassword())).rejects.toThrow('the gateway did not answer');
  expect(tickets).toEqual([[], ['gateway-1'], ['gateway-1', 'gateway-2']]);
});

test('it gives up after a few, with what the last one said', async () => {
  refusals = Array.from({ length: 9 }, (_, at) => new SluiceError('unavailable', `refusal ${at + 1}`));
  await expect(openRelayStream(api(), 'orders', runPassword())).rejects.toThrow('refusal 5');
  expect(tickets).toHaveLength(5);
});
