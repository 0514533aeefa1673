/** The composition root of a control-plane node: opens everything, in order, and takes it down again. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type GatewayServices, nodeNoticeSchema } from '@sluice/api';
import { type Bus, type Database, openBus, openDatabase } from '@sluice/database';
import { gatewayPaths, SluiceError } from '@sluice/domain';
import {
  authenticateWebSession,
  noteKeysInUse,
  openInstallation,
  signInByProvider,
  signInLocally,
  signOut,
  webSessionMs,
} from '@sluice/identity';
import { atRestWith, newId } from '@sluice/keys';
import { TunnelRegistry } from '@sluice/relay';
import type { Logger } from 'pino';
import type { WebEnvironment } from '../env.ts';
import { EventExporter } from './event-exporter.ts';
import { gatewayPrefix, handleGatewayApi } from './gateway-api/gateway-handler.ts';
import { authenticate, type CallerOptions, softwareIn } from './http/callers.ts';
import { clientAddressReader } from './http/client-address.ts';
import { sendProblem, statusOf, toFault } from './http/problem.ts';
import { setPagePolicy, setSecurityHeaders } from './http/security-headers.ts';
import { LiveStreams } from './live.ts';
import { NativePorts, portIsFree } from './native-ports.ts';
import { Notifications } from './notifications.ts';
import { isStreamedExport, recordingOf, sendCertificate, sendRecording, sendStreamedExport } from './plain-routes.ts';
import { RelaySockets } from './relay-sockets.ts';
import { lendSignIn } from './sign-in-registry.ts';
import { Sweep } from './sweep.ts';
import { handleTrpc, pathOf, trpcPrefix } from './trpc-handler.ts';
import { Tunnels } from './tunnels.ts';
import { WebTerminals, webTerminalPrefix } from './web-terminal/web-terminals.ts';

/** Next's own request handler. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Forms of Next's routes (sign-in and sign-out) are small. Bytes. */
const maxFormBytes = 64 * 1024;
/** How long a client may take over the head of a request, and over all of it. In ms. */
const headersTimeoutMs = 20_000;
const requestTimeoutMs = 60_000;
/** The header by which sign-in, inside Next, learns the client's address. Whatever a client sent under this name is overwritten. */
const addressHeader = 'x-sluice-client-address';
const relayPath = '/api/relay';

export class ControlPlaneNode {
  readonly #env: WebEnvironment;
  readonly #log: Logger;
  readonly #database: Database;
  readonly #bus: Bus;
  readonly #services: GatewayServices;
  readonly #callers: CallerOptions;
  readonly #registry = new TunnelRegistry();
  readonly #tunnels: Tunnels;
  readonly #relay: RelaySockets;
  readonly #terminals: WebTerminals;
  readonly #ports: NativePorts;
  readonly #live: LiveStreams;
  readonly #sweep: Sweep;
  readonly #notifications: Notifications;
  readonly #exporter: EventExporter;
  readonly #addressOf: (request: IncomingMessage) => string;
  readonly #server: Server;
  #pages: PageHandler = () => Promise.reject(new Error('the pages are not ready'));

  /** Opens database, bus and keys; nothing listens yet. */
  static async open(env: WebEnvironment, log: Logger): Promise<ControlPlaneNode> {
    const database = openDatabase(env.databaseUrl);
    const { signing, authority, sshAuthority, beginRotation } = await openInstallation(
      database,
      env.masterKey,
      new Date(),
      env.oldMasterKey,
    );
    const { masterKey, oldMasterKey, authSecrets } = env;
    await noteKeysInUse(database, { masterKey, oldMasterKey, cookieSecret: authSecrets[0] }, new Date());
    const bus = await openBus({
      url: env.databaseUrl,
      onError: (error) => log.warn({ err: error }, 'the bus lost its connection'),
    });
    return new ControlPlaneNode(env, log, database, bus, {
      signing,
      authority,
      sshAuthority,
      beginKeyRotation: beginRotation,
    });
  }

