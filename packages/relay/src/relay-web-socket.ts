import type { Duplex } from 'node:stream';
import { SluiceError, type StreamOpen } from '@sluice/domain';
import { webSocketStream } from '@sluice/tunnel';
import type { WebSocket } from 'ws';
import { joinStreams, whenClosed } from './join-streams.ts';
import { openTowards } from './relay-clients.ts';
import type { TunnelRegistry } from './tunnel-registry.ts';

/**
 * Joins a client's WebSocket to a stream of its gateway's tunnel. Call it in the tick in which the socket opened, or in which the
 * message before the first byte came: what arrives before is lost. An error closes the socket with `closeCodeOf` its code and its
 * message as the reason. Resolves when both sides have closed.
 */
export function relayWebSocket(
  registry: TunnelRegistry,
  socket: WebSocket,
  header: StreamOpen,
  gatewayId: string,
): Promise<void> {
  return relayStream(registry, webSocketStream(socket), header, gatewayId);
}

/** The same for a byte stream, such as a `webSocketStream` that was made at once and has waited while a ticket was checked. */
export function relayStream(
  registry: TunnelRegistry,
  client: Duplex,
  header: StreamOpen,
  gatewayId: string,
): Promise<void> {
  return new Promise((resolve) => {
    try {
      const stream = openTowards(registry, gatewayId, header);
      joinStreams(client, stream, { endClient: (error) => client.destroy(error), onEnd: resolve });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      client.on('error', () => undefined);
      whenClosed(client, resolve);
      client.destroy(error);
    }
  });
}
