/**
 * The conformance suite that every protocol runs (design: "Tests"): the same questions to each, asked through nothing but the
 * `WireProtocol` interface, a fake target and a scripted client.
 */
import type { Duplex } from 'node:stream';
import { type BundleConnection, Secret } from '@sluice/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GatewayIdentity } from '../gateway-identity.ts';
import { mintPermit } from '../permit.ts';
import type {
  DialRequest,
  FactsReader,
  SessionEnd,
  TargetKnowledge,
  WireClient,
  WireProtocol,
  WireTarget,
} from '../protocol.ts';
import { connectedStreams, inPieces, Party } from './byte-streams.ts';
import { MemoryInspector, type MemoryInspectorOptions } from './memory-inspector.ts';

/** What a fake target tells the suite. */
export interface TargetLog {
  /** Statements in the order they arrived, the gateway's own and stand-ins for refused ones included. */
  readonly statements: string[];
  /** How often a running statement was asked to stop. */
  cancels: number;
  /** Bytes that the target has read. */
  bytesRead: number;
}

/** One exchange: bytes to send, and what must have come back in all before the script goes on. */
export interface ScriptStep {
  readonly send: Uint8Array;
  readonly until: (receivedSince: Buffer) => boolean;
}

export interface ConformanceSubject<
  Client extends WireClient = WireClient,
  Target extends WireTarget = WireTarget,
  Knowledge extends TargetKnowledge = TargetKnowledge,
> {
  readonly protocol: WireProtocol<Client, Target, Knowledge>;
  readonly connection: BundleConnection;
  readonly facts: FactsReader;
  /** For protocols whose clients pin the gateway's key. */
  readonly identity?: GatewayIdentity;
  /**
   * A client of the protocol around the bytes, whose plain side the script speaks: for protocols that nobody can speak by constant bytes.
   * Cuts, pauses and ends are then those of the bytes below it.
   */
  readonly wrapClient?: (stream: Duplex) => Duplex;
  /** Serves one connection as a target would, writing down what comes. Called for cancel connections too. */
  readonly serveTarget: (stream: Duplex, log: TargetLog) => void;
  /** From the first byte until the client has presented its proof. */
  readonly handshake: readonly ScriptStep[];
  /** True once the session is open for statements. */
  readonly ready: (received: Buffer) => boolean;
  /** A statement as the client sends it. */
  readonly statement: (text: string) => Uint8Array;
  /** How many statements have been answered to their end in these bytes. */
  readonly answers: (receivedSinceReady: Buffer) => number;
  /** Short statements that the fake target answers. */
  readonly allowed: string;
  /** A statement of 4 to 16 KiB that the fake target answers. */
  readonly bulky: string;
  /** Answered with at least 8 MiB, in rows of less than 4 KiB. */
  readonly large: string;
  /** Runs until it is cancelled. */
  readonly endless: string;
  /** A text that must never be seen at the target. */
  readonly denied: string;
  /** True when the bytes hold Sluice's refusal. */
  readonly isRefusal: (received: Buffer) => boolean;
  /** A message beyond the protocol's bound, as pieces. */
  readonly oversize: Iterable<Uint8Array>;
  readonly goodbye: Uint8Array;
  /** Cancels over a connection of its own; null where the protocol cannot. `received`: all the client got. */
  readonly cancel: ((received: Buffer) => Uint8Array) | null;
}

/** No sink may hold more than this beyond the streams' own marks while its reader stands still. */
const standstillBytes = 4 * 1024 * 1024;

export function testConnection(protocol: string, options: Record<string, unknown>): BundleConnection {
  return {
    id: '01990000-0000-7000-8000-000000000001',
    name: 'test',
    revision: 1,
    address: { protocol, host: '127.0.0.1', port: 1, tls: { mode: 'disable', ca: null } },
    options,
    labels: {},
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
  };
}

interface OpenSession {
  readonly client: Party;
  readonly inspector: MemoryInspector;
  readonly log: TargetLog;
  readonly end: Promise<SessionEnd>;
  readonly abort: AbortController;
  /** Bytes since the session was ready. */
  readonly answered: () => Buffer;
  /** The target's ends of the connections that were opened. */
  readonly targetStreams: Duplex[];
  readonly openClient: () => Promise<{ type: string; token?: string }>;
  readonly clientStream: Duplex;
}

interface SessionOptions extends MemoryInspectorOptions {
  readonly clientPieces?: readonly number[];
  readonly targetPieces?: readonly number[];
  /** The target reads nothing after the start-up until told to. */
  readonly stallTarget?: boolean;
}

