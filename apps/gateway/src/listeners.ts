/** Native ports: one per connection, so that no listener has to guess a route. */
import { createServer, type Server, type Socket } from 'node:net';
import type { BundleConnection } from '@sluice/domain';

/** Clients that one port accepts at once, those still in their handshake included. */
const maxSocketsPerPort = 600;

interface Port {
  readonly server: Server;
  readonly wanted: string;
  error: string | null;
}

export class Listeners {
  readonly #host: string;
  readonly #accept: (connectionId: string, socket: Socket) => void;
  readonly #isReady: (connectionId: string) => boolean;
  readonly #ports = new Map<string, Port>();
  readonly #sockets = new Set<Socket>();

  /** `isReady`: whether a client would be served, which needs a TLS leaf; before that its port does not open. */
  constructor(
    host: string,
    accept: (connectionId: string, socket: Socket) => void,
    isReady: (connectionId: string) => boolean,
  ) {
    this.#host = host;
    this.#accept = accept;
    this.#isReady = isReady;
  }

  /** Opens what is new and ready, closes what is gone; sessions that are open stay. A port that failed is tried again. */
  sync(connections: Iterable<BundleConnection>): void {
    const wanted = new Map<string, number>();
    for (const connection of connections)
      if (connection.listener !== null) wanted.set(connection.id, connection.listener.port);
    for (const [id, port] of this.#ports) {
      if (port.error === null && wanted.has(id) && port.wanted === String(wanted.get(id))) continue;
      port.server.close();
      this.#ports.delete(id);
    }
    for (const [id, port] of wanted) if (!this.#ports.has(id) && this.#isReady(id)) this.#listen(id, port);
  }

  states(): { readonly connectionId: string; readonly port: number | null; readonly error: string | null }[] {
    return [...this.#ports].map(([connectionId, { server, error }]) => {
      const address = server.address();
      return { connectionId, port: address !== null && typeof address === 'object' ? address.port : null, error };
    });
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#ports.values()].map(({ server }) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
    this.#ports.clear();
  }

  destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(connectionId: string, port: number): void {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // Every reader of the socket sees its end; an error event nobody listens to would end the process.
      socket.on('error', () => undefined);
      this.#accept(connectionId, socket);
    });
    const entry: Port = { server, wanted: String(port), error: null };
    server.maxConnections = maxSocketsPerPort;
    server.on('error', (error: NodeJS.ErrnoException) => {
      entry.error = error.code === 'EADDRINUSE' ? `port ${port} is in use by another program` : error.message;
    });
    server.listen(port, this.#host);
    this.#ports.set(connectionId, entry);
  }
}
