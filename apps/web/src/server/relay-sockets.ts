import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ticket } from '@sluice/domain';
import { SluiceError, signedTicketSchema, ticketSchema } from '@sluice/domain';
import { openSigned, type SigningKeys, ticketContext } from '@sluice/keys';
import { relayWebSocket, type TunnelRegistry } from '@sluice/relay';
import { closeCodeOf, closeReason, tunnelSocketOptions } from '@sluice/tunnel';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

/** How long a client may take to send its ticket, in ms. */
const ticketTimeoutMs = 10_000;
const maxTicketBytes = 16_384;
/** Clients of one node that came by ticket. */
const maxSockets = 4_096;

export interface RelaySocketsOptions {
  readonly registry: TunnelRegistry;
  readonly signing: SigningKeys;
  readonly log: Logger;
}

/** Clients that come with a ticket: `sluice connect`, exec. */
export class RelaySockets {
  readonly #options: RelaySocketsOptions;
  readonly #sockets = new WebSocketServer({ noServer: true, clientTracking: true, ...tunnelSocketOptions });

  constructor(options: RelaySocketsOptions) {
    this.#options = options;
  }

  /** Takes an upgrade request. The ticket, which comes as the first message, is what opens anything. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, clientAddress: string): void {
    if (this.#sockets.clients.size >= maxSockets)
      throw new SluiceError('too-many', 'This node serves too many clients.');
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#await(webSocket, clientAddress));
  }

  close(): void {
    for (const client of this.#sockets.clients) client.terminate();
    this.#sockets.close();
  }

  #await(webSocket: WebSocket, clientAddress: string): void {
    const timer = setTimeout(
      () => refuse(webSocket, new SluiceError('timed-out', 'No ticket came in time.')),
      ticketTimeoutMs,
    );
    webSocket.on('error', () => undefined);
    webSocket.once('close', () => clearTimeout(timer));
    webSocket.once('message', (data, isBinary) => {
      clearTimeout(timer);
      // Everything up to the join happens in this tick, so that no byte behind the ticket is lost.
      this.#join(webSocket, data, isBinary, clientAddress);
    });
  }

  #join(webSocket: WebSocket, data: RawData, isBinary: boolean, clientAddress: string): void {
    try {
      const signed = readTicket(data, isBinary);
      const ticket = openSigned({
        signed,
        context: ticketContext,
        schema: ticketSchema,
        publicKeyOf: (keyId) => (keyId === this.#options.signing.keyId ? this.#options.signing.publicKey : null),
      });
      demandCurrent(ticket);
      const header = { connectionId: ticket.connectionId, clientAddress, ticket: signed };
      relayWebSocket(this.#options.registry, webSocket, header, ticket.gatewayId).catch((error: unknown) =>
        this.#options.log.warn({ err: error }, 'a relayed client failed'),
      );
    } catch (error) {
      refuse(webSocket, error);
    }
  }
}

function readTicket(data: RawData, isBinary: boolean) {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
  if (isBinary || bytes.length > maxTicketBytes)
    throw new SluiceError('bad-request', 'The first message is no ticket.');
  try {
    return signedTicketSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new SluiceError('bad-request', 'The first message is no ticket.', { cause });
  }
}

/** Single use is the gateway's to enforce: it alone sees every stream that a ticket opens. */
function demandCurrent(ticket: Ticket): void {
  if (new Date(ticket.expiresAt).getTime() <= Date.now())
    throw new SluiceError('unauthenticated', 'The ticket has expired.', {
      hint: 'Ask for a new one and connect at once.',
    });
}

function refuse(webSocket: WebSocket, error: unknown): void {
  const fault =
    error instanceof SluiceError ? error : new SluiceError('internal', 'the relay failed', { cause: error });
  webSocket.close(closeCodeOf(fault.code), closeReason(fault.message));
}
