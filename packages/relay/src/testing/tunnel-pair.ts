import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { StreamOpen } from '@sluice/domain';
import { createTunnel, dialTunnel, type Tunnel, tunnelSocketOptions, webSocketChannel } from '@sluice/tunnel';
import { type WebSocket, WebSocketServer } from 'ws';
import { relayWebSocket } from '../relay-web-socket.ts';
import { TunnelRegistry } from '../tunnel-registry.ts';

/** A control plane and a gateway over real sockets on loopback: `/tunnel` for gateways, anything else is a client's WebSocket. */
export interface TunnelPair {
  readonly registry: TunnelRegistry;
  readonly url: string;
  /** Connects a gateway and resolves when the registry has its tunnel. */
  readonly connectGateway: (
    gatewayId: string,
    onStream: (stream: Duplex, header: StreamOpen) => void,
  ) => Promise<ConnectedGateway>;
  readonly close: () => Promise<void>;
}

export interface ConnectedGateway {
  readonly tunnel: Tunnel;
  /** Cuts the gateway off without a word, as `kill -9` does, for good. */
  readonly kill: () => void;
}

export async function openTunnelPair(): Promise<TunnelPair> {
  const registry = new TunnelRegistry();
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true, ...tunnelSocketOptions });
  const serverSockets = new Map<string, WebSocket>();
  http.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const gatewayId = request.headers['x-gateway']?.toString() ?? '';
      if (request.url !== '/tunnel') {
        void relayWebSocket(
          registry,
          webSocket,
          { connectionId: 'c', clientAddress: '192.0.2.1:1', ticket: null },
          gatewayId,
        );
        return;
      }
      serverSockets.set(gatewayId, webSocket);
      const tunnel = createTunnel(webSocketChannel(webSocket), {
        role: 'control-plane',
        onStream: (stream) => stream.destroy(),
        onNotice: () => undefined,
        onEnd: () => undefined,
      });
      tunnel.ready.then(
        () => registry.add(gatewayId, tunnel),
        () => undefined,
      );
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const stop = new AbortController();

  return {
    registry,
    url,
    async connectGateway(gatewayId, onStream) {
      const own = new AbortController();
      const added = new Promise<void>((resolve) => {
        const unsubscribe = registry.onChange((id, online) => {
          if (id !== gatewayId || !online) return;
          unsubscribe();
          resolve();
        });
      });
      const tunnel = await new Promise<Tunnel>((resolve) => {
        dialTunnel({
          url: `${url}/tunnel`,
          headers: () => ({ 'x-gateway': gatewayId }),
          onTunnel: resolve,
          onStream: (stream, header) => onStream(stream, header as StreamOpen),
          onNotice: () => undefined,
          onStateChange: () => undefined,
          signal: AbortSignal.any([own.signal, stop.signal]),
        });
      });
      await added;
      return {
        tunnel,
        kill: () => {
          own.abort();
          serverSockets.get(gatewayId)?.terminate();
        },
      };
    },
    async close() {
      stop.abort();
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
