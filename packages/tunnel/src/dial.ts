import { setMaxListeners } from 'node:events';
import { isIP } from 'node:net';
import { SluiceError } from '@sluice/domain';
import { WebSocket } from 'ws';
import { createTunnel } from './channel-tunnel.ts';
import { systemClock, type TunnelClock } from './clock.ts';
import * as limits from './limits.ts';
import type { Tunnel, TunnelOptions } from './tunnel.ts';
import { tunnelSocketOptions, webSocketChannel } from './web-socket-channel.ts';

export type DialState =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  /** `error` is null when the tunnel ended cleanly. */
  | { readonly state: 'waiting'; readonly delayMs: number; readonly error: SluiceError | null }
  | { readonly state: 'stopped' };

export interface DialOptions extends Pick<TunnelOptions, 'onStream' | 'onNotice'> {
  /** `ws:` or `wss:`. */
  readonly url: string;
  /** Asked before every attempt, because a signed request is good for one. */
  readonly headers: () => Record<string, string> | Promise<Record<string, string>>;
  /** PEM of the authority to trust instead of the system's. */
  readonly tlsCa?: string;
  /** A tunnel is ready. Called again for every new one. */
  readonly onTunnel: (tunnel: Tunnel) => void;
  readonly onStateChange: (state: DialState) => void;
  /** Aborting closes every tunnel at once and ends the dialling. */
  readonly signal: AbortSignal;
  readonly backoff?: { readonly minMs: number; readonly maxMs: number };
  /** In [0, 1). */
  readonly random?: () => number;
  readonly clock?: TunnelClock;
}

export interface TunnelDialer {
  /** The newest tunnel that is ready and takes streams; null while there is none. */
  readonly tunnel: Tunnel | null;
  /** Dials no more and lets the open streams finish. Resolves when the last tunnel has ended. */
  drain(): Promise<void>;
  /** Resolves when dialling has ended for good, after `drain` or the signal. */
  readonly finished: Promise<void>;
}

/**
 * Keeps a tunnel up for ever: dials, and when the tunnel ends or the control plane drains it, dials again after a wait with full jitter
 * below `min(maxMs, minMs · 2^attempt)`. A drained tunnel finishes its streams beside the new one.
 */
export function dialTunnel(options: DialOptions): TunnelDialer {
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  setMaxListeners(0, signal);
  const live = new Set<Tunnel>();
  let newest: Tunnel | null = null;
  const closeAll = (): void => {
    for (const tunnel of live) tunnel.close('the gateway stops');
  };
  options.signal.addEventListener('abort', closeAll, { once: true });

  const run = async (): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      options.onStateChange({ state: 'connecting' });
      const ended = await oneTunnel(options, signal, (tunnel) => {
        live.add(tunnel);
        newest = tunnel;
        void tunnel.finished.then(() => live.delete(tunnel));
        options.onStateChange({ state: 'connected' });
        options.onTunnel(tunnel);
      });
      if (signal.aborted) break;
      if (ended.upMs >= limits.stableAfterMs) attempt = 0;
      const delayMs = backoffDelayMs(attempt, options);
      options.onStateChange({ state: 'waiting', delayMs, error: ended.error });
      await waitFor(delayMs, signal, options.clock ?? systemClock);
    }
    await Promise.all([...live].map((tunnel) => tunnel.finished));
    options.signal.removeEventListener('abort', closeAll);
    options.onStateChange({ state: 'stopped' });
  };
  const finished = run();

  return {
    finished,
    get tunnel() {
      return newest === null || newest.ended || newest.draining ? null : newest;
    },
    drain() {
      stopping.abort();
      for (const tunnel of live) void tunnel.drain();
      return finished;
    },
  };
}

/** Full jitter: anything from 0 to the ceiling, so that gateways cut at once do not come back at once. */
export function backoffDelayMs(attempt: number, options: Pick<DialOptions, 'backoff' | 'random'>): number {
  const { minMs, maxMs } = options.backoff ?? { minMs: limits.backoffMinMs, maxMs: limits.backoffMaxMs };
  const ceiling = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
  return Math.floor((options.random ?? Math.random)() * ceiling);
}

