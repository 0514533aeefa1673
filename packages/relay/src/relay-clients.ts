import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SluiceError, type StreamOpen } from '@sluice/domain';
import { addressList, clientAddressText } from './client-address.ts';
import { joinStreams } from './join-streams.ts';
import { type FirstBytes, type LastWords, rememberFirstBytes, sayLastWords } from './last-words.ts';
import * as limits from './limits.ts';
import { readProxyHeader } from './proxy-header.ts';
import type { TunnelRegistry } from './tunnel-registry.ts';

export interface RelayOptions {
  readonly registry: TunnelRegistry;
  /** What a client is told in its own protocol when its gateway cannot be reached or takes no more clients. */
  readonly unavailable: (connectionId: string) => LastWords;
  /** Addresses and subnets of load balancers. From them, and from nobody else, a PROXY v2 header is demanded and believed. */
  readonly proxies?: readonly string[];
  readonly maxClientsPerConnection?: number;
  readonly maxClients?: number;
}

/** The gateways for a client's address, the first choice first. */
export type GatewaysFor = (clientAddress: string) => readonly string[];

/** Codes for which a client that has not been told anything yet is told that the gateway is unavailable. */
const unavailableCodes: ReadonlySet<string> = new Set(['unavailable', 'gateway-offline', 'too-many', 'timed-out']);
/** And those for which another gateway of the group is tried first: one that just started may not know the newest connection. */
const elsewhereCodes: ReadonlySet<string> = new Set([...unavailableCodes, 'not-found']);

/** The accepted sockets of all listeners, each joined to a stream of its gateway's tunnel. */
export class RelayClients {
  readonly #options: RelayOptions;
  readonly #proxies: { readonly has: (host: string) => boolean };
  /** Connection id → its sockets. */
  readonly #sockets = new Map<string, Set<Socket>>();
  #total = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#proxies = addressList(options.proxies ?? []);
  }

  count(connectionId?: string): number {
    return connectionId === undefined ? this.#total : (this.#sockets.get(connectionId)?.size ?? 0);
  }

  closeOf(connectionId: string): void {
    for (const socket of this.#sockets.get(connectionId) ?? []) socket.destroy();
  }

  closeAll(): void {
    for (const connectionId of this.#sockets.keys()) this.closeOf(connectionId);
  }

  accept(socket: Socket, connectionId: string, gatewayIds: GatewaysFor): void {
    // Whatever happens to the socket ends in 'close'.
    socket.on('error', () => undefined);
    const host = socket.remoteAddress;
    if (host === undefined) {
      socket.destroy();
      return;
    }
    const room = this.#hasRoom(connectionId);
    if (!room && this.#total >= 2 * this.#maxClients) {
      // Not even a sentence: goodbyes are bounded as well.
      socket.destroy();
      return;
    }
    this.#count(socket, connectionId);
    if (!room) {
      this.#refuse(socket, connectionId);
      return;
    }
    const own = clientAddressText(host, socket.remotePort ?? 0);
    if (!this.#proxies.has(host)) this.#join(socket, connectionId, gatewayIds, own);
    else awaitProxyHeader(socket, (address) => this.#join(socket, connectionId, gatewayIds, address ?? own));
  }

  get #maxClients(): number {
    return this.#options.maxClients ?? limits.maxClients;
  }

  #hasRoom(connectionId: string): boolean {
    const perConnection = this.#options.maxClientsPerConnection ?? limits.maxClientsPerConnection;
    return this.#total < this.#maxClients && this.count(connectionId) < perConnection;
  }

  #count(socket: Socket, connectionId: string): void {
    const sockets = this.#sockets.get(connectionId) ?? new Set();
    this.#sockets.set(connectionId, sockets.add(socket));
    this.#total += 1;
    socket.once('close', () => {
      this.#total -= 1;
      sockets.delete(socket);
      if (sockets.size === 0 && this.#sockets.get(connectionId) === sockets) this.#sockets.delete(connectionId);
    });
  }

  #join(socket: Socket, connectionId: string, gatewayIds: GatewaysFor, clientAddress: string): void {
    const header: StreamOpen = { connectionId, clientAddress, ticket: null };
    this.#tryEach(socket, header, gatewayIds(clientAddress), rememberFirstBytes(socket));
  }

  /**
   * Joins the client to the first of the gateways that takes it. One that goes away before it has said a word leaves the client to the
   * next: whoever was never asked for a credential has had nothing sent to a target. `said` is all that the client has sent.
   */
  #tryEach(socket: Socket, header: StreamOpen, gatewayIds: readonly string[], said: FirstBytes): void {
    const opened = openTowardsAny(this.#options.registry, gatewayIds, header);
    if (opened === null) {
      this.#refuse(socket, header.connectionId, said.take());
      return;
    }
    const { stream, others } = opened;
    const before = said.soFar();
    if (before.length > 0) stream.write(before);
    joinStreams(socket, stream, {
      endClient: (error) => {
        stream.unpipe(socket);
        const code = socket.bytesWritten > 0 || !(error instanceof SluiceError) ? '' : error.code;
        if (others.length > 0 && elsewhereCodes.has(code) && said.isWhole()) {
          socket.unpipe(stream);
          this.#tryEach(socket, header, others, said);
        } else if (unavailableCodes.has(code)) this.#refuse(socket, header.connectionId, said.take());
        else closeAfterWrites(socket);
      },
      onEnd: () => undefined,
    });
  }

  #refuse(socket: Socket, connectionId: string, read: Buffer = Buffer.alloc(0)): void {
    sayLastWords(socket, this.#options.unavailable(connectionId), read);
  }
}

