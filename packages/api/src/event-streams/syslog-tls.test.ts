import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { makeWorld, type World } from '@sluice/testkit/world';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { sendEvents } from './send-events.ts';
import type { StreamEvent, StreamSettings } from './stream-settings.ts';
import { parseSyslog } from './testing/parse-syslog.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

/** A receiver of RFC 5425: what it has when its client has said goodbye, or as far as `cutAfter` lets it come. */
class Receiver {
  readonly messages: string[] = [];
  connections = 0;
  /** Octets after which it resets the connection; null: never. */
  cutAfter: number | null = null;
  /** Answers an octet now and then, and never that it is done. */
  drips = false;
  readonly #server: Server;
  readonly #open = new Map<number, Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('tlsClientError', () => undefined);
    // Below TLS: only there a connection can be reset.
    server.on('connection', (socket: Socket) => this.#open.set(socket.remotePort ?? 0, socket));
    server.on('secureConnection', (socket) => {
      this.connections += 1;
      const parts: Buffer[] = [];
      let size = 0;
      socket.on('error', () => undefined);
      socket.on('data', (part: Buffer) => {
        size += part.length;
        if (this.cutAfter !== null && size >= this.cutAfter) this.#open.get(socket.remotePort ?? 0)?.resetAndDestroy();
        else parts.push(part);
      });
      if (this.drips) socket.write('.');
      socket.on('end', () => {
        if (this.drips) return;
        this.messages.push(...parseSyslog(Buffer.concat(parts)).map(({ id }) => id));
        socket.end();
      });
    });
  }

  static async start(serverNames: readonly string[]): Promise<Receiver> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
    const request = { publicKey: spki, commonName: 'collector', serverNames };
    const { certificate } = await world.services.authority.issueLeaf(request, new Date());
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const server = createServer({ cert: certificate, key, allowHalfOpen: true } as TlsOptions);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Receiver(server);
  }

  settings(more: Partial<Extract<StreamSettings, { kind: 'syslog' }>> = {}): StreamSettings {
    const { port } = this.#server.address() as AddressInfo;
    const ca = world.services.caRoot;
    return { kind: 'syslog', host: '127.0.0.1', port, transport: 'tls', ca, ...more };
  }

  stop(): Promise<void> {
    for (const socket of this.#open.values()) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

let receiver: Receiver;
afterEach(() => receiver.stop());

const send = (settings: StreamSettings, events: readonly StreamEvent[]) =>
  sendEvents({ settings, secret: null, folder: null }, events);

function event(id: string, text = ''): StreamEvent {
  return { id, kind: 'audit', at: 1_790_000_000_000, name: 'tokens.create', warning: false, body: { text } };
}

test('over TLS every event arrives by octet counting, whatever its text, by address and by name', async () => {
  receiver = await Receiver.start(['127.0.0.1', 'localhost']);
  const texts = ['', 'one\ntwo', '17 <13>1 forged', 'ü€𝄞', '"]\\', 'x'.repeat(100_000)];
  await send(
    receiver.settings(),
    texts.map((text, at) => event(`address-${at}`, text)),
  );
  await send(receiver.settings({ host: 'localhost' }), [event('name')]);
  expect(receiver.messages).toEqual([...texts.map((_, at) => `address-${at}`), 'name']);
});

test('a certificate of an authority that is not trusted, or of another name, gets nothing and is named', async () => {
  receiver = await Receiver.start(['collector.example']);
  const events = [event('secret')];
  await expect(send(receiver.settings({ ca: null }), events)).rejects.toThrow(/certificate/);
  await expect(send(receiver.settings(), events)).rejects.toThrow(/127\.0\.0\.1.*not in the cert/);
  await expect(send(receiver.settings({ host: 'localhost' }), events)).rejects.toThrow(/collector\.example/);
  expect([receiver.messages, receiver.connections]).toEqual([[], 0]);
});

test('a receiver that resets the connection anywhere gets everything again', async () => {
  receiver = await Receiver.start(['127.0.0.1']);
  const events = Array.from({ length: 20 }, (_, at) => event(`event-${at}`, 'y'.repeat(500)));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12_000 }), async (cutAfter) => {
      receiver.cutAfter = cutAfter;
      await expect(send(receiver.settings(), events)).rejects.toMatchObject({ code: 'unavailable' });
      receiver.cutAfter = null;
      receiver.messages.length = 0;
      await send(receiver.settings(), events);
      expect(receiver.messages).toEqual(events.map(({ id }) => id));
    }),
    { numRuns: 25 },
  );
});

test('a receiver that answers now and then and never ends is given up in time', async () => {
  receiver = await Receiver.start(['127.0.0.1']);
  receiver.drips = true;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const sending = send(receiver.settings(), [event('waits')]);
    const refused = expect(sending).rejects.toThrow('no answer in time');
    while (receiver.connections === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(10_000);
    await refused;
  } finally {
    vi.useRealTimers();
  }
});