interface EndedTunnel {
  readonly upMs: number;
  readonly error: SluiceError | null;
}

/** One attempt and its tunnel, until that ends or drains. Never rejects. */
async function oneTunnel(
  options: DialOptions,
  signal: AbortSignal,
  onReady: (tunnel: Tunnel) => void,
): Promise<EndedTunnel> {
  const clock = options.clock ?? systemClock;
  let socket: WebSocket;
  try {
    const headers = await options.headers();
    if (signal.aborted) return { upMs: 0, error: null };
    socket = newSocket(options, headers);
  } catch (error) {
    return { upMs: 0, error: asSluiceError(error) };
  }
  return new Promise((resolve) => {
    let readyAt: number | null = null;
    let tunnel: Tunnel | null = null;
    const abort = (): void => (tunnel === null ? socket.terminate() : tunnel.close('the gateway stops'));
    const done = (error: SluiceError | null): void => {
      signal.removeEventListener('abort', abort);
      resolve({ upMs: readyAt === null ? 0 : clock.now() - readyAt, error });
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('unexpected-response', (request, response) => {
      done(errorOfStatus(response.statusCode ?? 0));
      request.destroy();
    });
    socket.on('error', (error) => {
      if (tunnel === null) done(asSluiceError(error));
    });
    socket.once('close', () => {
      if (tunnel === null) done(new SluiceError('control-plane-away', 'the control plane closed the connection'));
    });
    // In the same tick, because the peer's HELLO may already stand behind the handshake's answer.
    socket.once('open', () => {
      const opened = createTunnel(webSocketChannel(socket), {
        role: 'gateway',
        onStream: options.onStream,
        onNotice: options.onNotice,
        onEnd: done,
        onDraining: () => done(null),
        clock,
      });
      tunnel = opened;
      opened.ready.then(
        () => {
          // From here on the dialer's own bookkeeping closes it.
          signal.removeEventListener('abort', abort);
          readyAt = clock.now();
          if (signal.aborted) opened.close('the gateway stops');
          else onReady(opened);
        },
        () => undefined,
      );
    });
  });
}

function newSocket(options: DialOptions, headers: Record<string, string>): WebSocket {
  const url = new URL(options.url);
  return new WebSocket(url, {
    ...tunnelSocketOptions,
    headers,
    handshakeTimeout: limits.dialTimeoutMs,
    followRedirects: false,
    ...(options.tlsCa === undefined ? {} : { ca: options.tlsCa }),
    ...(isPrivatePath(url) ? { generateMask: noMask } : {}),
  });
}

/**
 * RFC 6455, 10.3 masks what a client sends so that a page's script cannot put chosen bytes before a proxy. Inside TLS and on loopback
 * no proxy reads them, and a mask of zeros spares both sides a pass over every byte.
 */
function isPrivatePath(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const loopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  return url.protocol === 'wss:' || loopback;
}

function noMask(mask: Buffer): void {
  mask.fill(0);
}

function errorOfStatus(status: number): SluiceError {
  const message = `the control plane answered the tunnel's request with HTTP ${status}`;
  const options = { audience: 'operator' } as const;
  if (status === 401) {
    return new SluiceError('unauthenticated', message, {
      ...options,
      hint: 'Is the gateway enrolled, and is its clock right?',
    });
  }
  if (status === 403)
    return new SluiceError('forbidden', message, { ...options, hint: 'The gateway may have been removed.' });
  return new SluiceError('control-plane-away', message, {
    ...options,
    hint: 'Check the control plane’s URL and state.',
  });
}

function asSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SluiceError('control-plane-away', `the control plane cannot be reached: ${message}`, {
    audience: 'operator',
    cause: error,
  });
}

function waitFor(delayMs: number, signal: AbortSignal, clock: TunnelClock): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
