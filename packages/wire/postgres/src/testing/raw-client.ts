/** A client that speaks the protocol byte by byte: for what no library sends. */
import { connect as connectTcp } from 'node:net';
import { Party } from '@sluice/wire-kit/testing';
import { MessageReader } from '../framing.ts';
import { backend, encodeCopyData } from '../messages/backend.ts';
import { BodyReader, int16, int32, message } from '../messages/bytes.ts';
import { encodePassword } from '../messages/frontend.ts';
import { parseReport, type ReportFields } from '../messages/report.ts';
import { startupPacket } from '../messages/startup.ts';
import { ScramExchange } from '../scram.ts';

export interface SeenMessage {
  /** The type letter. */
  readonly type: string;
  readonly body: Buffer;
}

export class RawClient {
  readonly party: Party;
  #from = 0;

  constructor(party: Party) {
    this.party = party;
  }

  send(...messages: readonly Buffer[]): void {
    this.party.send(Buffer.concat(messages));
  }

  /** Messages since the last call, up to and with the `count`-th ReadyForQuery, or to the end of the stream. */
  async untilReady(count = 1): Promise<SeenMessage[]> {
    return this.until((seen) => seen.filter(({ type }) => type === 'Z').length >= count);
  }

  async until(holds: (seen: readonly SeenMessage[]) => boolean): Promise<SeenMessage[]> {
    await this.party.until((received) => holds(messagesIn(received.subarray(this.#from))));
    const seen = messagesIn(this.party.received.subarray(this.#from));
    // What came of the next message belongs to the next call.
    for (const { body } of seen) this.#from += body.length + 5;
    return seen;
  }
}

export function messagesIn(bytes: Buffer): SeenMessage[] {
  const reader = new MessageReader(1 << 28);
  reader.push(bytes);
  const seen: SeenMessage[] = [];
  while (reader.next()) {
    seen.push({ type: String.fromCharCode(reader.type), body: reader.buffer.subarray(reader.start + 5, reader.end) });
  }
  return seen;
}

/** The types in one line, `C` with its tag and `E` with its SQLSTATE: `1 2 D C:SELECT 1 Z:I`. */
export function outline(seen: readonly SeenMessage[]): string {
  return seen
    .filter(({ type }) => type !== 'N' && type !== 'S')
    .map(({ type, body }) => {
      if (type === 'C') return `C:${new BodyReader(body, 0, body.length).text()}`;
      if (type === 'E') return `E:${reportIn(body).get('C')}`;
      return type === 'Z' ? `Z:${body.toString()}` : type;
    })
    .join(' ');
}

export function reportIn(body: Buffer): ReportFields {
  return parseReport(body, 0, body.length);
}

/** Logs in with SCRAM or a cleartext password, whichever is asked for, and waits for the first ReadyForQuery. */
export async function openRawClient(
  port: number,
  login: { readonly username: string; readonly password: string; readonly database: string },
  parameters: readonly (readonly [string, string])[] = [],
): Promise<RawClient> {
  const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  const client = new RawClient(new Party(socket));
  client.send(startupPacket([['user', login.username], ['database', login.database], ...parameters]));
  const scram = new ScramExchange(login.password, { type: 'unsupported' });
  for (;;) {
    const seen = await client.until((messages) => messages.length > 0);
    if (seen.length === 0 || seen.some(({ type }) => type === 'Z' || type === 'E')) return client;
    for (const { type, body } of seen) {
      if (type.charCodeAt(0) !== backend.authentication) continue;
      const method = body.readInt32BE(0);
      if (method === 3) client.send(encodePassword(login.password));
      if (method === 10) {
        const first = scram.first();
        client.send(message('p', 'SCRAM-SHA-256', int32(first.length), Buffer.from(first)));
      }
      if (method === 11) client.send(message('p', Buffer.from(await scram.respond(body.toString('utf8', 4)))));
    }
  }
}

export const bindWith = (
  statement: string,
  values: readonly (string | null)[] = [],
  options: { readonly portal?: string; readonly resultFormat?: 0 | 1 } = {},
): Buffer => {
  const parts: (Buffer | string)[] = [options.portal ?? '', statement, int16(0), int16(values.length)];
  for (const value of values) {
    parts.push(int32(value === null ? -1 : Buffer.byteLength(value)));
    if (value !== null) parts.push(Buffer.from(value));
  }
  return message('B', ...parts, int16(1), int16(options.resultFormat ?? 0));
};
export const executeRows = (portal: string, rows: number): Buffer => message('E', portal, int32(rows));
export const describeStatement = (name: string): Buffer => message('D', Buffer.from('S'), name);
export const copyData = (text: string): Buffer => encodeCopyData(Buffer.from(text));
export const copyDone = (): Buffer => message('c');
