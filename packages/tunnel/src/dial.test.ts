import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  backoffDelayMs,
  createTunnel,
  type DialOptions,
  type DialState,
  dialTunnel,
  type Tunnel,
  tunnelSocketOptions,
  webSocketChannel,
} from './index.ts';

let http: Server;
let stop: AbortController;
const planes: Tunnel[] = [];
let arrived: (tunnel: Tunnel) => void = () => undefined;
let refuseWith: number | null = null;

beforeEach(async () => {
  stop = new AbortController();
  refuseWith = null;
  planes.length = 0;
  http = createServer();
  const sockets = new WebSocketServer({ noServer: true, ...tunnelSocketOptions });
  http.on('upgrade', (request, socket, head) => {
    if (refuseWith !== null) {
      socket.end(`HTTP/1.1 ${refuseWith} No\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const tunnel = createTunnel(webSocketChannel(webSocket), {
        role: 'control-plane',
        onStream: (stream) => stream.destroy(),
        onNotice: () => undefined,
        onEnd: () => undefined,
      });
      tunnel.ready.then(
        () => {
          planes.push(tunnel);
          arrived(tunnel);
        },
        () => undefined,
      );
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
});

afterEach(async () => {
  stop.abort();
  for (const tunnel of planes) tunnel.close('over');
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

function nextPlane(): Promise<Tunnel> {
  return new Promise((resolve) => {
    arrived = resolve;
  });
}

function options(given: Partial<DialOptions> = {}): DialOptions {
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    headers: () => ({}),
    onTunnel: () => undefined,
    onStateChange: () => undefined,
    onStream: (stream) => {
      stream.on('error', () => undefined);
      stream.pipe(stream);
    },
    onNotice: () => undefined,
    signal: stop.signal,
    backoff: { minMs: 1, maxMs: 5 },
    ...given,
  };
}

test('real sockets: 10 MB there and back on each of four streams', async () => {
  const plane = nextPlane();
  dialTunnel(options());
  const tunnel = await plane;
  const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  await Promise.all(
    Array.from({ length: 4 }, async (_, index) => {
      const bytes = randomBytes(10 * 1_048_576);
      const stream = tunnel.openStream({ index });
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.end(bytes);
      await once(stream, 'end');
      expect(sha256(Buffer.concat(chunks))).toBe(sha256(bytes));
    }),
  );
});

test('a tunnel that is cut is dialled again, with fresh headers each time', async () => {
  let attempts = 0;
  const states: string[] = [];
  let plane = nextPlane();
  dialTunnel(
    options({
      headers: async () => ({ attempt: String(++attempts) }),
      onStateChange: ({ state }) => states.push(state),
    }),
  );
  const first = await plane;
  plane = nextPlane();
  first.close('go away');
  const second = await plane;
  expect(second).not.toBe(first);
  expect(attempts).toBe(2);
  expect(states.slice(0, 4)).toEqual(['connecting', 'connected', 'waiting', 'connecting']);
});

test('a drained tunnel finishes its streams beside the new one', async () => {
  let plane = nextPlane();
  const dialer = dialTunnel(options());
  const first = await plane;
  const stream = first.openStream({});
  stream.write('a');
  await once(stream, 'data');
  plane = nextPlane();
  const drained = first.drain();
  const second = await plane;
  stream.write('b');
  expect(String((await once(stream, 'data'))[0])).toBe('b');
  expect(second.openStreams).toBe(0);
  while (dialer.tunnel === null) await new Promise((resolve) => setImmediate(resolve));
  stream.resume().end();
  await drained;
});

test('a refusal is a typed state, and trying goes on', async () => {
  refuseWith = 401;
  const waiting: DialState[] = [];
  const plane = nextPlane();
  await new Promise<void>((resolve) => {
    dialTunnel(
      options({
        onStateChange: (state) => {
          if (state.state !== 'waiting') return;
          waiting.push(state);
          if (waiting.length === 3) resolve();
        },
      }),
    );
  });
  expect(waiting[0]).toMatchObject({ state: 'waiting', error: { code: 'unauthenticated' } });
  refuseWith = null;
  await plane;
});

test('an unreachable control plane, and headers that cannot be computed, are typed states', async () => {
  const failing: Partial<DialOptions>[] = [
    { url: 'ws://127.0.0.1:1/' },
    { headers: () => Promise.reject(new Error('no key')) },
    { url: 'not a url' },
  ];
  for (const given of failing) {
    const state = await new Promise<DialState>((resolve) => {
      dialTunnel(options({ ...given, onStateChange: (one) => one.state === 'waiting' && resolve(one) }));
    });
    expect(state).toMatchObject({ state: 'waiting', error: { code: 'control-plane-away' } });
  }
});

test('drain lets streams finish and dials no more; aborting ends at once', async () => {
  const plane = nextPlane();
  const dialer = dialTunnel(options());
  const tunnel = await plane;
  const stream = tunnel.openStream({});
  stream.write('a');
  await once(stream, 'data');
  const drained = dialer.drain();
  stream.write('b');
  expect(String((await once(stream, 'data'))[0])).toBe('b');
  stream.resume().end();
  await drained;
  expect(dialer.tunnel).toBeNull();

  const again = nextPlane();
  const other = dialTunnel(options());
  const cut = (await again).openStream({});
  const failed = once(cut, 'error');
  stop.abort();
  await Promise.all([other.finished, failed]);
});

test('the wait has full jitter below a ceiling that doubles', () => {
  const given = { backoff: { minMs: 100, maxMs: 1_000 }, random: () => 0.5 };
  const delays = [0, 1, 2, 3, 4, 500].map((attempt) => backoffDelayMs(attempt, given));
  expect(delays).toEqual([50, 100, 200, 400, 500, 500]);
});
