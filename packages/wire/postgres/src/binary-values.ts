/** PostgreSQL's binary value formats ↔ text (the `*_send` and `*_recv` functions of src/backend/utils/adt). */
import { knownType } from './types.ts';

const microsecondsPerDay = 86_400_000_000n;
/** 2000-01-01 in days since 1970-01-01. */
const epochDays = 10_957n;

/** The text form, or undefined when the type or the bytes are not understood. */
export function decodeBinary(oid: number, bytes: Buffer): string | undefined {
  const type = knownType(oid);
  if (type === null) return undefined;
  if (type.element !== null) return undefined;
  const fixed = fixedSize[oid];
  if (fixed !== undefined && bytes.length !== fixed) return undefined;
  switch (oid) {
    case 16:
      return bytes[0] === 0 ? 'f' : 't';
    case 17:
      return `\\x${bytes.toString('hex')}`;
    case 20:
      return bytes.readBigInt64BE(0).toString();
    case 21:
      return String(bytes.readInt16BE(0));
    case 23:
      return String(bytes.readInt32BE(0));
    case 26:
      return String(bytes.readUInt32BE(0));
    case 700:
      return floatText(Number(bytes.readFloatBE(0).toPrecision(8)));
    case 701:
      return floatText(bytes.readDoubleBE(0));
    case 1082:
      return dateText(BigInt(bytes.readInt32BE(0)));
    case 1083:
      return timeText(bytes.readBigInt64BE(0));
    case 1114:
      return timestampText(bytes.readBigInt64BE(0), '');
    case 1184:
      return timestampText(bytes.readBigInt64BE(0), '+00');
    case 1700:
      return numericText(bytes);
    case 2950:
      return uuidText(bytes);
    case 3802:
      return bytes[0] === 1 ? bytes.toString('utf8', 1) : undefined;
    case 790:
    case 869:
    case 1186:
    case 1266:
      return undefined;
    default:
      return bytes.toString('utf8');
  }
}

