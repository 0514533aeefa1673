/** Messages that a server sends. PostgreSQL manual, "Message Formats". */
import { BodyReader, int16, int32, message } from './bytes.ts';

export const backend = {
  authentication: 0x52,
  backendKeyData: 0x4b,
  bindComplete: 0x32,
  closeComplete: 0x33,
  commandComplete: 0x43,
  copyBothResponse: 0x57,
  copyData: 0x64,
  copyDone: 0x63,
  copyInResponse: 0x47,
  copyOutResponse: 0x48,
  dataRow: 0x44,
  emptyQuery: 0x49,
  error: 0x45,
  functionCallResponse: 0x56,
  negotiateProtocol: 0x76,
  noData: 0x6e,
  notice: 0x4e,
  notification: 0x41,
  parameterDescription: 0x74,
  parameterStatus: 0x53,
  parseComplete: 0x31,
  portalSuspended: 0x73,
  readyForQuery: 0x5a,
  rowDescription: 0x54,
} as const;

/** One column of a RowDescription. */
export interface RowColumn {
  readonly name: string;
  /** 0: not a stored column. */
  readonly tableOid: number;
  readonly attribute: number;
  readonly typeOid: number;
  /** 0 text, 1 binary. */
  readonly format: number;
}

export type TransactionStatus = 'I' | 'T' | 'E';

export function parseRowDescription(buffer: Buffer, start: number, end: number): RowColumn[] {
  const body = new BodyReader(buffer, start, end);
  const count = body.uint16();
  const columns: RowColumn[] = [];
  for (let i = 0; i < count; i++) {
    const name = body.text();
    const tableOid = body.uint32();
    const attribute = body.int16();
    const typeOid = body.uint32();
    body.int16();
    body.int32();
    columns.push({ name, tableOid, attribute, typeOid, format: body.int16() });
  }
  body.finish();
  return columns;
}

export function parseParameterDescription(buffer: Buffer, start: number, end: number): number[] {
  const body = new BodyReader(buffer, start, end);
  const count = body.uint16();
  const types: number[] = [];
  for (let i = 0; i < count; i++) types.push(body.uint32());
  return types;
}

/** The column formats of a CopyInResponse or CopyOutResponse; `binary` is the whole transfer's. */
export function parseCopyResponse(buffer: Buffer, start: number, end: number): { binary: boolean; columns: number } {
  const body = new BodyReader(buffer, start, end);
  const binary = body.uint8() === 1;
  return { binary, columns: body.uint16() };
}

export function parseCommandTag(buffer: Buffer, start: number, end: number): string {
  return new BodyReader(buffer, start, end).text();
}

/** Rows in a completion tag (`SELECT 5`, `INSERT 0 1`); null where the command counts none. */
export function rowsOfTag(tag: string): number | null {
  const space = tag.lastIndexOf(' ');
  if (space < 0) return null;
  const rows = Number(tag.slice(space + 1));
  return Number.isSafeInteger(rows) && rows >= 0 ? rows : null;
}

export function parseParameterStatus(buffer: Buffer, start: number, end: number): { name: string; value: string } {
  const body = new BodyReader(buffer, start, end);
  return { name: body.text(), value: body.text() };
}

export function parseNotification(
  buffer: Buffer,
  start: number,
  end: number,
): { processId: number; channel: string; payload: string } {
  const body = new BodyReader(buffer, start, end);
  return { processId: body.int32(), channel: body.text(), payload: body.text() };
}

/** The values of a DataRow as slices; null: SQL NULL. */
export function parseDataRow(buffer: Buffer, start: number, end: number): (Buffer | null)[] {
  const body = new BodyReader(buffer, start, end);
  const count = body.uint16();
  const values: (Buffer | null)[] = [];
  for (let i = 0; i < count; i++) {
    const length = body.int32();
    values.push(length === -1 ? null : body.bytes(length));
  }
  body.finish();
  return values;
}

export function encodeDataRow(values: readonly (Buffer | null)[]): Buffer {
  const parts: Buffer[] = [int16(values.length)];
  for (const value of values) {
    parts.push(int32(value === null ? -1 : value.length));
    if (value !== null) parts.push(value);
  }
  return message('D', ...parts);
}

export const encodeAuthenticationOk = (): Buffer => message('R', int32(0));
export const encodeAuthenticationCleartext = (): Buffer => message('R', int32(3));
export const encodeParameterStatus = (name: string, value: string): Buffer => message('S', name, value);
export const encodeBackendKeyData = (processId: number, key: Buffer): Buffer => message('K', int32(processId), key);
export const encodeReadyForQuery = (status: TransactionStatus): Buffer => message('Z', Buffer.from(status));
export const encodeCopyData = (data: Buffer): Buffer => message('d', data);
export const encodeNotification = (processId: number, channel: string, payload: string): Buffer =>
  message('A', int32(processId), channel, payload);
export const encodeNegotiateProtocol = (minor: number, unknownOptions: readonly string[]): Buffer =>
  message('v', int32((3 << 16) | minor), int32(unknownOptions.length), ...unknownOptions);