  constructor(
    env: WebEnvironment,
    log: Logger,
    database: Database,
    bus: Bus,
    keys: Pick<GatewayServices, 'signing' | 'authority' | 'sshAuthority' | 'beginKeyRotation'>,
  ) {
    this.#env = env;
    this.#log = log;
    this.#database = database;
    this.#bus = bus;
    const registry = this.#registry;
    const { publicUrl, internalUrls, authSecrets } = env;
    this.#callers = { database, authSecrets, publicUrl };
    this.#tunnels = new Tunnels({ database, registry, nodeId: newId<'Node'>(), publicUrl, internalUrls, log });
    this.#relay = new RelaySockets({ registry, signing: keys.signing, log });
    this.#ports = new NativePorts({
      database,
      bus,
      registry,
      host: env.relayHost,
      publicUrl,
      proxies: env.trustedProxies,
      authority: keys.authority,
      log,
    });
    this.#services = {
      ...keys,
      atRest: atRestWith(env.masterKey),
      database,
      bus,
      publicUrl,
      eventFolder: env.eventFolder,
      oldKeysTaken: { master: env.oldMasterKey !== null, cookie: env.authSecrets.length > 1 },
      caRoot: keys.authority.root,
      relayHost: shownHost(env.relayHost, publicUrl),
      relayPorts: env.relayPorts,
      listenerPorts: env.listenerPorts,
      portIsFree: (port) => portIsFree(env.relayHost, port),
      relayProblem: (connectionId) => this.#ports.problemOf(connectionId),
    };
    this.#terminals = new WebTerminals({ services: this.#services, callers: this.#callers, registry, log });
    this.#live = new LiveStreams(bus, this.#callers);
    this.#sweep = new Sweep(database, log);
    this.#notifications = new Notifications({
      services: this.#services,
      databaseUrl: env.databaseUrl,
      allowedAddresses: env.notifyAllowAddresses,
      log,
    });
    this.#exporter = new EventExporter(this.#services, log);
    this.#addressOf = clientAddressReader(env.trustedProxies);
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.headersTimeout = headersTimeoutMs;
    this.#server.requestTimeout = requestTimeoutMs;
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#listenToNodes();
    this.#lendSignIn();
  }

  /** Serves. `pages` is Next, which is made for this server and so comes second. Resolves with the port. */
  async listen(pages: PageHandler): Promise<number> {
    this.#pages = pages;
    await this.#ports.sync();
    await this.#notifications.start();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: this.#env.host, port: this.#env.port }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  get server(): Server {
    return this.#server;
  }

  /** Stops taking anything new, tells gateways and pages, and closes what is left. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#live.close();
    this.#relay.close();
    this.#terminals.close();
    await Promise.all([
      this.#ports.close(),
      this.#tunnels.close(),
      this.#sweep.close(),
      this.#notifications.close(),
      this.#exporter.close(),
    ]);
    this.#server.closeAllConnections();
    await closed;
    await this.#bus.close();
    await this.#database.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setSecurityHeaders(response, this.#env.publicUrl);
    try {
      await this.#route(request, response);
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === 'internal') this.#log.error({ err: error, path: pathOf(request) }, 'a request failed');
      else
        this.#log.debug({ code: fault.code, path: pathOf(request), message: fault.message }, 'a request was refused');
      sendProblem(response, error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const address = this.#addressOf(request);
    const services = this.#services;
    const { publicUrl, internalUrls } = this.#env;
    if (path.startsWith(trpcPrefix))
      return handleTrpc(request, response, address, { ...this.#callers, services, log: this.#log });
    if (path.startsWith(gatewayPrefix))
      return handleGatewayApi(request, response, address, {
        database: this.#database,
        services,
        publicUrl,
        internalUrls,
      });
    if (request.method === 'POST' && path === '/api/slack')
      return this.#notifications.slack(request, response, address);
    const reads = request.method === 'GET';
    if (reads && path === '/api/live') return this.#live.handle(request, response, address);
    if (reads && path === '/api/ca') return sendCertificate(response, services.caRoot);
    const recording = reads ? recordingOf(path) : null;
    if (recording !== null) return sendRecording(request, response, recording, address, { ...this.#callers, services });
    if (reads && isStreamedExport(path))
      return sendStreamedExport(request, response, path, address, { ...this.#callers, services });
    return this.#page(request, response, path, address);
  }

  /** Pages and the sign-in routes, which Next serves. Who is not signed in is led to the sign-in page before any page is made. */
  async #page(request: IncomingMessage, response: ServerResponse, path: string, address: string): Promise<void> {
    demandSmallBody(request);
    request.headers[addressHeader] = address;
    if (isPage(request, path)) {
      setPagePolicy(request, response, this.#env.development);
      if (path !== '/sign-in' && (await authenticate(request, address, this.#callers)).caller === null) {
        const next = encodeURIComponent(request.url ?? '/');
        response.writeHead(307, { location: `/sign-in?next=${next}`, 'cache-control': 'no-store' }).end();
        return;
      }
    }
    await this.#pages(request, response);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const path = pathOf(request);
    // Next's hot reload has a listener of its own.
    if (this.#env.development && path.startsWith('/_next/')) return;
    socket.on('error', () => socket.destroy());
    try {
      if (path === gatewayPaths.tunnel) await this.#tunnels.upgrade(request, socket, head);
      else if (path === relayPath) this.#relay.upgrade(request, socket, head, this.#clientAddress(request));
      else if (path.startsWith(webTerminalPrefix)) {
        const addresses = { address: this.#addressOf(request), clientAddress: this.#clientAddress(request) };
        await this.#terminals.upgrade(request, socket, head, addresses);
      } else socket.destroy();
    } catch (error) {
      const fault = toFault(error);
      this.#log.info({ path, code: fault.code, message: fault.message }, 'an upgrade was refused');
      refuseUpgrade(socket, fault);
    }
  }

  /** `ip:port`, as streams carry it. */
  #clientAddress(request: IncomingMessage): string {
    const host = this.#addressOf(request);
    return host.includes(':')
      ? `[${host}]:${request.socket.remotePort ?? 0}`
      : `${host}:${request.socket.remotePort ?? 0}`;
  }

  #listenToNodes(): void {
    this.#bus.subscribe('sluice_notice', (payload) => {
      const parsed = nodeNoticeSchema.safeParse(payload);
      if (!parsed.success) return;
      const notice = parsed.data;
      if (notice.type === 'gateway') this.#registry.notify(notice.gatewayId, notice.notice);
      if (notice.type === 'counters') void this.#countersMoved();
    });
    this.#bus.onGap(() => void this.#countersMoved());
  }

  async #countersMoved(): Promise<void> {
    await this.#tunnels.beat();
    try {
      await this.#tunnels.endRevoked();
    } catch (error) {
      this.#log.warn({ err: error }, 'revoked gateways could not be looked up');
    }
  }

  #lendSignIn(): void {
    const { publicUrl, authSecrets, oidc } = this.#env;
    const database = this.#database;
    lendSignIn({
      providers: [{ type: 'local' }, ...(oidc === null ? [] : [oidc])],
      publicUrl,
      secrets: authSecrets.map((secret) => secret.reveal()),
      sessionSeconds: webSessionMs / 1000,
      originOf: (request) => ({
        address: request.headers.get(addressHeader),
        software: softwareIn(request.headers.get('user-agent')),
      }),
      ports: {
        signInLocally: (credentials, origin) => signInLocally(database, { credentials, ...origin }, new Date()),
        signInByProvider: (provider, email) => signInByProvider(database, { provider, email, ...nowhere }, new Date()),
        isOpen: async (sessionId) => (await authenticateWebSession(database, sessionId, new Date())) !== null,
        signOut: (sessionId) => signOut(database, sessionId, nowhere, new Date()),
      },
    });
  }
}

