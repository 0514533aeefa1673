/** A gateway for tests: a listener that does what `@sluice/session` does, with an inspector in memory and a real target. */
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { type BundleConnection, Secret } from '@sluice/domain';
import { type DialRequest, type FactsReader, mintPermit, type SessionEnd } from '@sluice/wire-kit';
import { MemoryInspector, type MemoryInspectorOptions, testConnection } from '@sluice/wire-kit/testing';
import type { PostgresKnowledge } from '../knowledge.ts';
import { postgresProtocol } from '../protocol.ts';
import { testCertificate, testKey } from './test-certificate.ts';

export interface TestTargetAddress {
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly tls?: BundleConnection['address']['tls'];
}

export interface TestGateway {
  readonly port: number;
  readonly inspectors: MemoryInspector[];
  readonly ends: Promise<SessionEnd>[];
  readonly knowledge: PostgresKnowledge | null;
  /** What each session asked of the target about itself. */
  close(): Promise<void>;
}

export interface TestGatewayOptions extends MemoryInspectorOptions {
  readonly facts: FactsReader;
  readonly withKnowledge?: boolean;
  /** A client may close its sending half and still be answered, as on a tunnel's stream. */
  readonly allowHalfOpen?: boolean;
  /** As which sessions open, read-only; `target` is then the writer's. */
  readonly reader?: { readonly username: string; readonly password: string };
  /** Makes each session's inspector; default: a plain `MemoryInspector` of the same options. */
  readonly makeInspector?: (options: MemoryInspectorOptions) => MemoryInspector;
}

export function dialRequestFor(
  target: TestTargetAddress,
  signal: AbortSignal = new AbortController().signal,
): DialRequest {
  return {
    address: {
      protocol: 'postgres',
      host: '127.0.0.1',
      port: target.port,
      tls: target.tls ?? { mode: 'disable', ca: null },
    },
    options: { database: target.database },
    credential: new Secret({ username: target.username, password: target.password }),
    connect: () =>
      new Promise((resolve, reject) => {
        const socket = connectTcp({ host: '127.0.0.1', port: target.port, noDelay: true });
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          resolve(socket);
        });
      }),
    allowWeakAuthentication: false,
    actorLabel: 'coding-agent for engineer',
    startup: {},
    readOnly: false,
    noteSession: () => () => undefined,
    signal,
  };
}

/** Listens on a free port of the loopback; every session gets an inspector of its own by the same options. */
export async function startTestGateway(target: TestTargetAddress, options: TestGatewayOptions): Promise<TestGateway> {
  const connection = testConnection('postgres', { database: target.database });
  const inspectors: MemoryInspector[] = [];
  const ends: Promise<SessionEnd>[] = [];
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  const knowledge =
    options.withKnowledge === true ? await postgresProtocol.openKnowledge(dialRequestFor(target)) : null;
  const secureContext = createSecureContext({ cert: testCertificate, key: testKey });

  const serve = async (socket: Socket): Promise<void> => {
    const accepted = await postgresProtocol.acceptClient({
      transport: {
        stream: socket,
        clientAddress: '127.0.0.1:1',
        loopback: true,
        secured: false,
        tls: () => secureContext,
      },
      connection,
      signal: closing.signal,
    });
    if (accepted.type === 'cancel') {
      for (const inspector of inspectors) inspector.cancels.get(accepted.token)?.();
      return;
    }
    const inspector = options.makeInspector?.(options) ?? new MemoryInspector(options);
    inspectors.push(inspector);
    const dial = dialRequestFor(target, closing.signal);
    const { startup } = accepted.client;
    const { reader } = options;
    const asWriter = () => postgresProtocol.dialTarget({ ...dial, startup });
    const asReader = (credential: { username: string; password: string }) =>
      postgresProtocol.dialTarget({ ...dial, startup, credential: new Secret(credential), readOnly: true });
    const end = postgresProtocol.relay({
      client: accepted.client,
      target: await (reader === undefined ? asWriter() : asReader(reader)),
      dialWriter: reader === undefined ? null : asWriter,
      knowledge,
      connection,
      actorKind: 'person',
      permit: mintPermit('admit'),
      inspector,
      facts: options.facts,
      signal: closing.signal,
    });
    ends.push(end);
    await end;
  };

  const server: Server = createServer({ noDelay: true, allowHalfOpen: options.allowHalfOpen ?? false }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    void serve(socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    inspectors,
    ends,
    knowledge,
    close: async () => {
      closing.abort({ reason: 'terminated', message: 'the test is over', hint: '' });
      server.close();
      await Promise.all(ends);
      for (const socket of sockets) socket.destroy();
      await knowledge?.close();
    },
  };
}
