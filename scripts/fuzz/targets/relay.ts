/**
 * Whole sessions: any sequence of a client's messages, in any pieces, against a server in memory. No byte of a refused statement
 * reaches the target, every text that reaches it was let through, and after whatever came before the last question gets its answer.
 */

import { MessageReader } from '../../../packages/wire/postgres/src/framing.ts';
import * as frontend from '../../../packages/wire/postgres/src/messages/frontend.ts';
import { startupPacket } from '../../../packages/wire/postgres/src/messages/startup.ts';
import { postgresProtocol } from '../../../packages/wire/postgres/src/protocol.ts';
import { refusedStatementText } from '../../../packages/wire/postgres/src/refused-statement.ts';
import { preparedStateText, sessionStateText } from '../../../packages/wire/postgres/src/session-state.ts';
import { serveFakeTarget } from '../../../packages/wire/postgres/src/testing/fake-target.ts';
import { plainFacts } from '../../../packages/wire/postgres/src/testing/plain-facts.ts';
import { dialRequestFor } from '../../../packages/wire/postgres/src/testing/test-gateway.ts';
import { mintPermit } from '../../../packages/wire-kit/src/permit.ts';
import { connectedStreams } from '../../../packages/wire-kit/src/testing/byte-streams.ts';
import { testConnection } from '../../../packages/wire-kit/src/testing/conformance.ts';
import {
  MemoryInspector,
  type MemoryInspectorOptions,
} from '../../../packages/wire-kit/src/testing/memory-inspector.ts';
import { Random } from '../random.ts';
import { BrokenProperty, type Fuzzed, type FuzzTarget, must } from '../target.ts';

const forbidden = 'forbidden';
const names = ['', 'a', 'b'] as const;
const texts = [
  'SELECT 1',
  'SELECT 2',
  `SELECT ${forbidden}`,
  'BROKEN',
  'SELECT 3 /* longer than the others */',
] as const;
const own = [sessionStateText, preparedStateText, refusedStatementText];
const maxMessages = 60;

/** Two bytes of input make one message. */
export function messageOf(kind: number, what: number): Buffer {
  const name = names[what % names.length]!;
  const text = texts[(what >> 2) % texts.length]!;
  switch (kind % 12) {
    case 0:
      return frontend.encodeQuery(text);
    case 1:
    case 2:
      return frontend.encodeParse(name, text);
    case 3:
    case 4:
      return frontend.encodeBindPlain(names[(what >> 4) % names.length]!, name);
    case 5:
    case 6:
      return frontend.encodeExecute(name);
    case 7:
      return frontend.encodeDescribePortal(name);
    case 8:
      return what & 64 ? frontend.encodeCloseStatement(name) : frontend.encodeClosePortal(name);
    case 9:
      return frontend.encodeFlush();
    case 10:
      return what & 64 ? frontend.encodeCopyFail('no') : frontend.encodeSync();
    default:
      return frontend.encodeSync();
  }
}

interface Session {
  readonly inspector: MemoryInspector;
  readonly toTarget: Buffer;
  readonly toClient: Buffer;
  readonly end: string;
}

export async function converse(bytes: Buffer, cuts: Random, options: MemoryInspectorOptions): Promise<Session> {
  const [client, accepted] = connectedStreams();
  const [dialled, server] = connectedStreams();
  const received: Buffer[] = [];
  const sent: Buffer[] = [];
  client.on('data', (chunk: Buffer) => received.push(chunk));
  client.on('end', () => client.end());
  server.on('data', (chunk: Buffer) => sent.push(chunk));
  serveFakeTarget(server, { statements: [], cancels: 0, bytesRead: 0 });
  client.write(
    Buffer.concat([
      startupPacket([
        ['user', 'x'],
        ['database', 'app'],
      ]),
      frontend.encodePassword('x'),
    ]),
  );
  const { signal } = new AbortController();
  const connection = testConnection('postgres', { database: 'app' });
  const transport = {
    stream: accepted,
    clientAddress: '127.0.0.1:1',
    loopback: true,
    secured: false,
    tls: () => null as never,
  };
  const arrived = await postgresProtocol.acceptClient({ transport, connection, signal });
  if (arrived.type !== 'session') throw new Error('no session');
  const dial = dialRequestFor({ port: 1, database: 'app', username: 'app', password: 'x' }, signal);
  const target = await postgresProtocol.dialTarget({ ...dial, connect: () => Promise.resolve(dialled) });
  const inspector = new MemoryInspector(options);
  const ended = postgresProtocol.relay({
    client: arrived.client,
    target,
    dialWriter: null,
    knowledge: null,
    connection,
    actorKind: 'person',
    permit: mintPermit('admit'),
    inspector,
    facts: plainFacts(),
    signal,
  });
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + cuts.below(cuts.chance(3) ? 8 : 256);
    client.write(bytes.subarray(at, at + size));
    at += size;
    if (cuts.chance(4)) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const { reason, message } = await within(ended);
  client.destroy();
  server.destroy();
  return { inspector, toTarget: Buffer.concat(sent), toClient: Buffer.concat(received), end: `${reason}: ${message}` };
}

