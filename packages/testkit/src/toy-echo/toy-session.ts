import type { BundleConnection, Refusal } from '@sluice/domain';
import { runSession, type SessionRequest } from '@sluice/session';
import { type SessionWorld, socketPair } from '../sessions/index.ts';
import { LineStream } from './line-stream.ts';
import { toyEcho } from './protocol.ts';

/** A connection to an echo target on this machine. */
export function toyConnection(port: number, more: Partial<BundleConnection> = {}): BundleConnection {
  return {
    id: 'connection-1',
    name: 'toy',
    revision: 1,
    address: { protocol: toyEcho.manifest.name, host: '127.0.0.1', port, tls: { mode: 'disable', ca: null } },
    options: { refused: 'forbidden' },
    labels: { env: 'prod' },
    listener: null,
    serverNames: [],
    credential: null,
    readerCredential: null,
    offlineLeaseSeconds: 60,
    defaultAction: 'deny',
    holdBehaviour: 'wait',
    stepUp: 'none',
    durability: 'written',
    capabilities: [],
    ...more,
  };
}

export type ToyAnswer = Pick<Refusal, 'message' | 'hint' | 'detail'>;

/** A client at the other end of a real socket whose session `runSession` runs. */
export class ToySession {
  readonly lines: LineStream;
  /** Resolves when `runSession` has returned. */
  readonly ended: Promise<void>;

  private constructor(lines: LineStream, ended: Promise<void>) {
    this.lines = lines;
    this.ended = ended;
  }

  static async start(
    world: SessionWorld,
    connection: BundleConnection,
    more: Partial<Pick<SessionRequest, 'protocol' | 'path' | 'ticket' | 'problem'>> = {},
  ): Promise<ToySession> {
    const { client, server } = await socketPair();
    const request: SessionRequest = {
      transport: { stream: server, clientAddress: '127.0.0.1:1', loopback: true, secured: false, tls: null },
      connection,
      protocol: toyEcho,
      path: 'native',
      ticket: null,
      problem: null,
      ...more,
    };
    return new ToySession(new LineStream(client), runSession(request, world.ports, world.live));
  }

  /** Sends a line and gives the next answer. */
  async ask(line: string): Promise<string | null> {
    await this.lines.send(line);
    return this.lines.next();
  }

  /** Says hello; the answer's word tells whether it was let in. */
  hello(name: string): Promise<string | null> {
    return this.ask(`HELLO secret-of-${name}`);
  }

  leave(): Promise<void> {
    this.lines.stream.destroy();
    return this.ended;
  }
}

/** The JSON after an answer's word. */
export function refusalIn(answer: string | null): ToyAnswer {
  return JSON.parse((answer ?? '').replace(/^[A-Z]+ /, '')) as ToyAnswer;
}
