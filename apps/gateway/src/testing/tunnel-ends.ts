/** Both ends of a real tunnel over a real WebSocket on this machine. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTunnel, type Tunnel, type TunnelStream, tunnelSocketOptions, webSocketChannel } from '@sluice/tunnel';
import { WebSocket, WebSocketServer } from 'ws';

export interface TunnelEnds {
  /** The control plane's end: streams are opened here. */
  readonly controlPlane: Tunnel;
  close(): void;
}

export async function tunnelEnds(onStream: (stream: TunnelStream, header: unknown) => void): Promise<TunnelEnds> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...tunnelSocketOptions });
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnelSocketOptions);
  await once(socket, 'open');
  const [other] = await accepted;
  const quiet = { onNotice: () => undefined, onEnd: () => undefined };
  const gateway = createTunnel(webSocketChannel(socket), { role: 'gateway', onStream, ...quiet });
  const controlPlane = createTunnel(webSocketChannel(other), {
    role: 'control-plane',
    onStream: (stream) => stream.destroy(),
    ...quiet,
  });
  await Promise.all([gateway.ready, controlPlane.ready]);
  return {
    controlPlane,
    close: () => {
      controlPlane.close('the test is over');
      server.close();
    },
  };
}
