/** The two doors of a gateway, both leading to `runSession`: a connection's own port, and a stream of the tunnel. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  actorSchema,
  type BundleConnection,
  hasCredential,
  SluiceError,
  streamOpenSchema,
  type Ticket,
  ticketSchema,
} from '@sluice/domain';
import { openSigned, ticketContext } from '@sluice/keys';
import { type LiveSessions, runSession, type SessionPorts, type TicketGrant } from '@sluice/session';
import type { TunnelStream } from '@sluice/tunnel';
import type { GatewayIdentity, WireProtocol } from '@sluice/wire-kit';
import type { Bundles } from './bundles.ts';
import type { Leaves } from './leaves.ts';

/** Tickets that were used; each is remembered until it has expired anyway. */
const maxUsedTickets = 100_000;
const tlsTimeoutMs = 10_000;
/** How long streams that are already on their way to a stopping gateway are still taken. */
const handOverMs = 250;
/** Sessions that began so short a time before a stop get as long again to come to their end by themselves. In ms. */
const youngMs = 2_000;
const settledPollMs = 20;

export interface EntryOptions {
  readonly bundles: Bundles;
  readonly leaves: Leaves;
  readonly ports: SessionPorts;
  readonly live: LiveSessions;
  /** What the gateway shows clients that pin keys, on this connection. */
  readonly identity: (connectionId: string) => GatewayIdentity;
  readonly gatewayId: string;
  readonly startId: string;
  /** The last revocation epoch that was heard of. */
  readonly epoch: () => number;
  readonly protocolByName: (name: string) => WireProtocol | undefined;
}

export class SessionEntry {
  readonly #options: EntryOptions;
  readonly #usedTickets = new Map<string, number>();
  /** When each of the sessions under way began, those in their handshake included, in ms of a steady clock. */
  readonly #begun = new Map<object, number>();

  constructor(options: EntryOptions) {
    this.#options = options;
  }

