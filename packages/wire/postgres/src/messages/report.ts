/** ErrorResponse and NoticeResponse: a list of fields, each a letter and a string. PostgreSQL manual, "Error and Notice Message Fields". */
import { BodyReader, message } from './bytes.ts';

/** Field letter → text, in the order received. */
export type ReportFields = Map<string, string>;

export function parseReport(buffer: Buffer, start: number, end: number): ReportFields {
  const body = new BodyReader(buffer, start, end);
  const fields: ReportFields = new Map();
  for (;;) {
    const letter = body.uint8();
    if (letter === 0) break;
    fields.set(String.fromCharCode(letter), body.text());
  }
  return fields;
}

export function encodeReport(type: 'E' | 'N', fields: ReadonlyMap<string, string>): Buffer {
  const parts: (Buffer | string)[] = [];
  // A NUL would end the field early and shift every field after it.
  for (const [letter, text] of fields) parts.push(Buffer.from(letter, 'latin1'), text.replaceAll('\0', '�'));
  parts.push(Buffer.from([0]));
  return message(type, ...parts);
}

/** The fields whose text may quote values: message, detail, hint, context and an internal query. Names and codes stay. */
export const textFields: readonly string[] = ['M', 'D', 'H', 'W', 'q'];

export function severityOf(fields: ReportFields): string {
  return fields.get('V') ?? fields.get('S') ?? 'ERROR';
}
