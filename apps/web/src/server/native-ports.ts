import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { preferredMembers } from '@sluice/api';
import type { Bus, ConnectionRow, Database } from '@sluice/database';
import { listConnections } from '@sluice/database';
import type { CertificateAuthority } from '@sluice/identity';
import { manifestByName } from '@sluice/protocols/manifests';
import { type LastWords, RelayListeners, type TunnelRegistry } from '@sluice/relay';
import type { Logger } from 'pino';
import { z } from 'zod';

/** Changes that come together are one sync. In ms. */
const coalesceMs = 50;
/** Ports that could not be taken are tried again this often, in ms. */
const retryMs = 10_000;

const unavailableMessage = 'The gateway of this connection is not connected.';
const unavailableHint = 'Ask who runs the gateway to start it, then connect again.';
/** Members come and go, and what they can is part of who is chosen. */
const topics: ReadonlySet<string> = new Set(['connections', 'gateways']);
const liveSchema = z.object({ topic: z.string() });

export interface NativePortsOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly registry: TunnelRegistry;
  readonly host: string;
  readonly publicUrl: string;
  readonly proxies: readonly string[];
  readonly authority: CertificateAuthority;
  readonly log: Logger;
}

/** Keeps this node's native ports what the connections say. */
export class NativePorts {
  readonly #options: NativePortsOptions;
  readonly #listeners: RelayListeners;
  readonly #stops: (() => void)[];
  readonly #retry: NodeJS.Timeout;
  #leaf: { readonly context: SecureContext; readonly renewAt: number } | null = null;
  #protocols = new Map<string, string>();
  #pending: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: NativePortsOptions) {
    this.#options = options;
    this.#listeners = new RelayListeners({
      registry: options.registry,
      proxies: options.proxies,
      unavailable: (connectionId) => this.#lastWords(connectionId),
    });
    this.#stops = [
      options.bus.subscribe('sluice_live', (payload) => {
        const event = liveSchema.safeParse(payload);
        if (event.success && topics.has(event.data.topic)) this.#soon();
      }),
      options.bus.onGap(() => this.#soon()),
    ];
    this.#retry = setInterval(() => {
      const leafIsOld = this.#leaf !== null && this.#leaf.renewAt <= Date.now();
      if (leafIsOld || this.#listeners.problems().length > 0) this.#soon();
    }, retryMs);
  }

  /** Makes the ports what Postgres says now. */
  async sync(): Promise<void> {
    await this.#renewLeaf();
    const rows = await listConnections(this.#options.database.db, null);
    this.#protocols = new Map(rows.map((row) => [row.id, row.protocol]));
    await this.#listeners.sync(
      rows.flatMap((row) =>
        row.group === null || row.relayPort === null
          ? []
          : [
              {
                connectionId: row.id,
                gatewayIds: (address: string) => membersFor(row, address),
                host: this.#options.host,
                port: row.relayPort,
              },
            ],
      ),
    );
    for (const problem of this.#listeners.problems()) this.#options.log.warn(problem, 'a native port is not open');
  }

  problemOf(connectionId: string): string | null {
    return this.#listeners.problems().find((problem) => problem.connectionId === connectionId)?.message ?? null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#retry);
    clearTimeout(this.#pending);
    for (const stop of this.#stops) stop();
    await this.#listeners.close();
  }

  #lastWords(connectionId: string): LastWords {
    const manifest = manifestByName(this.#protocols.get(connectionId) ?? '');
    if (manifest === undefined) return { words: new Uint8Array(), tls: null };
    const words = manifest.unavailable(unavailableMessage, unavailableHint);
    const tls =
      manifest.tlsRequest === null || this.#leaf === null
        ? null
        : { ...manifest.tlsRequest, context: this.#leaf.context };
    return { words, tls };
  }

  /** This node's own certificate: used only to say, inside TLS, that a gateway is away. Sessions' TLS ends in the gateway. */
  async #renewLeaf(): Promise<void> {
    const now = new Date();
    if (this.#leaf !== null && this.#leaf.renewAt > now.getTime()) return;
    const { authority, host, publicUrl } = this.#options;
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
    const names = [host, new URL(publicUrl).hostname.replace(/^\[|\]$/g, ''), 'localhost', '127.0.0.1', '::1'];
    const serverNames = [...new Set(names.filter((name) => name !== '0.0.0.0' && name !== '::'))];
    const { certificate, notAfter } = await authority.issueLeaf(
      { publicKey, commonName: 'sluice relay', serverNames },
      now,
    );
    const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
    this.#leaf = {
      context: createSecureContext({ key, cert: `${certificate.trimEnd()}\n${authority.root}`, minVersion: 'TLSv1.2' }),
      renewAt: (now.getTime() + notAfter.getTime()) / 2,
    };
  }

  #soon(): void {
    this.#pending ??= setTimeout(() => {
      this.#pending = undefined;
      if (this.#closed) return;
      this.sync().catch((error: unknown) =>
        this.#options.log.error({ err: error }, 'the native ports could not be read'),
      );
    }, coalesceMs);
  }
}

/** One machine's clients keep their gateway: what it remembers of them is found again. */
function membersFor(row: ConnectionRow, clientAddress: string): string[] {
  return preferredMembers(row, clientAddress.replace(/:\d+$/, '')).map(({ id }) => id);
}

/** Whether something else on this machine listens on the port. */
export function portIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