/** The binary form of a text that masking changed; null where the type cannot hold it: NULL is sent then. */
export function encodeBinary(oid: number, text: string): Buffer | null {
  switch (oid) {
    case 18:
    case 19:
    case 25:
    case 114:
    case 142:
    case 705:
    case 1042:
    case 1043:
      return Buffer.from(text);
    case 17:
      return /^\\x([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text);
    case 3802:
      return Buffer.concat([Buffer.from([1]), Buffer.from(text)]);
    case 2950:
      return isUuid(text) ? Buffer.from(text.replaceAll('-', ''), 'hex') : null;
    case 16:
      return text === 't' || text === 'f' ? Buffer.from([text === 't' ? 1 : 0]) : null;
    case 20:
      return integer(text, 8);
    case 21:
      return integer(text, 2);
    case 23:
      return integer(text, 4);
    case 701: {
      if (!isNumber(text)) return null;
      const out = Buffer.alloc(8);
      out.writeDoubleBE(Number(text));
      return out;
    }
    default:
      return null;
  }
}

/** Rebuilds a binary array with each element's text given to `mask`; undefined when its form is not understood. */
export function mapBinaryArray(
  bytes: Buffer,
  mask: (text: string) => string | null,
): { bytes: Buffer; changed: boolean } | undefined {
  const parts: Buffer[] = [];
  const seen = readArray(bytes, (oid, element) => {
    const text = decodeBinary(oid, element);
    if (text === undefined) return undefined;
    const masked = mask(text);
    return masked === text ? element : masked === null ? null : encodeBinary(oid, masked);
  });
  if (seen === undefined) return undefined;
  let changed = false;
  let hasNull = false;
  for (const { before, after } of seen.elements) {
    changed ||= before !== after;
    hasNull ||= after === null;
    const length = Buffer.alloc(4);
    length.writeInt32BE(after === null ? -1 : after.length);
    parts.push(length);
    if (after !== null) parts.push(after);
  }
  if (!changed) return { bytes, changed };
  const header = Buffer.from(seen.header);
  header.writeInt32BE(hasNull ? 1 : 0, 4);
  return { bytes: Buffer.concat([header, ...parts]), changed };
}

/** A binary array as PostgreSQL prints it, for the record; undefined when not understood. */
export function binaryArrayText(bytes: Buffer): string | undefined {
  const texts: string[] = [];
  const seen = readArray(bytes, (oid, element) => {
    const text = decodeBinary(oid, element);
    if (text === undefined) return undefined;
    texts.push(quoteElement(text));
    return element;
  });
  if (seen === undefined) return undefined;
  let next = 0;
  const flat = seen.elements.map(({ before }) => (before === null ? 'NULL' : texts[next++]));
  return `{${flat.join(',')}}`;
}

export function quoteElement(text: string): string {
  if (text !== '' && !/["\\{},\s]/.test(text) && text.toUpperCase() !== 'NULL') return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

interface ReadArray {
  readonly header: Buffer;
  readonly elements: readonly { readonly before: Buffer | null; readonly after: Buffer | null }[];
}

/** `array_send`: dimensions, has-null flag, element type, (length, lower bound) per dimension, then the elements. */
function readArray(
  bytes: Buffer,
  map: (oid: number, element: Buffer) => Buffer | null | undefined,
): ReadArray | undefined {
  if (bytes.length < 12) return undefined;
  const dimensions = bytes.readInt32BE(0);
  if (dimensions < 0 || dimensions > 6) return undefined;
  const oid = bytes.readUInt32BE(8);
  const headerBytes = 12 + 8 * dimensions;
  if (bytes.length < headerBytes) return undefined;
  const elements: { before: Buffer | null; after: Buffer | null }[] = [];
  let at = headerBytes;
  while (at < bytes.length) {
    if (bytes.length - at < 4) return undefined;
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length === -1) {
      elements.push({ before: null, after: null });
      continue;
    }
    if (length < 0 || bytes.length - at < length) return undefined;
    const before = bytes.subarray(at, at + length);
    const after = map(oid, before);
    if (after === undefined) return undefined;
    elements.push({ before, after });
    at += length;
  }
  return { header: bytes.subarray(0, headerBytes), elements };
}

const fixedSize: Readonly<Record<number, number>> = {
  16: 1,
  20: 8,
  21: 2,
  23: 4,
  26: 4,
  700: 4,
  701: 8,
  1082: 4,
  1083: 8,
  1114: 8,
  1184: 8,
  2950: 16,
};

export function isNumber(text: string): boolean {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) || /^(NaN|-?Infinity)$/.test(text);
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}

function integer(text: string, bytes: 2 | 4 | 8): Buffer | null {
  if (!/^-?\d{1,19}$/.test(text)) return null;
  const value = BigInt(text);
  if (BigInt.asIntN(bytes * 8, value) !== value) return null;
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(value);
  return out.subarray(8 - bytes);
}

function floatText(value: number): string {
  return String(value);
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function dateText(days: bigint): string {
  if (days === 2_147_483_647n) return 'infinity';
  if (days === -2_147_483_648n) return '-infinity';
  return civil(days);
}

function timeText(microseconds: bigint): string {
  const seconds = microseconds / 1_000_000n;
  const fraction = (microseconds % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '');
  const two = (value: bigint): string => value.toString().padStart(2, '0');
  const clock = `${two(seconds / 3_600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return fraction === '' ? clock : `${clock}.${fraction}`;
}

function timestampText(microseconds: bigint, zone: string): string {
  if (microseconds === 9_223_372_036_854_775_807n) return 'infinity';
  if (microseconds === -9_223_372_036_854_775_808n) return '-infinity';
  let days = microseconds / microsecondsPerDay;
  if (microseconds % microsecondsPerDay < 0n) days -= 1n;
  const [date, era] = civil(days).split(' ');
  return `${date} ${timeText(microseconds - days * microsecondsPerDay)}${zone}${era === undefined ? '' : ` ${era}`}`;
}

/** Days since 2000-01-01 → proleptic Gregorian date (the days-from-civil algorithm, run backwards). */
function civil(days: bigint): string {
  const z = days + epochDays + 719_468n;
  const era = (z >= 0n ? z : z - 146_096n) / 146_097n;
  const dayOfEra = z - era * 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1_460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const shifted = (5n * dayOfYear + 2n) / 153n;
  const day = dayOfYear - (153n * shifted + 2n) / 5n + 1n;
  const month = shifted < 10n ? shifted + 3n : shifted - 9n;
  const year = yearOfEra + era * 400n + (month <= 2n ? 1n : 0n);
  const shown = (year > 0n ? year : 1n - year).toString().padStart(4, '0');
  const text = `${shown}-${month.toString().padStart(2, '0')}-${day.toString().padStart(2, '0')}`;
  return year > 0n ? text : `${text} BC`;
}

/** `numeric_send`: digit count, weight, sign, display scale, then base-10,000 digits. */
function numericText(bytes: Buffer): string | undefined {
  if (bytes.length < 8) return undefined;
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (sign === 0xc000) return 'NaN';
  if (sign === 0xd000) return 'Infinity';
  if (sign === 0xf000) return '-Infinity';
  if (bytes.length !== 8 + count * 2) return undefined;
  const digit = (index: number): string =>
    (index >= 0 && index < count ? bytes.readUInt16BE(8 + index * 2) : 0).toString().padStart(4, '0');
  let whole = '';
  for (let i = 0; i <= weight; i++) whole += digit(i);
  whole = whole.replace(/^0+(?=\d)/, '');
  if (whole === '') whole = '0';
  let fraction = '';
  for (let i = weight + 1; fraction.length < scale; i++) fraction += digit(i);
  fraction = fraction.slice(0, scale);
  return `${sign === 0x4000 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
