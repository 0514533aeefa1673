/** Messages that a client sends. PostgreSQL manual, "Message Formats". */
import { BodyReader, int16, int32, message } from './bytes.ts';

export const frontend = {
  bind: 0x42,
  close: 0x43,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  describe: 0x44,
  execute: 0x45,
  flush: 0x48,
  functionCall: 0x46,
  parse: 0x50,
  password: 0x70,
  query: 0x51,
  sync: 0x53,
  terminate: 0x58,
} as const;

export interface ParseMessage {
  readonly name: string;
  readonly text: string;
  readonly parameterTypes: readonly number[];
}

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  readonly parameterFormats: readonly number[];
  /** null: SQL NULL. */
  readonly values: readonly (Buffer | null)[];
  readonly resultFormats: readonly number[];
}

export interface TargetedMessage {
  readonly kind: 'statement' | 'portal';
  readonly name: string;
}

export function parseQuery(buffer: Buffer, start: number, end: number): string {
  const body = new BodyReader(buffer, start, end);
  const text = body.text();
  body.finish();
  return text;
}

export function parseParse(buffer: Buffer, start: number, end: number): ParseMessage {
  const body = new BodyReader(buffer, start, end);
  const name = body.text();
  const text = body.text();
  const parameterTypes = repeated(body.uint16(), () => body.uint32());
  body.finish();
  return { name, text, parameterTypes };
}

export function parseBind(buffer: Buffer, start: number, end: number): BindMessage {
  const body = new BodyReader(buffer, start, end);
  const portal = body.text();
  const statement = body.text();
  const parameterFormats = repeated(body.uint16(), () => body.int16());
  const values = repeated(body.uint16(), () => {
    const length = body.int32();
    return length === -1 ? null : body.bytes(length);
  });
  const resultFormats = repeated(body.uint16(), () => body.int16());
  body.finish();
  return { portal, statement, parameterFormats, values, resultFormats };
}

/** Describe and Close share their form. */
export function parseTargeted(buffer: Buffer, start: number, end: number): TargetedMessage {
  const body = new BodyReader(buffer, start, end);
  const kind = body.uint8();
  const name = body.text();
  body.finish();
  return { kind: kind === 0x53 ? 'statement' : 'portal', name };
}

export function parseExecute(buffer: Buffer, start: number, end: number): { portal: string; maxRows: number } {
  const body = new BodyReader(buffer, start, end);
  const portal = body.text();
  const maxRows = body.int32();
  body.finish();
  return { portal, maxRows };
}

/** The password in a PasswordMessage. */
export function parsePassword(buffer: Buffer, start: number, end: number): string {
  return parseQuery(buffer, start, end);
}

export const encodeQuery = (text: string): Buffer => message('Q', text);
export const encodeParse = (name: string, text: string, parameterTypes: readonly number[] = []): Buffer =>
  // OIDs are unsigned: the same 32 bits.
  message('P', name, text, int16(parameterTypes.length), ...parameterTypes.map((oid) => int32(oid | 0)));
export const encodeBindPlain = (portal: string, statement: string): Buffer =>
  message('B', portal, statement, int16(0), int16(0), int16(0));
/** A value of the gateway's own Bind. `type` 0: the target finds out. */
export interface ParameterValue {
  /** Text, or base64 of the binary form; null: SQL NULL. */
  readonly value: string | null;
  readonly binary: boolean;
  readonly type: number;
}
/** Binds values to the unnamed statement, or to the one named, and asks for its result as text or in binary form. */
export const encodeBindValues = (
  values: readonly ParameterValue[],
  { portal = '', statement = '', binary = false } = {},
): Buffer => {
  const parts: (Buffer | string)[] = [portal, statement, int16(values.length)];
  for (const { binary } of values) parts.push(int16(binary ? 1 : 0));
  parts.push(int16(values.length));
  for (const { value, binary } of values) {
    const bytes = value === null ? null : Buffer.from(value, binary ? 'base64' : 'utf8');
    parts.push(int32(bytes === null ? -1 : bytes.length));
    if (bytes !== null) parts.push(bytes);
  }
  return message('B', ...parts, ...(binary ? [int16(1), int16(1)] : [int16(0)]));
};
export const encodeDescribePortal = (portal: string): Buffer => message('D', Buffer.from('P'), portal);
/** `most` 0: all rows. */
export const encodeExecute = (portal: string, most = 0): Buffer => message('E', portal, int32(most));
export const encodeCloseStatement = (name: string): Buffer => message('C', Buffer.from('S'), name);
export const encodeClosePortal = (name: string): Buffer => message('C', Buffer.from('P'), name);
export const encodeCopyFail = (why: string): Buffer => message('f', why);
export const encodePassword = (password: string): Buffer => message('p', password);
export const encodeSync = (): Buffer => message('S');
export const encodeFlush = (): Buffer => message('H');
export const encodeTerminate = (): Buffer => message('X');
export const encodeSaslInitial = (mechanism: string, data: string): Buffer =>
  message('p', mechanism, int32(Buffer.byteLength(data)), Buffer.from(data));
export const encodeSaslResponse = (data: string): Buffer => message('p', Buffer.from(data));

function repeated<T>(count: number, one: () => T): T[] {
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(one());
  return list;
}