/** Longest time for a session in memory, which takes a few milliseconds (ms): far below the goodbye's own patience. */
const patienceMs = 5_000;

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BrokenProperty('the session is stuck')), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function play(input: Buffer, options: MemoryInspectorOptions): Promise<void> {
  const messages: Buffer[] = [];
  for (let at = 0; at + 1 < input.length && messages.length < maxMessages; at += 2)
    messages.push(messageOf(input[at]!, input[at + 1]!));
  const last = [frontend.encodeSync(), frontend.encodeQuery('SELECT 7'), frontend.encodeTerminate()];
  const session = await converse(Buffer.concat([...messages, ...last]), new Random(input.length), options);
  must(session.end.startsWith('clean'), () => `the session ended: ${session.end}`);
  must(!session.toTarget.includes(forbidden), () => 'a refused statement reached the target');
  const through = new Set([...session.inspector.forwarded(), ...own]);
  for (const text of textsIn(session.toTarget)) must(through.has(text), () => `nobody let ${text} through`);
  must(
    typesIn(session.toClient).endsWith('TDCZ'),
    () => `the last answer was not the last question’s: ${typesIn(session.toClient)}`,
  );
}

function* read(bytes: Buffer): Generator<MessageReader> {
  const reader = new MessageReader(1 << 26);
  reader.push(bytes);
  while (reader.next()) yield reader;
}

function textsIn(toTarget: Buffer): string[] {
  const found: string[] = [];
  // The startup packet has no type and comes first.
  for (const { type, buffer, start, end } of read(toTarget.subarray(toTarget.readUInt32BE(0)))) {
    if (type === frontend.frontend.query) found.push(frontend.parseQuery(buffer, start + 5, end));
    if (type === frontend.frontend.parse) found.push(frontend.parseParse(buffer, start + 5, end).text);
  }
  return found;
}

function typesIn(toClient: Buffer): string {
  let types = '';
  for (const { type } of read(toClient)) types += String.fromCharCode(type);
  return types;
}

function target(name: string, options: MemoryInspectorOptions): FuzzTarget {
  return {
    name,
    checks:
      'nothing refused or unjudged reaches the target; the last question gets its answer; sessions end as they should',
    seeds: [
      [0, 0, 0, 8, 0, 4],
      [1, 1, 3, 1, 7, 0, 5, 0, 11, 0],
      [1, 9, 3, 1, 5, 0, 11, 0, 0, 0],
      [1, 1, 11, 0, 8, 65, 1, 5, 3, 1, 5, 0, 9, 0, 10, 0],
    ].map((bytes) => Buffer.from(bytes)),
    words: Array.from({ length: 12 }, (_, kind) =>
      [0, 1, 5, 9, 13, 65].map((what) => Buffer.from([kind, what])),
    ).flat(),
    run: (input) => play(input, options),
  };
}

const refuses: NonNullable<MemoryInspectorOptions['refuses']> = ({ text }) => text.includes(forbidden);

export const relay: Fuzzed = {
  real: target('relay', { refuses }),
  // The bug: what was refused once is let through when it is asked again under a name.
  planted: target('relay (planted)', { refuses: (request) => refuses(request) && request.phase !== 'prepare' }),
};
