import { SluiceError, type StreamOpen } from '@sluice/domain';
import { closeCodeOf, closeReason, webSocketStream } from '@sluice/tunnel';
import type { WebSocket } from 'ws';
import { joinStreams } from './join-streams.ts';
import { openTowards } from './relay-clients.ts';
import type { TunnelRegistry } from './tunnel-registry.ts';

/**
 * Joins a client's WebSocket to a stream of its gateway's tunnel. Call it in the tick in which the socket opened. An error closes the
 * socket with `closeCodeOf` its code and its message as the reason. Resolves when both sides have closed.
 */
export function relayWebSocket(
  registry: TunnelRegistry,
  socket: WebSocket,
  header: StreamOpen,
  gatewayId: string,
): Promise<void> {
  return new Promise((resolve) => {
    try {
      const stream = openTowards(registry, gatewayId, header);
      const client = webSocketStream(socket);
      joinStreams(client, stream, { endClient: (error) => client.destroy(error), onEnd: resolve });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      socket.on('error', () => undefined);
      socket.once('close', () => resolve());
      socket.close(closeCodeOf(error.code), closeReason(error.message));
    }
  });
}