/** Runs one whole session up to "ready". */
async function openSession<C extends WireClient, T extends WireTarget, K extends TargetKnowledge>(
  subject: ConformanceSubject<C, T, K>,
  options: SessionOptions = {},
): Promise<OpenSession> {
  const { protocol, connection } = subject;
  const inspector = new MemoryInspector(options);
  const log: TargetLog = { statements: [], cancels: 0, bytesRead: 0 };
  const targetStreams: Duplex[] = [];
  const abort = new AbortController();
  const connect = (): Promise<Duplex> => {
    const [ours, theirs] = connectedStreams();
    targetStreams.push(theirs);
    subject.serveTarget(theirs, log);
    return Promise.resolve(options.targetPieces === undefined ? ours : chopped(ours, options.targetPieces));
  };
  const [rawEnd, gatewayEnd] = connectedStreams();
  const clientEnd = subject.wrapClient?.(rawEnd) ?? rawEnd;
  const client = new Party(clientEnd);
  const accept = (stream: Duplex): ReturnType<WireProtocol<C, T, K>['acceptClient']> =>
    protocol.acceptClient({
      transport: {
        stream,
        clientAddress: '127.0.0.1:1',
        loopback: true,
        secured: false,
        tls: null,
        ...(subject.identity === undefined ? {} : { identity: subject.identity }),
      },
      connection,
      signal: abort.signal,
    });
  const accepting = accept(options.clientPieces === undefined ? gatewayEnd : chopped(gatewayEnd, options.clientPieces));
  for (const step of subject.handshake) {
    const from = client.received.length;
    client.send(step.send);
    await client.until((received) => step.until(received.subarray(from)));
  }
  const accepted = await accepting;
  if (accepted.type !== 'session') throw new Error('the script did not open a session');
  const target = await protocol.dialTarget(dialRequest(connection, connect, abort.signal));
  const end = protocol.relay({
    client: accepted.client,
    target,
    dialWriter: null,
    knowledge: null,
    connection,
    actorKind: 'person',
    permit: mintPermit('admit'),
    inspector,
    facts: subject.facts,
    signal: abort.signal,
  });
  const opened = await client.until(subject.ready);
  if (!opened) throw new Error(`the session did not open: ${client.received.toString('latin1')}`);
  const from = client.received.length;
  return {
    client,
    inspector,
    log,
    end,
    abort,
    answered: () => client.received.subarray(from),
    targetStreams,
    clientStream: clientEnd,
    openClient: async () => {
      const [mine, gateways] = connectedStreams();
      const second = accept(gateways);
      mine.on('error', () => undefined);
      mine.write(subject.cancel?.(client.received) ?? Buffer.alloc(0));
      mine.resume();
      return second;
    },
  };
}

function dialRequest(connection: BundleConnection, connect: DialRequest['connect'], signal: AbortSignal): DialRequest {
  return {
    address: connection.address,
    options: connection.options,
    credential: new Secret({ username: 'target-role', password: 'target-password' }),
    connect,
    allowWeakAuthentication: true,
    actorLabel: 'coding-agent for engineer',
    startup: {},
    readOnly: false,
    noteSession: () => () => undefined,
    signal,
  };
}

/** The same stream, read in pieces of the given sizes. */
function chopped(stream: Duplex, sizes: readonly number[]): Duplex {
  const pieces = inPieces(sizes);
  stream.pipe(pieces);
  const [outer, inner] = connectedStreams();
  pieces.on('data', (chunk: Buffer) => inner.write(chunk));
  pieces.on('end', () => inner.end());
  inner.on('data', (chunk: Buffer) => stream.write(chunk));
  inner.on('end', () => stream.end());
  inner.on('close', () => stream.destroy());
  stream.on('close', () => setImmediate(() => inner.destroy()));
  return outer;
}

async function run<C extends WireClient, T extends WireTarget, K extends TargetKnowledge>(
  subject: ConformanceSubject<C, T, K>,
  texts: readonly string[],
  options: SessionOptions = {},
): Promise<{ answers: Buffer; log: TargetLog; inspector: MemoryInspector; end: SessionEnd }> {
  const session = await openSession(subject, options);
  session.client.send(Buffer.concat(texts.map((text) => subject.statement(text))));
  await session.client.until(() => subject.answers(session.answered()) >= texts.length);
  const answers = session.answered();
  session.client.send(subject.goodbye);
  session.client.stream.end();
  return { answers, log: session.log, inspector: session.inspector, end: await session.end };
}

