/** The hostile-parser set: what a client with a valid login, or none at all, can send to hurt the gateway. */
import { setTimeout as sleep } from 'node:timers/promises';
import { int16, int32, message, packet } from '../../packages/wire/postgres/src/messages/bytes.ts';
import {
  encodeBindPlain,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '../../packages/wire/postgres/src/messages/frontend.ts';
import { sslRequest } from '../../packages/wire/postgres/src/messages/startup.ts';
import { HostileClient, type Login } from './hostile-client.ts';

export interface Attack {
  readonly name: string;
  /** What must have become of the attacker's session. */
  readonly expected: RegExp;
  run(open: () => Promise<HostileClient>, connect: () => HostileClient): Promise<string>;
}

export function openerFor(port: number, login: Login): () => Promise<HostileClient> {
  return () => HostileClient.open(port, login);
}

const deepTexts: Readonly<Record<string, string>> = {
  parentheses: `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`,
  subqueries: `${'SELECT * FROM ('.repeat(5_000)}SELECT 1${') x'.repeat(5_000)}`,
  'scalar subqueries': `${'SELECT ('.repeat(8_000)}SELECT 1${')'.repeat(8_000)}`,
  cases: `SELECT ${'CASE WHEN true THEN '.repeat(4_000)}1${' END'.repeat(4_000)}`,
  arrays: `SELECT ${'ARRAY['.repeat(10_000)}1${']'.repeat(10_000)}`,
  joins: `SELECT 1 FROM ${'a JOIN '.repeat(10_000)}b`,
  casts: `SELECT 1${'::int'.repeat(20_000)}`,
  negations: `SELECT ${'NOT '.repeat(40_000)}true`,
  signs: `SELECT ${'- '.repeat(40_000)}1`,
  conjunctions: `SELECT ${'true AND '.repeat(20_000)}true`,
  unions: `SELECT 1${' UNION SELECT 1'.repeat(5_000)}`,
  'nested comments': `SELECT ${'/*'.repeat(4_000)}${'*/'.repeat(4_000)}1`,
};
/** About 28 of these leave the WebAssembly broken or hung in a process that goes on using it. */
const longChain = `SELECT ${'1+'.repeat(20_000)}1`;

/** One statement after the other; the session may end on the way. */
async function statements(open: () => Promise<HostileClient>, texts: readonly string[]): Promise<string> {
  const client = await open();
  for (const text of texts) {
    const before = client.count('Z');
    await client.send(encodeQuery(text));
    await client.answered(1, before);
  }
  return leave(client);
}

function leave(client: HostileClient): string {
  const { outcome } = client;
  client.destroy();
  return outcome;
}

/** Sends pieces as fast as they are taken, and then waits for so many ReadyForQuery. */
async function flood(
  open: () => Promise<HostileClient>,
  pieces: Iterable<Buffer>,
  readies: number,
  first: readonly Buffer[] = [],
): Promise<string> {
  const client = await open();
  const before = client.count('Z');
  await client.send(...first);
  for (const piece of pieces) await client.send(piece);
  await client.answered(readies, before);
  return leave(client);
}

/** `count` messages in pieces of `perPiece`, each piece ended by a Sync. */
function* batches(count: number, perPiece: number, one: (i: number) => Buffer): Generator<Buffer> {
  for (let at = 0; at < count; at += perPiece)
    yield Buffer.concat([...Array.from({ length: perPiece }, (_, i) => one(at + i)), encodeSync()]);
}

async function raw(open: () => Promise<HostileClient>, ...parts: readonly Buffer[]): Promise<string> {
  const client = await open();
  const before = client.count('Z');
  await client.send(...parts);
  await client.answered(1, before);
  return leave(client);
}

/** Many connections that never finish their handshake; one that does must get in beside them. */
async function halfOpen(
  open: () => Promise<HostileClient>,
  connect: () => HostileClient,
  begin: (client: HostileClient) => Promise<void>,
): Promise<string> {
  const idle = Array.from({ length: 200 }, () => connect());
  try {
    for (const client of idle) await begin(client);
    return await raw(open, encodeQuery('SELECT 1'));
  } finally {
    for (const client of idle) client.destroy();
  }
}

const header = (type: string, length: number): Buffer => Buffer.concat([Buffer.from(type), int32(length)]);
const wideParse = message('P', 'wide', 'SELECT 1', int16(-1), Buffer.alloc(65_535 * 4, 23));
const wideBind = message('B', '', 'one', int16(0), int16(-1), Buffer.alloc(65_535 * 4, 0xff), int16(0));
const million = 1_000_000;

export const attacks: readonly Attack[] = [
  ...Object.entries(deepTexts).map(
    ([name, text]): Attack => ({
      name: `deep ${name}, three times`,
      expected: /^(answered|error |ended)/,
      run: (open) => statements(open, new Array<string>(3).fill(text)),
    }),
  ),
  {
    name: 'chains of 20,000 operators, forty times, each its own text',
    expected: /^(answered|error |ended)/,
    run: (open) =>
      statements(
        open,
        Array.from({ length: 40 }, (_, i) => `${longChain}+${i}`),
      ),
  },
  {
    name: 'a message that announces 1 GB',
    expected: /^ended 54000$/,
    run: (open) => raw(open, header('Q', 0x3fff_ffff), Buffer.from('SELECT')),
  },
  {
    name: 'a password message that announces 1 GB',
    expected: /^ended/,
    run: async (_, connect) => {
      const client = connect();
      await client.send(packet(int32(3 << 16), 'user', 'x', Buffer.from([0])));
      await client.until(() => client.count('R') > 0);
      await client.send(header('p', 0x3fff_ffff), Buffer.alloc(100));
      await client.until(() => false);
      return leave(client);
    },
  },
  {
    name: 'a startup packet that announces 1 GB',
    expected: /^ended/,
    run: async (_, connect) => {
      const client = connect();
      await client.send(int32(0x3fff_ffff), int32(3 << 16));
      await client.until(() => false);
      return leave(client);
    },
  },
  {
    name: 'a text of 1 MiB, twenty times',
    expected: /^answered$/,
    run: (open) => statements(open, new Array<string>(20).fill(`SELECT '${'x'.repeat(1 << 20)}'`)),
  },
  {
    name: '1,000,000 prepared names',
    expected: /^error 54000$/,
    run: (open) =>
      flood(
        open,
        batches(million, 1_000, (i) => encodeParse(`s${i}`, 'SELECT 1')),
        million / 1_000,
      ),
  },
  {
    name: '1,000,000 portals',
    expected: /^error (54000|25P02)$/,
    run: (open) =>
      flood(
        open,
        batches(million, 1_000, (i) => encodeBindPlain(`p${i}`, 'one')),
        1 + million / 1_000,
        [encodeQuery('BEGIN'), encodeParse('one', 'SELECT 1')],
      ),
  },
  {
    name: '2,000 savepoints, cursors and channels each',
    expected: /^(answered|error )/,
    run: (open) =>
      statements(open, [
        'BEGIN',
        Array.from({ length: 2_000 }, (_, i) => `SAVEPOINT s${i}`).join(';'),
        Array.from({ length: 2_000 }, (_, i) => `DECLARE c${i} CURSOR FOR SELECT 1`).join(';'),
        'ROLLBACK',
        Array.from({ length: 2_000 }, (_, i) => `LISTEN channel_${i}`).join(';'),
      ]),
  },
  {
    name: 'a NUL in a text',
    expected: /^ended 08P01$/,
    run: (open) => raw(open, message('Q', 'SELECT 1\0; SELECT 2')),
  },
  {
    name: 'NULs for names in the startup packet',
    expected: /^ended/,
    run: async (_, connect) => {
      const client = connect();
      await client.send(packet(int32(3 << 16), Buffer.alloc(9_000, 0)));
      await client.until(() => false);
      return leave(client);
    },
  },
  {
    name: 'a text that is not UTF-8',
    expected: /^ended 08P01$/,
    run: (open) => raw(open, message('Q', Buffer.from("SELECT '\xff\xfe'\0", 'latin1'))),
  },
  {
    name: '200 connections that never finish TLS',
    expected: /^answered$/,
    run: (open, connect) => halfOpen(open, connect, (client) => client.send(sslRequest(), Buffer.alloc(0))),
  },
  {
    name: '200 connections that send one byte of their startup packet and wait',
    expected: /^answered$/,
    run: (open, connect) => halfOpen(open, connect, (client) => client.send(Buffer.from([0]))),
  },
  {
    name: '10,000 statements in one message',
    expected: /^answered$/,
    run: (open) => statements(open, ['SELECT 1;'.repeat(10_000)]),
  },
  {
    name: 'a Parse with 65,535 types and a Bind with 65,535 values',
    expected: /^error 08P01$/,
    run: (open) => flood(open, [wideParse, encodeSync(), encodeParse('one', 'SELECT 1'), wideBind, encodeSync()], 2),
  },
  { name: 'a Query without its text', expected: /^ended 08P01$/, run: (open) => raw(open, header('Q', 4)) },
  { name: 'a message of no length', expected: /^ended 08P01$/, run: (open) => raw(open, header('S', 0)) },
  { name: 'an unknown message', expected: /^ended 08P01$/, run: (open) => raw(open, header('~', 4)) },
  {
    name: '100,000 Syncs at once',
    expected: /^answered$/,
    run: (open) =>
      flood(
        open,
        batches(100_000, 1_000, () => encodeSync()),
        101_000 - 900,
      ),
  },
  {
    name: '64 MiB of CopyData outside of COPY',
    expected: /^answered$/,
    run: (open) => flood(open, [...new Array<Buffer>(64).fill(message('d', Buffer.alloc(1 << 20))), encodeSync()], 1),
  },
  {
    name: 'a message of 15 MiB, byte by byte at its head and never ended',
    expected: /^answered$/,
    run: async (open) => {
      const client = await open();
      await client.send(header('Q', 15 << 20));
      for (let i = 0; i < 200; i++) {
        await client.send(Buffer.from([0x20]));
        if (i % 50 === 0) await sleep(1);
      }
      return leave(client);
    },
  },
  {
    name: '20,000 pipelined Executes whose results nobody reads',
    expected: /^(answered|ended)/,
    run: async (open) => {
      const client = await open();
      client.socket.pause();
      const one = Buffer.concat([encodeBindPlain('', 'wide'), encodeExecute('')]);
      const text = "SELECT repeat('x', 100000)";
      client.socket.write(
        Buffer.concat([encodeParse('wide', text), ...new Array<Buffer>(20_000).fill(one), encodeSync()]),
      );
      await sleep(500);
      return leave(client);
    },
  },
];
