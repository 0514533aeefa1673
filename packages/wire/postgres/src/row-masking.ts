/** Rows on their way to the client: decoded, masked, and built again only where something changed. */
import type { ResultMasker, StatementHandle } from '@sluice/wire-kit';
import { mapArrayText } from './array-text.ts';
import { binaryArrayText, decodeBinary, encodeBinary, isNumber, isUuid, mapBinaryArray } from './binary-values.ts';
import { encodeDataRow, parseDataRow } from './messages/backend.ts';
import { violation } from './messages/bytes.ts';
import { type Category, knownType } from './types.ts';

/** What is needed to read one column's values. */
export interface ColumnForm {
  readonly typeOid: number;
  /** 0 text, 1 binary. */
  readonly format: number;
  readonly category: Category;
}

/** `undefined`: unchanged. */
type Masked = Buffer | null | undefined;

export class RowMasking {
  readonly #forms: readonly ColumnForm[];
  readonly #masker: ResultMasker;
  readonly #statement: StatementHandle;

  constructor(forms: readonly ColumnForm[], masker: ResultMasker, statement: StatementHandle) {
    this.#forms = forms;
    this.#masker = masker;
    this.#statement = statement;
  }

  /** True while rows may be forwarded unread. */
  get passes(): boolean {
    return this.#masker.passAll && !this.#statement.wantsRows;
  }

  /** The DataRow to send instead of the one at `start` (header included); null: send it as it came. */
  dataRow(buffer: Buffer, start: number, end: number): Buffer | null {
    const values = parseDataRow(buffer, start + 5, end);
    return this.values(values) ? encodeDataRow(values) : null;
  }

  /** Masks a row's values in place and records them; true when something changed. */
  values(values: (Buffer | null)[]): boolean {
    if (values.length !== this.#forms.length) throw violation('a row with another number of values than was described');
    const wanted = this.#statement.wantsRows;
    const shown: (string | null)[] = [];
    let changed = false;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value === null) {
        if (wanted) shown.push(null);
        continue;
      }
      const form = this.#forms[i]!;
      if (this.#masker.plan[i] === 'pass') {
        if (wanted) shown.push(recordedText(form, value));
        continue;
      }
      const masked = this.#value(i, form, value);
      if (masked !== undefined) {
        values[i] = masked;
        changed = true;
      }
      const now = values[i]!;
      if (wanted) shown.push(now === null ? null : recordedText(form, now));
    }
    if (wanted) this.#statement.row(shown);
    return changed;
  }

  #value(index: number, form: ColumnForm, value: Buffer): Masked {
    const mask = (text: string): string | null => this.#masker.mask(index, text);
    if (form.category === 'array') return maskArray(form, value, mask);
    const text = form.format === 0 ? value.toString('utf8') : decodeBinary(form.typeOid, value);
    // What cannot be decoded cannot be cleared: NULL.
    if (text === undefined) return null;
    const masked = mask(text);
    if (masked === text) return undefined;
    if (masked === null) return null;
    const fit = fitting(form, masked);
    if (fit === null) return null;
    return form.format === 0 ? Buffer.from(fit) : encodeBinary(form.typeOid, fit);
  }
}

function maskArray(form: ColumnForm, value: Buffer, mask: (text: string) => string | null): Masked {
  const element: ColumnForm = elementForm(form);
  const fit = (text: string): string | null => {
    const masked = mask(text);
    return masked === null || masked === text ? masked : fitting(element, masked);
  };
  if (form.format !== 0) {
    const mapped = mapBinaryArray(value, fit);
    return mapped === undefined ? null : mapped.changed ? mapped.bytes : undefined;
  }
  const text = value.toString('utf8');
  let changed = false;
  const mapped = mapArrayText(text, (one) => {
    const masked = fit(one);
    changed ||= masked !== one;
    return masked;
  });
  if (mapped === undefined) return null;
  return changed ? Buffer.from(mapped) : undefined;
}

function elementForm(form: ColumnForm): ColumnForm {
  const oid = knownType(form.typeOid)?.element ?? 0;
  return { typeOid: oid, format: form.format, category: knownType(oid)?.category ?? 'text' };
}

/** A masked text that the column's type can hold: a driver must still be able to read it. null: none, send NULL. */
function fitting(form: ColumnForm, masked: string): string | null {
  switch (form.category) {
    case 'number':
      return isNumber(masked) ? masked : null;
    case 'boolean':
      return masked === 't' || masked === 'f' ? masked : null;
    case 'uuid':
      return isUuid(masked) ? masked : null;
    case 'temporal':
      return /^\d{4}-\d{2}-\d{2}/.test(masked) ? masked : null;
    case 'json':
      return isJson(masked) ? masked : JSON.stringify(masked);
    case 'text':
      // A bytea's text begins with \x; anything else would not be read as bytea.
      if (form.typeOid === 17 && form.format === 0 && !masked.startsWith('\\x'))
        return `\\x${Buffer.from(masked).toString('hex')}`;
      return masked;
    case 'array':
    case 'opaque':
      return masked;
    default:
      return masked;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** For the record: the text, or a binary form's hexadecimal where it has none. */
function recordedText(form: ColumnForm, value: Buffer): string {
  if (form.format === 0) return value.toString('utf8');
  const text = form.category === 'array' ? binaryArrayText(value) : decodeBinary(form.typeOid, value);
  return text ?? `\\x${value.toString('hex')}`;
}