/** Declares the suite's tests inside the caller's file. */
export function conformance<C extends WireClient, T extends WireTarget, K extends TargetKnowledge>(
  subject: ConformanceSubject<C, T, K>,
): void {
  const { allowed, denied } = subject;
  const refuses: SessionOptions['refuses'] = (request) => request.text.includes(denied);

  describe(`conformance of ${subject.protocol.manifest.name}`, () => {
    it('answers the same whatever the cut of the client’s bytes', async () => {
      const whole = await run(subject, [allowed, denied, allowed], { refuses });
      expect(whole.end.reason).toBe('clean');
      const length = subject.statement(allowed).length + subject.statement(denied).length;
      expect((await run(subject, [allowed, denied, allowed], { refuses, clientPieces: [1] })).answers).toEqual(
        whole.answers,
      );
      for (let cut = 1; cut <= length; cut++) {
        const cutOnce = await run(subject, [allowed, denied, allowed], { refuses, clientPieces: [cut, 1 << 20] });
        expect(cutOnce.answers, `cut after every ${cut} bytes`).toEqual(whole.answers);
      }
    });

    it('answers the same whatever the cut of the target’s bytes', async () => {
      const whole = await run(subject, [allowed, denied, allowed], { refuses });
      for (let cut = 1; cut <= 40; cut++) {
        const pieces = await run(subject, [allowed, denied, allowed], { refuses, targetPieces: [cut] });
        expect(pieces.answers, `pieces of ${cut} bytes`).toEqual(whole.answers);
      }
    });

    it('answers the same for random cuts on both sides at once', async () => {
      const texts = [allowed, denied, allowed, allowed];
      const whole = await run(subject, texts, { refuses });
      const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(sizes, sizes, async (clientPieces, targetPieces) => {
          const cut = await run(subject, texts, { refuses, clientPieces, targetPieces });
          expect(cut.answers).toEqual(whole.answers);
          expect(cut.log.statements).toEqual(whole.log.statements);
        }),
        { numRuns: 40 },
      );
    });

    it('handles many messages in one piece, in order', async () => {
      const texts = Array.from({ length: 200 }, (_, i) => (i % 7 === 3 ? denied : allowed));
      const { log, inspector, answers } = await run(subject, texts, { refuses });
      expect(subject.answers(answers)).toBe(200);
      expect(inspector.statements.map((one) => one.text)).toEqual(texts);
      expect(log.statements.some((text) => text.includes(denied))).toBe(false);
      expect(log.statements.filter((text) => text === allowed)).toHaveLength(
        texts.filter((text) => text === allowed).length,
      );
    });

    it('never lets a denied statement reach the target, and goes on', async () => {
      const { log, answers, inspector } = await run(subject, [denied, allowed], { refuses });
      expect(log.statements.join('\n')).not.toContain(denied);
      expect(log.statements).toContain(allowed);
      expect(subject.isRefusal(answers)).toBe(true);
      expect(inspector.statements.map((one) => one.verdict)).toEqual(['refuse', 'forward']);
      expect(inspector.statements.every((one) => one.ended > 0)).toBe(true);
    });

    it('ends the session on a message beyond its bound, before the target sees any of it', async () => {
      const session = await openSession(subject);
      const before = session.log.statements.length;
      for (const piece of subject.oversize) {
        if (session.client.isOver) break;
        session.client.send(piece);
      }
      expect((await session.end).reason).toBe('protocol-violation');
      expect(session.log.statements).toHaveLength(before);
    });

    it('holds back a target that is faster than its client', async () => {
      const session = await openSession(subject, { wantsRows: false });
      session.clientStream.removeAllListeners('data');
      session.clientStream.pause();
      session.client.send(subject.statement(subject.large));
      await standstill(() => session.targetStreams[0]!.writableLength + session.log.bytesRead);
      expect(session.clientStream.readableLength).toBeLessThan(standstillBytes);
      session.client.startReading();
      session.clientStream.resume();
      await session.client.until(() => subject.answers(session.answered()) >= 1);
      expect(session.answered().length).toBeGreaterThan(8 * 1024 * 1024 - 1);
      session.client.send(subject.goodbye);
      session.client.stream.end();
      expect((await session.end).reason).toBe('clean');
    });

    it('holds back a client that is faster than the target', async () => {
      const session = await openSession(subject);
      const target = session.targetStreams[0]!;
      target.pause();
      const one = subject.statement(subject.bulky);
      const piece = Buffer.concat(Array.from({ length: 8 }, () => one));
      let sent = 0;
      // Stops when the gateway takes no more, or when it took more than a bounded gateway would.
      while (!session.clientStream.writableNeedDrain && sent * one.length < 4 * standstillBytes) {
        session.client.send(piece);
        sent += 8;
        await turn();
      }
      expect(sent * one.length).toBeLessThan(4 * standstillBytes);
      target.resume();
      await session.client.until(() => subject.answers(session.answered()) >= sent);
      expect(subject.answers(session.answered())).toBe(sent);
      session.client.send(subject.goodbye);
      session.client.stream.end();
      await session.end;
    });

    it('gives no row beyond a limit, stops the target, says so, and goes on', async () => {
      const session = await openSession(subject, { maxRows: 10 });
      session.client.send(Buffer.concat([subject.statement(subject.large), subject.statement(allowed)]));
      await session.client.until(() => subject.answers(session.answered()) >= 2);
      expect(session.answered().length).toBeLessThan(64 * 1024);
      expect(subject.isRefusal(session.answered())).toBe(true);
      expect(session.inspector.statements[0]?.stops).toHaveLength(1);
      expect(session.inspector.statements[1]?.stops).toHaveLength(0);
      if (subject.cancel !== null) expect(session.log.cancels).toBe(1);
      expect(session.log.statements.at(-1)).toBe(allowed);
      session.client.send(subject.goodbye);
      session.client.stream.end();
      expect((await session.end).reason).toBe('clean');
    });

    it('answers a client that has closed its sending half', async () => {
      const session = await openSession(subject);
      session.client.send(subject.statement(allowed));
      session.client.stream.end();
      await session.client.ended();
      expect(subject.answers(session.answered())).toBe(1);
      expect((await session.end).reason).toBe('clean');
    });

    it('ends when the target goes away, and says so to the client', async () => {
      const session = await openSession(subject);
      session.targetStreams[0]!.destroy();
      expect((await session.end).reason).toBe('target-gone');
      await session.client.ended();
      expect(session.answered().length).toBeGreaterThan(0);
    });

    it('stops the target when the client goes away', async () => {
      const session = await openSession(subject);
      session.client.send(subject.statement(subject.endless));
      await until(() => session.log.statements.includes(subject.endless));
      session.clientStream.destroy();
      expect((await session.end).reason).toBe('client-gone');
      if (subject.cancel !== null) expect(session.log.cancels).toBe(1);
    });

    it('ends at once when it is told to, in the protocol’s words', async () => {
      const session = await openSession(subject);
      session.abort.abort({ reason: 'terminated', message: 'an admin ended this session', hint: 'Ask them why.' });
      expect((await session.end).reason).toBe('terminated');
      await session.client.ended();
      expect(session.answered().toString('latin1')).toContain('an admin ended this session');
    });

    it.skipIf(subject.cancel === null)('cancels what runs, and what waits for people', async () => {
      const session = await openSession(subject, { holds: (request) => request.text === allowed });
      session.client.send(subject.statement(subject.endless));
      await until(() => session.log.statements.includes(subject.endless));
      await cancelOnce(session);
      await session.client.until(() => subject.answers(session.answered()) >= 1);
      expect(session.log.cancels).toBe(1);

      session.client.send(subject.statement(allowed));
      await session.inspector.somethingWaits();
      expect(session.log.statements).not.toContain(allowed);
      await cancelOnce(session);
      await session.client.until(() => subject.answers(session.answered()) >= 2);
      expect(session.log.statements).not.toContain(allowed);

      session.client.send(subject.statement(allowed));
      await session.inspector.somethingWaits();
      session.inspector.waiting[0]!.release();
      await session.client.until(() => subject.answers(session.answered()) >= 3);
      expect(session.log.statements.filter((text) => text === allowed)).toHaveLength(1);
      session.client.send(subject.goodbye);
      session.client.stream.end();
      await session.end;
    });

    it.skipIf(!subject.protocol.manifest.abilities.hold)('gives up a hold when the client goes away', async () => {
      const session = await openSession(subject, { holds: () => true });
      session.client.send(subject.statement(allowed));
      await session.inspector.somethingWaits();
      session.clientStream.destroy();
      await session.end;
      expect(session.log.statements).not.toContain(allowed);
    });
  });
}

/** What the session's owner does with a cancel request: looks its token up among the sessions. */
async function cancelOnce(session: OpenSession): Promise<void> {
  const asked = await session.openClient();
  expect(asked.type).toBe('cancel');
  const cancel = session.inspector.cancels.get(asked.token ?? '');
  expect(cancel).toBeDefined();
  cancel?.();
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** Resolves once the measured number has not moved for many turns of the event loop. */
async function standstill(measure: () => number): Promise<void> {
  let last = measure();
  for (let still = 0; still < 200; still++) {
    await turn();
    const now = measure();
    if (now !== last) still = 0;
    last = now;
  }
}
