import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { listenBacklog } from './limits.ts';
import { RelayClients, type RelayOptions } from './relay-clients.ts';

/** What a connection's native port on this node should be. Port 0: any free one, kept while the listener stays. */
export interface ListenerWish {
  readonly connectionId: string;
  /** The gateways that may serve it, of whom the first that is connected does, for one client address always the same. */
  readonly gatewayIds: (clientAddress: string) => readonly string[];
  readonly host: string;
  readonly port: number;
}

/** A listener that could not be started. It is tried again at the next sync. */
export interface ListenerProblem {
  readonly connectionId: string;
  readonly host: string;
  readonly port: number;
  /** A sentence for the connection's page. */
  readonly message: string;
}

interface Listener {
  wish: ListenerWish;
  readonly server: Server;
  readonly port: number;
}

/** The native ports of this node: one TCP listener per connection, whose clients are joined to streams of the gateway's tunnel. */
export class RelayListeners {
  readonly #clients: RelayClients;
  readonly #listeners = new Map<string, Listener>();
  #problems: ListenerProblem[] = [];
  #syncing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: RelayOptions) {
    this.#clients = new RelayClients(options);
  }

  /**
   * Makes the listeners what the list says. A listener whose host and port stay is left alone; one that moves keeps its open
   * sessions; the sessions of a connection that is gone from the list are closed. Calls follow one another. Never rejects because of
   * a port: see `problems`.
   */
  sync(wishes: readonly ListenerWish[]): Promise<void> {
    this.#syncing = this.#syncing.then(() => (this.#closed ? undefined : this.#sync(wishes)));
    return this.#syncing;
  }

  /** Connection id → port that is listened on. */
  boundPorts(): ReadonlyMap<string, number> {
    return new Map([...this.#listeners].map(([connectionId, { port }]) => [connectionId, port]));
  }

  problems(): readonly ListenerProblem[] {
    return this.#problems;
  }

  /** Clients that are connected now, of one connection or of all. */
  clientCount(connectionId?: string): number {
    return this.#clients.count(connectionId);
  }

  /** Stops every listener and closes every client. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#syncing;
    for (const connectionId of [...this.#listeners.keys()]) this.#stop(connectionId);
    this.#clients.closeAll();
  }

  async #sync(wishes: readonly ListenerWish[]): Promise<void> {
    const wanted = new Map(wishes.map((wish) => [wish.connectionId, wish]));
    // All that stop come before all that start, so that two connections may exchange ports.
    for (const [connectionId, listener] of this.#listeners) {
      const wish = wanted.get(connectionId);
      if (wish === undefined) {
        this.#stop(connectionId);
        this.#clients.closeOf(connectionId);
      } else if (wish.host !== listener.wish.host || wish.port !== listener.wish.port) this.#stop(connectionId);
      else listener.wish = wish;
    }
    const problems: ListenerProblem[] = [];
    for (const wish of wanted.values()) {
      if (this.#listeners.has(wish.connectionId)) continue;
      try {
        this.#listeners.set(wish.connectionId, await this.#start(wish));
      } catch (error) {
        const { connectionId, host, port } = wish;
        problems.push({ connectionId, host, port, message: problemText(wish, error) });
      }
    }
    this.#problems = problems;
  }

  #start(wish: ListenerWish): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: wish.host, port: wish.port, backlog: listenBacklog }, () => {
        server.off('error', reject);
        const listener: Listener = { wish, server, port: (server.address() as AddressInfo).port };
        // A failed accept (no file descriptors left) loses one client, not the listener.
        server.on('error', () => undefined);
        server.on('connection', (socket: Socket) => {
          this.#clients.accept(socket, listener.wish.connectionId, listener.wish.gatewayIds);
        });
        resolve(listener);
      });
    });
  }

  #stop(connectionId: string): void {
    // The port is free when this returns; the server object lives on while it has sockets.
    this.#listeners.get(connectionId)?.server.close();
    this.#listeners.delete(connectionId);
  }
}

function problemText(wish: ListenerWish, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const place = `${wish.host}:${wish.port}`;
  if (code === 'EADDRINUSE')
    return `Port ${wish.port} is already in use on ${wish.host}. Free it or choose another port.`;
  if (code === 'EACCES') return `Listening on ${place} is not permitted. Choose a port above 1023 or allow it.`;
  if (code === 'EADDRNOTAVAIL') return `${wish.host} is not an address of this machine.`;
  return `Listening on ${place} failed${code === '' ? '' : ` (${code})`}.`;
}
