/** A small PostgreSQL server in memory: enough of the protocol for the conformance suite. */
import type { Duplex } from 'node:stream';
import type { TargetLog } from '@sluice/wire-kit/testing';
import { MessageReader } from '../framing.ts';
import {
  encodeAuthenticationOk,
  encodeBackendKeyData,
  encodeDataRow,
  encodeParameterStatus,
  encodeReadyForQuery,
} from '../messages/backend.ts';
import { int16, int32, message } from '../messages/bytes.ts';
import { frontend, parseBind, parseExecute, parseParse, parseQuery, parseTargeted } from '../messages/frontend.ts';
import { encodeReport } from '../messages/report.ts';
import { parseStartupPacket } from '../messages/startup.ts';
import { sessionStateText } from '../session-state.ts';

const largeRows = 9_000;
const largeCell = Buffer.alloc(1_024, 'x');

/** Serves one connection until it ends. `sleep` runs until a cancel request comes; `large` gives 9 MB. */
export function serveFakeTarget(stream: Duplex, log: TargetLog): void {
  new FakeTarget(stream, log);
}

/** Sessions that run something endless; any cancel request stops the newest. */
const sleeping: FakeTarget[] = [];

class FakeTarget {
  readonly #stream: Duplex;
  readonly #log: TargetLog;
  readonly #reader = new MessageReader(1 << 26);
  #startup: Buffer | null = Buffer.alloc(0);
  #skipping = false;
  readonly #prepared = new Map<string, string>();
  readonly #portals = new Map<string, string>();

  constructor(stream: Duplex, log: TargetLog) {
    this.#stream = stream;
    this.#log = log;
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('end', () => stream.end());
  }

  stop(): void {
    this.#write(failure('57014', 'canceling statement due to user request'), encodeReadyForQuery('I'));
  }

  #receive(chunk: Buffer): void {
    this.#log.bytesRead += chunk.length;
    if (this.#startup === null) {
      this.#reader.push(chunk);
      while (this.#reader.next()) this.#handle();
      return;
    }
    this.#startup = Buffer.concat([this.#startup, chunk]);
    if (this.#startup.length < 4 || this.#startup.length < this.#startup.readUInt32BE(0)) return;
    const packet = parseStartupPacket(this.#startup);
    if (packet.type === 'cancel') {
      this.#log.cancels++;
      sleeping.pop()?.stop();
      this.#stream.end();
      return;
    }
    this.#startup = null;
    this.#write(
      encodeAuthenticationOk(),
      encodeParameterStatus('server_version', '15.0'),
      encodeParameterStatus('client_encoding', 'UTF8'),
      encodeParameterStatus('standard_conforming_strings', 'on'),
      encodeBackendKeyData(4_711, Buffer.from([1, 2, 3, 4])),
      encodeReadyForQuery('I'),
    );
  }

  #handle(): void {
    const { type, buffer, start, end } = this.#reader;
    if (this.#skipping && type !== frontend.sync) return;
    const body = [buffer, start + 5, end] as const;
    switch (type) {
      case frontend.query: {
        const text = parseQuery(...body);
        // There are no transactions here that could outlive it, and it takes the unnamed names for itself.
        this.#portals.clear();
        this.#prepared.delete('');
        if (this.#run(text, true)) this.#write(encodeReadyForQuery('I'));
        return;
      }
      case frontend.parse: {
        const { name, text } = parseParse(...body);
        // The old unnamed statement is gone even when the new one has a fault.
        if (name === '') this.#prepared.delete(name);
        if (!isValid(text)) {
          this.#failBatch('42601', 'syntax error');
          return;
        }
        if (this.#prepared.has(name)) {
          this.#failBatch('42P05', 'that statement is there');
          return;
        }
        this.#prepared.set(name, text);
        this.#write(message('1'));
        break;
      }
      case frontend.bind: {
        const { portal, statement } = parseBind(...body);
        const text = this.#prepared.get(statement);
        if (text === undefined) {
          this.#failBatch('26000', 'no such statement');
          return;
        }
        if (portal !== '' && this.#portals.has(portal)) {
          this.#failBatch('42P03', 'that portal is there');
          return;
        }
        this.#portals.set(portal, text);
        this.#write(message('2'));
        break;
      }
      case frontend.describe: {
        const { kind, name } = parseTargeted(...body);
        const portal = kind === 'portal';
        if ((portal ? this.#portals : this.#prepared).has(name)) {
          this.#write(...(portal ? [] : [message('t', int16(0))]), rowDescription());
          break;
        }
        this.#failBatch(portal ? '34000' : '26000', 'no such name');
        return;
      }
      case frontend.execute: {
        const text = this.#portals.get(parseExecute(...body).portal);
        if (text === undefined) this.#failBatch('34000', 'no such portal');
        else this.#run(text, false);
        return;
      }
      case frontend.close: {
        const { kind, name } = parseTargeted(...body);
        (kind === 'portal' ? this.#portals : this.#prepared).delete(name);
        this.#write(message('3'));
        break;
      }
      case frontend.sync:
        this.#skipping = false;
        this.#portals.clear();
        this.#write(encodeReadyForQuery('I'));
        break;
      case frontend.terminate:
        this.#stream.end();
        return;
      default:
    }
  }

  #failBatch(code: string, text: string): void {
    // First, because a stream in memory may bring the answer's answer before the write returns.
    this.#skipping = true;
    this.#write(failure(code, text));
  }

  /** False when the answer comes later. */
  #run(text: string, describe: boolean): boolean {
    this.#log.statements.push(text);
    if (!isValid(text)) {
      this.#write(failure('42601', 'syntax error'));
      return true;
    }
    if (text === 'SELECT sleep') {
      sleeping.push(this);
      return false;
    }
    const rows = text === 'SELECT large' ? largeRows : 1;
    const cells =
      text === sessionStateText
        ? ['app', 'app_role', '["pg_catalog","public"]', 'off'].map((one) => Buffer.from(one))
        : [Buffer.from('1')];
    const row = encodeDataRow(rows === 1 ? cells : [largeCell]);
    const parts = describe ? [rowDescription(cells.length)] : [];
    for (let i = 0; i < rows; i++) parts.push(row);
    this.#write(...parts, message('C', `SELECT ${rows}`));
    return true;
  }

  #write(...parts: Buffer[]): void {
    if (!this.#stream.writable) return;
    // One by one when they are many, so that a slow reader meets many small pieces as on a network.
    if (parts.length > 16) for (const part of parts) this.#stream.write(part);
    else this.#stream.write(Buffer.concat(parts));
  }
}

function isValid(text: string): boolean {
  return /^\s*select/i.test(text);
}

function failure(code: string, text: string): Buffer {
  return encodeReport(
    'E',
    new Map([
      ['S', 'ERROR'],
      ['V', 'ERROR'],
      ['C', code],
      ['M', text],
    ]),
  );
}

function rowDescription(columns = 1): Buffer {
  const one = (i: number): (Buffer | string)[] => [
    `column${i}`,
    int32(0),
    int16(0),
    int32(25),
    int16(-1),
    int32(-1),
    int16(0),
  ];
  return message('T', int16(columns), ...Array.from({ length: columns }, (_, i) => one(i)).flat());
}