/** Opens a stream on the first of the gateways that takes one; `others` are those behind it. Null when none does. */
function openTowardsAny(
  registry: TunnelRegistry,
  gatewayIds: readonly string[],
  header: StreamOpen,
): { readonly stream: Duplex; readonly others: readonly string[] } | null {
  for (const [at, gatewayId] of gatewayIds.entries()) {
    try {
      return { stream: openTowards(registry, gatewayId, header), others: gatewayIds.slice(at + 1) };
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
    }
  }
  return null;
}

/** Opens a stream on the gateway's newest tunnel. Throws SluiceError (`gateway-offline`, or what `openStream` throws). */
export function openTowards(registry: TunnelRegistry, gatewayId: string, header: StreamOpen): Duplex {
  const tunnel = registry.tunnelOf(gatewayId);
  if (tunnel === null) {
    throw new SluiceError('gateway-offline', 'the gateway of this connection is not connected', {
      hint: 'Ask who runs the gateway to start it, then try again.',
    });
  }
  return tunnel.openStream(header);
}

/**
 * Ends a socket once what was written has left, within `lingerMs`. It goes on reading and throws that away: closing a socket with unread
 * bytes resets it, and the client would never see the last words.
 */
function closeAfterWrites(socket: Socket): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), limits.lingerMs);
  socket.once('close', () => clearTimeout(timer));
  socket.unpipe();
  socket.resume();
  socket.end();
}

/** Waits for a PROXY v2 header, gives back the bytes behind it, and closes on anything else. */
function awaitProxyHeader(socket: Socket, onHeader: (clientAddress: string | null) => void): void {
  const timer = setTimeout(() => socket.destroy(), limits.proxyHeaderTimeoutMs);
  let seen: Buffer = Buffer.alloc(0);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('readable', read);
    socket.off('end', gone);
    socket.off('close', stop);
  };
  const gone = (): void => {
    stop();
    socket.destroy();
  };
  const read = (): void => {
    const chunk: unknown = socket.read();
    if (!Buffer.isBuffer(chunk)) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const header = readProxyHeader(seen);
    if (header.type === 'incomplete') return;
    if (header.type === 'malformed') {
      gone();
      return;
    }
    stop();
    if (seen.length > header.bytes) socket.unshift(seen.subarray(header.bytes));
    onHeader(header.clientAddress);
  };
  socket.on('readable', read);
  socket.once('end', gone);
  socket.once('close', stop);
}
