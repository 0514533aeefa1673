/** COPY TO STDOUT on its way to the client: rows taken apart by the form the statement asked for, masked, put together again. */
import { SluiceError } from '@sluice/domain';
import type { CopyForm } from './copy-options.ts';
import { maxCopyRowBytes } from './limits.ts';
import type { RowMasking } from './row-masking.ts';

const lineFeed = 0x0a;
const backslash = 0x5c;
const binarySignature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const empty = Buffer.alloc(0);

/** One row's fields; `null`: SQL NULL. */
type Fields = (Buffer | null)[];
interface Row {
  readonly fields: Fields;
  /** Where the next row begins. */
  readonly end: number;
}

/** Takes the bodies of CopyData messages in any cut and gives back what to send in their place. */
export class CopyMasking {
  readonly #rows: RowMasking;
  /** null: the form is not understood; rows are sent as NULLs. */
  readonly #form: CopyForm | null;
  readonly #columns: number;
  #carry: Buffer = empty;
  #headerDone: boolean;

  constructor(rows: RowMasking, form: CopyForm | null, columns: number) {
    this.#rows = rows;
    this.#form = form;
    this.#columns = columns;
    this.#headerDone = form?.format !== 'binary' && form?.header !== true;
  }

  get passes(): boolean {
    return this.#rows.passes && this.#carry.length === 0;
  }