  /** A client of a native port. */
  async native(connectionId: string, socket: Socket): Promise<void> {
    const connection = this.#options.bundles.current?.connections.get(connectionId);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    await this.#run(connection, 'native', null, {
      stream: socket,
      clientAddress: printAddress(socket.remoteAddress, socket.remotePort),
      loopback: isLoopback(socket.remoteAddress) && isLoopback(socket.localAddress),
      secured: false,
      tls: this.#options.leaves.of(connection.id),
    });
  }

  /** A stream that the control plane's relay opened; its header is checked here. */
  async tunnelled(stream: TunnelStream, header: unknown): Promise<void> {
    // Whoever reads the stream sees its end; an error event that nobody listens to would end the process, and every session in it.
    stream.on('error', () => undefined);
    const open = streamOpenSchema.safeParse(header);
    const current = this.#options.bundles.current;
    if (current === null) {
      // It has just started: the relay gives the client to another gateway of the group.
      stream.destroy(new SluiceError('unavailable', 'this gateway has no policy yet'));
      return;
    }
    const connection = open.success ? current.connections.get(open.data.connectionId) : undefined;
    if (!open.success || connection === undefined) {
      stream.destroy(new SluiceError('not-found', 'this gateway has no such connection'));
      return;
    }
    const tls = this.#options.leaves.of(connection.id);
    const { clientAddress, ticket } = open.data;
    if (ticket === null) {
      if (tls === null && this.#needsTls(connection)) {
        stream.destroy(noLeafYet());
        return;
      }
      await this.#run(connection, 'relay', null, { stream, clientAddress, loopback: false, secured: false, tls });
      return;
    }
    try {
      const grant = this.#redeem(ticket, connection);
      if (tls === null) throw noLeafYet();
      const secure = await endTls(stream, tls());
      await this.#run(connection, 'ticket', grant, {
        stream: secure,
        clientAddress,
        loopback: false,
        secured: true,
        tls: null,
      });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#options.ports.log('warn', 'a ticket was refused', {
        connection: connection.name,
        code: error.code,
        message: error.message,
      });
      stream.destroy(error);
    }
  }

  /**
   * Takes what was on its way, then resolves when none of the sessions that began within the last `ms` is under way any more, after `ms`
   * at the latest. A client that came just before a stop mostly wants one answer: cut off at once, it would be the only one who noticed.
   */
  async settled(ms = youngMs): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, handOverMs));
    const asked = performance.now();
    const young = [...this.#begun].filter(([, begun]) => begun > asked - ms).map(([session]) => session);
    while (performance.now() < asked + ms && young.some((session) => this.#begun.has(session)))
      await new Promise((resolve) => setTimeout(resolve, settledPollMs));
  }

  async #run(
    connection: BundleConnection,
    path: 'native' | 'relay' | 'ticket',
    ticket: TicketGrant | null,
    transport: Parameters<typeof runSession>[0]['transport'],
  ): Promise<void> {
    const { ports, live, identity, protocolByName } = this.#options;
    const protocol = protocolByName(connection.address.protocol);
    if (protocol === undefined) {
      ports.log('error', 'a connection of an unknown protocol', { connection: connection.name });
      transport.stream.destroy();
      return;
    }
    this.#begun.set(transport, performance.now());
    try {
      await runSession(
        {
          transport: { ...transport, identity: identity(connection.id) },
          connection,
          protocol,
          path,
          ticket,
          problem: this.#problem(connection),
        },
        ports,
        live,
      );
    } finally {
      this.#begun.delete(transport);
    }
  }

  #needsTls({ address }: BundleConnection): boolean {
    return (this.#options.protocolByName(address.protocol)?.manifest.tlsRequest ?? null) !== null;
  }

  #problem(connection: BundleConnection): string | null {
    const problem = this.#options.bundles.problemOf(connection.id);
    if (problem !== null) return problem;
    if (!hasCredential(connection, 'writer')) return `connection ${connection.name} has no credential for this gateway`;
    return null;
  }

  /** Checks a ticket and spends it: for this gateway start, this connection, once, within its 30 s. */
  #redeem(signed: { payload: string; signature: string; keyId: string }, connection: BundleConnection): TicketGrant {
    const { bundles, gatewayId, startId } = this.#options;
    const ticket: Ticket = openSigned({
      signed,
      context: ticketContext,
      schema: ticketSchema,
      publicKeyOf: bundles.publicKeyOf,
    });
    const expires = Date.parse(ticket.expiresAt);
    if (ticket.gatewayId !== gatewayId || ticket.gatewayStartId !== startId || ticket.connectionId !== connection.id) {
      throw new SluiceError('forbidden', 'the ticket was made for another gateway, start or connection');
    }
    if (!(expires > Date.now())) throw new SluiceError('forbidden', 'the ticket has expired');
    if (ticket.epoch < this.#options.epoch()) {
      throw new SluiceError('forbidden', 'rights changed after the ticket was made');
    }
    this.#forgetExpired();
    if (this.#usedTickets.has(ticket.id)) throw new SluiceError('forbidden', 'the ticket was used before');
    if (this.#usedTickets.size >= maxUsedTickets) throw new SluiceError('too-many', 'too many tickets at once');
    this.#usedTickets.set(ticket.id, expires);
    const actor = actorSchema.safeParse(ticket.actor);
    if (!actor.success) throw new SluiceError('bad-request', 'the ticket speaks for nobody that this gateway knows');
    return {
      actor: actor.data,
      secretHash: ticket.secretHash,
      expiresAt: ticket.sessionExpiresAt,
      accessUntil: ticket.accessUntil,
      grants: ticket.grants,
      credential: ticket.credential,
    };
  }

  #forgetExpired(): void {
    const now = Date.now();
    // Insertion order is about expiry order: every ticket lives equally long.
    for (const [id, expires] of this.#usedTickets) {
      if (expires > now) break;
      this.#usedTickets.delete(id);
    }
  }
}

/** As above: so soon after its start another gateway of the group serves the client better than a refusal of TLS. */
function noLeafYet(): SluiceError {
  return new SluiceError('unavailable', 'this gateway has no TLS certificate for the connection yet');
}

/** Ends the TLS that the CLI put around a plain client. */
async function endTls(
  stream: TunnelStream,
  secureContext: NonNullable<ConstructorParameters<typeof TLSSocket>[1]>['secureContext'],
): Promise<TLSSocket> {
  const secure = new TLSSocket(stream, { isServer: true, secureContext: secureContext! });
  const timer = setTimeout(
    () => secure.destroy(new SluiceError('timed-out', 'TLS was not begun in time')),
    tlsTimeoutMs,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      secure.once('secure', () => resolve());
      secure.once('error', (cause) =>
        reject(new SluiceError('protocol-violation', 'the client’s TLS failed', { cause })),
      );
      secure.once('close', () => reject(new SluiceError('protocol-violation', 'the client went away before TLS')));
    });
  } finally {
    clearTimeout(timer);
  }
  secure.on('error', () => undefined);
  return secure;
}

function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain === '::1' || plain.startsWith('127.');
}

function printAddress(address: string | undefined, port: number | undefined): string {
  if (address === undefined || port === undefined) return 'unknown';
  return address.includes(':') && !address.startsWith('::ffff:')
    ? `[${address}]:${port}`
    : `${address.replace('::ffff:', '')}:${port}`;
}
