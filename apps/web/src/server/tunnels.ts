import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { noteHello } from '@sluice/api';
import type { Database } from '@sluice/database';
import {
  closeTunnelRow,
  findSigningKey,
  type NewTunnel,
  openTunnelRow,
  readCounters,
  refreshTunnelRows,
} from '@sluice/database';
import type { NoticeToGateway } from '@sluice/domain';
import { noticeToControlPlaneSchema, SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import type { TunnelRegistry } from '@sluice/relay';
import { createTunnel, type Tunnel, tunnelSocketOptions, webSocketChannel } from '@sluice/tunnel';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { type VerifyOptions, verifyGateway } from './gateway-api/verify-gateway.ts';

/** Policy and revocation reach gateways within two of these, even when every notice on the bus is lost. In ms. */
const heartbeatMs = 1_000;
/** How long a heartbeat waits for Postgres; the next one asks anew, on another connection of the pool. In ms. */
const heartbeatReadMs = 5_000;
/** How often this node says in Postgres that its tunnels are alive, in ms; well below `tunnelStaleMs`. */
const refreshMs = 5_000;
/** Tunnels of one node: gateways, and their older tunnels while those drain. */
const maxTunnels = 2_000;

export interface TunnelsOptions extends VerifyOptions {
  readonly database: Database;
  readonly registry: TunnelRegistry;
  readonly nodeId: string;
  readonly log: Logger;
}

/** The tunnels that gateways hold to this node. */
export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #sockets = new WebSocketServer({ noServer: true, ...tunnelSocketOptions });
  readonly #open = new Map<Tunnel, string>();
  /** As they should stand in Postgres. */
  readonly #rows = new Map<Tunnel, NewTunnel>();
  readonly #timers: NodeJS.Timeout[];
  #beating = false;
  #beatAgain = false;

  constructor(options: TunnelsOptions) {
    this.#options = options;
    this.#timers = [
      setInterval(() => void this.beat(), heartbeatMs),
      setInterval(() => void this.#refresh(), refreshMs),
    ];
  }

  /** Takes a gateway's upgrade request. Throws SluiceError before anything was answered. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gateway = await verifyGateway(request, null, this.#options);
    if (this.#open.size >= maxTunnels) throw new SluiceError('too-many', 'This node holds too many tunnels.');
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket, gateway.id));
  }

  /** Tells every connected gateway the counters of this moment. Without them a gateway's lease runs out: silence closes. */
  async beat(): Promise<void> {
    if (this.#beating) {
      this.#beatAgain = true;
      return;
    }
    this.#beating = true;
    try {
      do {
        this.#beatAgain = false;
        const gatewayIds = this.#options.registry.online();
        if (gatewayIds.length === 0) continue;
        const notice = await this.#heartbeat();
        for (const gatewayId of gatewayIds) this.#options.registry.notify(gatewayId, notice);
      } while (this.#beatAgain);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the heartbeat could not be read');
    } finally {
      this.#beating = false;
    }
  }

  /** Ends the tunnels of gateways that are no longer trusted. */
  async endRevoked(): Promise<void> {
    for (const gatewayId of new Set(this.#open.values())) {
      if ((await findSigningKey(this.#options.database.db, gatewayId)) !== null) continue;
      for (const tunnel of this.#options.registry.tunnelsOf(gatewayId))
        tunnel.destroy(new SluiceError('forbidden', 'this gateway was revoked', { audience: 'operator' }));
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const tunnels = [...this.#open.keys()];
    for (const tunnel of tunnels) tunnel.close('the control plane’s node stops');
    await Promise.all(tunnels.map((tunnel) => tunnel.finished));
    this.#sockets.close();
  }

  #accept(webSocket: WebSocket, gatewayId: string): void {
    const { log, registry } = this.#options;
    const rowId = newId<'GatewayTunnel'>();
    // Writes about one tunnel follow each other: it must not be opened in Postgres after it was closed.
    let writes: Promise<void> = Promise.resolve();
    const write = (what: string, run: () => Promise<void>): void => {
      writes = writes
        .then(run)
        .catch((error: unknown) => log.warn({ err: error, gatewayId }, `${what} could not be noted`));
    };
    const tunnel = createTunnel(webSocketChannel(webSocket), {
      role: 'control-plane',
      onStream: (stream) => stream.destroy(new SluiceError('unsupported', 'gateways open no streams')),
      onNotice: (notice) => {
        const parsed = noticeToControlPlaneSchema.safeParse(notice);
        if (!parsed.success) {
          tunnel.destroy(new SluiceError('protocol-violation', 'an unknown notice', { audience: 'operator' }));
          return;
        }
        const { data } = parsed;
        if (data.type === 'hello')
          write('a hello', () => noteHello(this.#options.database, gatewayId, data, new Date()));
        else {
          // Its process ends: what is new goes to another member of its group from this moment on.
          registry.leave(tunnel);
          this.#rows.delete(tunnel);
          write('a draining tunnel', () => closeTunnelRow(this.#options.database.db, rowId));
        }
      },
      onEnd: (error) => {
        this.#open.delete(tunnel);
        this.#rows.delete(tunnel);
        log.info({ gatewayId, reason: error?.message ?? 'closed' }, 'tunnel down');
        write('a closed tunnel', () => closeTunnelRow(this.#options.database.db, rowId));
      },
    });
    this.#open.set(tunnel, gatewayId);
    tunnel.ready.then(
      () => {
        registry.add(gatewayId, tunnel);
        log.info({ gatewayId }, 'tunnel up');
        const row: NewTunnel = { id: rowId, gatewayId, nodeId: this.#options.nodeId, startId: null };
        if (!tunnel.ended && !tunnel.draining) this.#rows.set(tunnel, row);
        write('a tunnel', async () => {
          if (!tunnel.ended) await openTunnelRow(this.#options.database.db, row);
        });
        void this.beat();
      },
      () => undefined,
    );
  }

  async #heartbeat(): Promise<NoticeToGateway> {
    // One read that never ends (a connection that died without a word) must not silence all that come after it.
    const counters = await within(heartbeatReadMs, readCounters(this.#options.database.db));
    return { type: 'heartbeat', ...counters, time: new Date().toISOString() };
  }

  async #refresh(): Promise<void> {
    if (this.#rows.size === 0) return;
    try {
      await refreshTunnelRows(this.#options.database.db, [...this.#rows.values()], new Date());
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the tunnels could not be refreshed');
    }
  }
}

/** Rejects when `work` has not ended within so many ms. What it comes to afterwards is nobody's business. */
function within<T>(ms: number, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`Postgres did not answer within ${ms} ms`)), ms).unref();
    }),
  ]);
}