  /** The masked data of all rows that are whole by now; may be empty. Throws SluiceError `too-large`. */
  data(bytes: Buffer): Buffer {
    const input = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const out: Buffer[] = [];
    let at = 0;
    if (!this.#headerDone) {
      const end = this.#headerEnd(input);
      if (end === null) return this.#keep(input, 0, out);
      out.push(input.subarray(0, end));
      this.#headerDone = true;
      at = end;
    }
    while (at < input.length) {
      const row = this.#read(input, at);
      if (row === null) break;
      out.push(this.#masked(row, input.subarray(at, row.end)));
      at = row.end;
    }
    return this.#keep(input, at, out);
  }

  #keep(input: Buffer, from: number, out: Buffer[]): Buffer {
    this.#carry = input.subarray(from);
    if (this.#carry.length > maxCopyRowBytes) throw new SluiceError('too-large', 'a COPY row larger than Sluice masks');
    return out.length === 1 ? out[0]! : Buffer.concat(out);
  }

  #headerEnd(input: Buffer): number | null {
    if (this.#form?.format !== 'binary') return this.#read(input, 0)?.end ?? null;
    // Signature, flags, and an extension of a stated length.
    const fixed = binarySignature.length + 8;
    if (input.length < fixed) return null;
    const end = fixed + input.readUInt32BE(binarySignature.length + 4);
    return input.length < end ? null : end;
  }

  #read(input: Buffer, at: number): Row | null {
    if (this.#form === null) return unreadRow(input, at);
    switch (this.#form.format) {
      case 'text':
        return textRow(input, at, this.#form);
      case 'csv':
        return csvRow(input, at, this.#form);
      case 'binary':
        return binaryRow(input, at);
    }
  }

  #masked(row: Row, original: Buffer): Buffer {
    const form = this.#form;
    if (form?.format === 'binary' && row.fields.length === 0) return original;
    if (form === null || row.fields.length !== this.#columns) return this.#closed();
    if (!this.#rows.values(row.fields)) return original;
    switch (form.format) {
      case 'text':
        return joined(
          row.fields.map((field) => (field === null ? Buffer.from(form.nullText) : escapeText(field, form))),
          form,
        );
      case 'csv':
        return joined(
          row.fields.map((field) => (field === null ? Buffer.from(form.nullText) : quoteCsv(field, form))),
          form,
        );
      case 'binary':
        return encodeBinaryRow(row.fields);
    }
  }

  /** A row whose fields cannot be told apart is not shown at all. */
  #closed(): Buffer {
    const fields: null[] = new Array<null>(this.#columns).fill(null);
    if (this.#form?.format === 'binary') return encodeBinaryRow(fields);
    const form: Pick<CopyForm, 'delimiter' | 'nullText'> = this.#form ?? { delimiter: '\t', nullText: '\\N' };
    return joined(
      fields.map(() => Buffer.from(form.nullText)),
      form,
    );
  }
}

function joined(fields: readonly Buffer[], form: Pick<CopyForm, 'delimiter'>): Buffer {
  const parts: Buffer[] = [];
  for (const [i, field] of fields.entries()) {
    if (i > 0) parts.push(Buffer.from(form.delimiter));
    parts.push(field);
  }
  parts.push(Buffer.from([lineFeed]));
  return Buffer.concat(parts);
}

/** The end of a line, without looking inside. */
function unreadRow(input: Buffer, at: number): Row | null {
  const end = input.indexOf(lineFeed, at);
  return end < 0 ? null : { fields: [], end: end + 1 };
}

/** Manual, COPY, "Text Format". A line feed inside a value is always escaped. */
function textRow(input: Buffer, at: number, form: CopyForm): Row | null {
  const line = input.indexOf(lineFeed, at);
  if (line < 0) return null;
  const delimiter = form.delimiter.charCodeAt(0);
  const fields: Fields = [];
  let start = at;
  for (let i = at; i <= line; i++) {
    if (i < line && input[i] === backslash) {
      i++;
    } else if (i === line || input[i] === delimiter) {
      const raw = input.subarray(start, i);
      fields.push(raw.toString('utf8') === form.nullText ? null : unescapeText(raw));
      start = i + 1;
    }
  }
  return { fields, end: line + 1 };
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const escaped: Readonly<Record<string, string>> = { '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v' };

function unescapeText(raw: Buffer): Buffer {
  if (!raw.includes(backslash)) return raw;
  return Buffer.from(raw.toString('utf8').replace(/\\(.)/gsu, (_, char: string) => escapes[char] ?? char));
}

function escapeText(value: Buffer, form: CopyForm): Buffer {
  let out = '';
  for (const char of value.toString('utf8')) {
    const letter = escaped[char];
    if (letter !== undefined) out += `\\${letter}`;
    else out += char === '\\' || char === form.delimiter ? `\\${char}` : char;
  }
  return Buffer.from(out);
}

/** Manual, COPY, "CSV Format". A line feed inside quotes belongs to the value. */
function csvRow(input: Buffer, at: number, form: CopyForm): Row | null {
  const quote = form.quote.charCodeAt(0);
  const escapeByte = form.escape.charCodeAt(0);
  const delimiter = form.delimiter.charCodeAt(0);
  const fields: Fields = [];
  let value: number[] = [];
  let quoted = false;
  let inside = false;
  for (let i = at; i < input.length; i++) {
    const byte = input[i]!;
    if (inside) {
      const next = input[i + 1];
      if (byte === escapeByte && (next === escapeByte || next === quote)) {
        value.push(next);
        i++;
      } else if (byte === quote) {
        inside = false;
      } else {
        value.push(byte);
      }
    } else if (byte === quote) {
      inside = true;
      quoted = true;
    } else if (byte === delimiter || byte === lineFeed) {
      const field = Buffer.from(value);
      fields.push(!quoted && field.toString('utf8') === form.nullText ? null : field);
      if (byte === lineFeed) return { fields, end: i + 1 };
      value = [];
      quoted = false;
    } else {
      value.push(byte);
    }
  }
  return null;
}

/** Quotes where the server itself would, but for FORCE_QUOTE. */
function quoteCsv(value: Buffer, form: CopyForm): Buffer {
  const text = value.toString('utf8');
  const special = [form.delimiter, form.quote, '\n', '\r'].some((char) => text.includes(char));
  if (!special && text !== form.nullText && text !== '\\.') return value;
  let out = form.quote;
  for (const char of text) out += char === form.quote || char === form.escape ? form.escape + char : char;
  return Buffer.from(out + form.quote);
}

/** Manual, COPY, "Binary Format": a field count, then length and bytes of each; a count of -1 ends the data. */
function binaryRow(input: Buffer, at: number): Row | null {
  if (input.length - at < 2) return null;
  const count = input.readInt16BE(at);
  let next = at + 2;
  const fields: Fields = [];
  for (let i = 0; i < count; i++) {
    if (input.length - next < 4) return null;
    const length = input.readInt32BE(next);
    next += 4;
    if (length === -1) {
      fields.push(null);
      continue;
    }
    if (input.length - next < length) return null;
    fields.push(input.subarray(next, next + length));
    next += length;
  }
  return { fields, end: next };
}

function encodeBinaryRow(fields: readonly (Buffer | null)[]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(2)];
  parts[0]!.writeInt16BE(fields.length);
  for (const field of fields) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(field === null ? -1 : field.length);
    parts.push(length);
    if (field !== null) parts.push(field);
  }
  return Buffer.concat(parts);
}