/** next-auth does not pass the request on here. */
const nowhere = { address: null, software: null };

/** A wildcard is no place to connect to; people then use the host of the public URL. */
function shownHost(relayHost: string, publicUrl: string): string {
  return relayHost === '0.0.0.0' || relayHost === '::' ? new URL(publicUrl).hostname : relayHost;
}

/** A document, as opposed to what belongs to one: Next's files and data, files beside the pages (`/icon.svg`), and the sign-in routes. */
function isPage(request: IncomingMessage, path: string): boolean {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  return reads && !path.startsWith('/api/') && !path.startsWith('/_next/') && !/^\/[^/]+\.[a-z0-9]{2,5}$/i.test(path);
}

function demandSmallBody(request: IncomingMessage): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const length = request.headers['content-length'];
  // Without a length the size would be known only after Next had read it.
  if (length === undefined && request.headers['transfer-encoding'] !== undefined)
    throw new SluiceError('bad-request', 'The request does not say how long it is.');
  if (Number(length ?? 0) > maxFormBytes) throw new SluiceError('too-large', 'The request is too long.');
}

function refuseUpgrade(socket: Duplex, fault: SluiceError): void {
  const body = JSON.stringify({ code: fault.code, message: fault.message, hint: fault.hint ?? null });
  socket.end(
    `HTTP/1.1 ${statusOf(fault.code)} Refused\r\nconnection: close\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
