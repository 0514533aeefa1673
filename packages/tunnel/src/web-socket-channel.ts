import type { WebSocket } from 'ws';
import { closeCodeOf, closeReason } from './close-code.ts';
import { maxMessageBytes } from './limits.ts';
import type { MessageChannel, MessageChannelListener } from './message-channel.ts';

/**
 * What both ends of a tunnel's WebSocket must be made with: messages are bounded before they are read, and nothing is compressed
 * (what crosses is mostly TLS, and compressing secrets beside chosen text leaks them).
 */
export const tunnelSocketOptions = { perMessageDeflate: false, maxPayload: maxMessageBytes } as const;

/** A tunnel's channel over an open WebSocket of the `ws` library. */
export function webSocketChannel(socket: WebSocket): MessageChannel {
  socket.binaryType = 'nodebuffer';
  let listener: MessageChannelListener | null = null;
  const sent = (): void => listener?.onDrain();
  return {
    send(message) {
      if (socket.readyState === socket.OPEN) socket.send(message, sent);
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    listen(given) {
      listener = given;
      socket.on('message', (data, isBinary) => {
        if (isBinary && Buffer.isBuffer(data)) given.onMessage(data);
        else given.onText();
      });
      let over = false;
      const finish = (code: number, reason: string): void => {
        if (over) return;
        over = true;
        given.onClose(code, reason);
      };
      // The library answers a malformed WebSocket frame with a close frame of its own and then waits up to 30 s for the peer; the
      // tunnel is over at once. After any other error 'close' follows and says more.
      socket.on('error', (error) => {
        const code = 'code' in error ? String(error.code) : '';
        if (code.startsWith('WS_ERR_'))
          finish(closeCodeOf('protocol-violation'), closeReason(`${code}: ${error.message}`));
      });
      socket.once('close', (code, reason) => finish(code, reason.toString('utf8')));
    },
    close(code, reason) {
      socket.close(code, reason);
    },
    terminate() {
      socket.terminate();
    },
  };
}
