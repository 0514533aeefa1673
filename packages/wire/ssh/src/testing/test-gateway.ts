/** A gateway for tests: a listener that does what `@sluice/session` does, with an inspector in memory and a real target. */
import { generateKeyPairSync } from 'node:crypto';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { type BundleConnection, Secret, SluiceError, unreadableFacts } from '@sluice/domain';
import {
  type ClientProof,
  type DialRequest,
  type FactsReader,
  type GatewayIdentity,
  mintPermit,
  type SessionEnd,
} from '@sluice/wire-kit';
import { MemoryInspector, type MemoryInspectorOptions, testConnection } from '@sluice/wire-kit/testing';
import { sshProtocol } from '../protocol.ts';

export interface TestTargetAddress {
  readonly port: number;
  readonly username: string;
  /** A password or a private key. */
  readonly password: string;
  readonly options: Record<string, unknown>;
}

export interface TestGatewayOptions extends MemoryInspectorOptions {
  readonly actorKind?: 'person' | 'service';
  readonly identity?: GatewayIdentity;
  /** Who is let in; default: whoever presents the secret `secret`. */
  readonly admits?: (proof: ClientProof) => boolean;
  readonly facts?: FactsReader;
}

export interface TestGateway {
  readonly port: number;
  readonly inspectors: MemoryInspector[];
  readonly ends: SessionEnd[];
  readonly proofs: ClientProof[];
  /** Ends every session as an administrator would. */
  terminate(): void;
  close(): Promise<void>;
}

/** Every text is one statement that reads: what is refused or held is the test's own matter. */
export const plainFacts: FactsReader = {
  read: ({ language, text }) => ({
    ok: true,
    statements: [
      { ...unreadableFacts(language, text, ''), kind: 'read', complete: true, incompleteBecause: null, command: 'RUN' },
    ],
  }),
};

export function testIdentity(more: Partial<GatewayIdentity> = {}): GatewayIdentity {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { privateKey: new Secret(pem), certificate: null, clientAuthorities: [], ...more };
}

export function dialRequestFor(target: TestTargetAddress, signal = new AbortController().signal): DialRequest {
  return {
    address: { protocol: 'ssh', host: '127.0.0.1', port: target.port, tls: { mode: 'disable', ca: null } },
    options: target.options,
    credential: new Secret({ username: target.username, password: target.password }),
    connect: () =>
      new Promise((resolve, reject) => {
        const socket = connectTcp({ host: '127.0.0.1', port: target.port, noDelay: true });
        socket.once('error', (cause) => reject(new SluiceError('target-unreachable', 'the target is down', { cause })));
        socket.once('connect', () => resolve(socket));
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
  const connection: BundleConnection = { ...testConnection('ssh', target.options), name: 'test' };
  const identity = options.identity ?? testIdentity();
  const admits = options.admits ?? ((proof) => proof.type === 'secret' && proof.secret.reveal() === 'secret');
  const gateway = { inspectors: [] as MemoryInspector[], ends: [] as SessionEnd[], proofs: [] as ClientProof[] };
  const sockets = new Set<Socket>();
  let closing = new AbortController();

  const serve = async (socket: Socket): Promise<void> => {
    const accepted = await sshProtocol.acceptClient({
      transport: { stream: socket, clientAddress: '127.0.0.1:1', loopback: true, secured: false, tls: null, identity },
      connection,
      signal: AbortSignal.timeout(30_000),
    });
    if (accepted.type === 'cancel') return;
    const { client } = accepted;
    const unknown = { message: 'nobody knows you', hint: 'Register a key.' };
    for (let proof: ClientProof | null = client.proof; ; proof = await client.anotherProof(unknown)) {
      if (proof === null) {
        await client.refuse({ reason: 'authentication', ...unknown });
        return;
      }
      gateway.proofs.push(proof);
      if (admits(proof)) break;
    }
    const inspector = new MemoryInspector(options);
    gateway.inspectors.push(inspector);
    const opened = await sshProtocol.dialTarget(dialRequestFor(target)).catch(async (error: SluiceError) => {
      await client.refuse({ reason: 'target', message: error.message, hint: error.hint ?? '' });
      throw error;
    });
    gateway.ends.push(
      await sshProtocol.relay({
        client,
        target: opened,
        dialWriter: null,
        knowledge: null,
        connection,
        actorKind: options.actorKind ?? 'person',
        permit: mintPermit('admit'),
        inspector,
        facts: options.facts ?? plainFacts,
        signal: closing.signal,
      }),
    );
  };

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    void serve(socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    ...gateway,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    terminate: () => {
      closing.abort({ reason: 'terminated', message: 'an admin ended this session', hint: 'Ask them why.' });
      closing = new AbortController();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
