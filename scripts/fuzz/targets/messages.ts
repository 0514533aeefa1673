/** Every codec over arbitrary bodies: it reads its own bytes only, fails only in the way it says, and gives back what was written. */
import { SluiceError } from '@sluice/domain';
import { mapArrayText } from '../../../packages/wire/postgres/src/array-text.ts';
import {
  binaryArrayText,
  decodeBinary,
  encodeBinary,
  mapBinaryArray,
} from '../../../packages/wire/postgres/src/binary-values.ts';
import { bindValues } from '../../../packages/wire/postgres/src/bind-values.ts';
import { CopyMasking } from '../../../packages/wire/postgres/src/copy-masking.ts';
import { readCopyForm } from '../../../packages/wire/postgres/src/copy-options.ts';
import * as backend from '../../../packages/wire/postgres/src/messages/backend.ts';
import { BodyReader } from '../../../packages/wire/postgres/src/messages/bytes.ts';
import * as frontend from '../../../packages/wire/postgres/src/messages/frontend.ts';
import { encodeReport, parseReport } from '../../../packages/wire/postgres/src/messages/report.ts';
import { parseStartupPacket } from '../../../packages/wire/postgres/src/messages/startup.ts';
import { RowMasking } from '../../../packages/wire/postgres/src/row-masking.ts';
import { readStartupParameters, settingStatement } from '../../../packages/wire/postgres/src/startup-settings.ts';
import { type Fuzzed, type FuzzTarget, must } from '../target.ts';

type Codec = (buffer: Buffer, start: number, end: number) => unknown;

const codecs: readonly Codec[] = [
  frontend.parseQuery,
  frontend.parseParse,
  frontend.parseBind,
  frontend.parseTargeted,
  frontend.parseExecute,
  backend.parseRowDescription,
  backend.parseParameterDescription,
  backend.parseCopyResponse,
  backend.parseCommandTag,
  backend.parseParameterStatus,
  backend.parseNotification,
  dataRowTwice,
  reportTwice,
  bindWithValues,
  (buffer, start, end) => parseStartupPacket(buffer.subarray(start, end)),
  startupSettings,
  (buffer, start, end) => rowMasked(buffer.subarray(start, end)),
  (buffer, start, end) => arrays(buffer.subarray(start, end)),
  (buffer, start, end) => values(buffer.subarray(start, end)),
  (buffer, start, end) => copyInPieces(buffer.subarray(start, end)),
];

function dataRowTwice(buffer: Buffer, start: number, end: number): unknown {
  return rowAgain(backend.parseDataRow(buffer, start, end), buffer.subarray(start, end));
}

function rowAgain(parsed: readonly (Buffer | null)[], body: Buffer): unknown {
  const again = backend.encodeDataRow(parsed);
  must(again.subarray(5).equals(body), () => 'a DataRow is not what it was when written again');
  return parsed;
}

function reportTwice(buffer: Buffer, start: number, end: number): unknown {
  const fields = parseReport(buffer, start, end);
  const again = encodeReport('E', fields);
  const reread = parseReport(again, 5, again.length);
  must(show(reread) === show(fields), () => 'a report is not what it was when written again');
  return fields;
}

function bindWithValues(buffer: Buffer, start: number, end: number): unknown {
  const bind = frontend.parseBind(buffer, start, end);
  const types = [16, 17, 20, 21, 23, 25, 700, 701, 1082, 1114, 1184, 1700, 2950, 3802, 1007, 1009];
  return bindValues(
    bind,
    bind.values.map((_, i) => types[(i + bind.portal.length) % types.length]!),
  );
}

function startupSettings(buffer: Buffer, start: number, end: number): unknown {
  const packet = parseStartupPacket(buffer.subarray(start, end));
  if (packet.type !== 'startup') return packet;
  const { settings } = readStartupParameters(packet.parameters);
  return settings.map(settingStatement);
}

type Masker = ConstructorParameters<typeof RowMasking>[1];
type Handle = ConstructorParameters<typeof RowMasking>[2];
const masker: Masker = {
  plan: ['whole', 'scan'],
  passAll: false,
  mask: (_, text) => (text === 'x' ? null : `${text}*`),
};
const handle: Handle = {
  id: 'fuzz',
  facts: [],
  wantsRows: true,
  result: () => masker,
  row: () => undefined,
  maskMessage: (text) => text,
  placeMask: () => null,
  stream: () => {
    throw new Error('no stream is read here');
  },
  completed: () => undefined,
  failed: () => undefined,
  ranAsWriter: () => undefined,
  ended: () => undefined,
  budget: null,
  stopped: () => {
    throw new Error('nothing here has a budget');
  },
};
const formTypes = [16, 17, 20, 23, 25, 114, 1082, 1184, 1700, 2950, 1007, 1009, 3802] as const;

function rowMasked(body: Buffer): unknown {
  if (body.length < 2) return null;
  const typeOid = formTypes[body[0]! % formTypes.length]!;
  const category = typeOid === 1007 || typeOid === 1009 ? 'array' : 'text';
  const form = { typeOid, format: body[1]! & 1, category } as const;
  const masking = new RowMasking([form, { typeOid: 25, format: 0, category: 'text' }], masker, handle);
  const row = Buffer.concat([Buffer.from('D'), Buffer.alloc(4), body.subarray(2)]);
  const masked = masking.dataRow(row, 0, row.length);
  if (masked !== null) backend.parseDataRow(masked, 5, masked.length);
  return masked?.toString('hex') ?? null;
}

function arrays(body: Buffer): unknown {
  const text = body.toString('utf8');
  const same = mapArrayText(text, (element) => element);
  if (same !== undefined) {
    const again = mapArrayText(same, (element) => element);
    must(again === same, () => `an array literal changed when it was printed twice: ${same} → ${again}`);
  }
  const mapped = mapBinaryArray(body, (element) => `${element}!`);
  return [same, mapped?.bytes.toString('hex'), binaryArrayText(body)];
}

function values(body: Buffer): unknown {
  return formTypes.map((oid) => {
    const text = decodeBinary(oid, body);
    if (text === undefined) return null;
    const encoded = encodeBinary(oid, text);
    if (encoded === null) return text;
    const back = decodeBinary(oid, encoded);
    must(back === text, () => `type ${oid}: ${JSON.stringify(text)} became ${JSON.stringify(back)}`);
    return text;
  });
}

/** The masked text of a COPY must not depend on how its data was cut into messages. */
function copyInPieces(body: Buffer): unknown {
  const end = body.indexOf(0);
  if (end < 0) return null;
  const statement = `COPY t TO STDOUT ${body.toString('utf8', 0, end)}`;
  const form = readCopyForm(statement);
  // Reading a row again for each of its pieces is quadratic, so pieces of one byte are tried on little.
  const data = body.subarray(end + 1, end + 1 + 256);
  const forms = [
    { typeOid: 25, format: form?.format === 'binary' ? 1 : 0, category: 'text' },
    { typeOid: 25, format: form?.format === 'binary' ? 1 : 0, category: 'text' },
  ] as const;
  const masked = (size: number): string => {
    const copy = new CopyMasking(new RowMasking(forms, masker, handle), form, 2);
    const out: Buffer[] = [];
    for (let at = 0; at < data.length; at += size) out.push(copy.data(data.subarray(at, at + size)));
    return Buffer.concat(out).toString('latin1');
  };
  const whole = masked(Math.max(1, data.length));
  for (const size of [1, 3]) must(masked(size) === whole, () => `COPY data in pieces of ${size} is masked otherwise`);
  return whole;
}

/** What a codec gave, as text; a foreseen error by its code. */
function outcome(codec: Codec, buffer: Buffer, start: number, end: number): string {
  try {
    return show(codec(buffer, start, end));
  } catch (error) {
    if (error instanceof SluiceError) return `error ${error.code}`;
    throw error;
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (one instanceof Map ? [...one.entries()] : one)) ?? 'undefined';
}

function target(name: string, all: readonly Codec[]): FuzzTarget {
  return {
    name,
    checks:
      'only foreseen errors; nothing outside the body is read; what is written again reads the same; COPY is masked the same in any pieces',
    seeds: seeds(),
    words: [
      '\0',
      'SELECT 1\0',
      'user\0',
      'options\0',
      '-c ',
      'format csv',
      '{"a",NULL}',
      '\\N\t',
      'PGCOPY\n\xff\r\n\0',
      '"',
    ]
      .map((text) => Buffer.from(text, 'latin1'))
      .concat([
        Buffer.from('ffffffff', 'hex'),
        Buffer.from('fffffffe', 'hex'),
        Buffer.from('00000001', 'hex'),
        Buffer.from('00030000', 'hex'),
      ]),
    run: (input) => {
      if (input.length === 0) return;
      const codec = all[input[0]! % all.length]!;
      const body = input.subarray(1);
      const alone = outcome(codec, Buffer.from(body), 0, body.length);
      // The same body between other bytes: what stands around it must not matter.
      for (const filler of [0, 0x41, 0xff]) {
        const around = Buffer.concat([Buffer.alloc(7, filler), body, Buffer.alloc(9, filler)]);
        const among = outcome(codec, around, 7, 7 + body.length);
        must(among === alone, () => `codec ${input[0]! % all.length} read beyond its body`);
      }
    },
  };
}

function seeds(): Buffer[] {
  const bodies = [
    frontend.encodeQuery('SELECT 1'),
    frontend.encodeParse('s', 'SELECT $1'),
    frontend.encodeBindPlain('p', 's'),
    frontend.encodeDescribePortal('p'),
    frontend.encodeExecute('p'),
    backend.encodeDataRow([Buffer.from('x'), null]),
    backend.encodeParameterStatus('a', 'b'),
    backend.encodeNotification(1, 'c', 'd'),
    encodeReport(
      'E',
      new Map([
        ['S', 'ERROR'],
        ['M', 'no'],
      ]),
    ),
  ].map((message) => message.subarray(5));
  const startup = Buffer.from(
    '00000030000300007573657200780064617461626173650079006f7074696f6e73002d6320613d6200',
    'hex',
  );
  const copy = Buffer.from('WITH (FORMAT csv)\0a,b\n"c,d",\n', 'latin1');
  const row = Buffer.concat([
    Buffer.from([4, 0]),
    backend.encodeDataRow([Buffer.from('a'), Buffer.from('b')]).subarray(5),
  ]);
  const array = Buffer.from('00000001000000000000001900000001000000010000000161', 'hex');
  const all = [...bodies, startup, copy, row, array, Buffer.from('{a,"b",NULL}'), Buffer.from('\0a\tb\n')];
  return codecs.flatMap((_, i) => all.map((body) => Buffer.concat([Buffer.from([i]), body])));
}

/** The bug: every negative length counts as NULL, and so a row that lies is not noticed. */
function carelessDataRow(buffer: Buffer, start: number, end: number): unknown {
  const body = new BodyReader(buffer, start, end);
  const parsed: (Buffer | null)[] = [];
  for (let left = body.uint16(); left > 0; left--) {
    const length = body.int32();
    parsed.push(length < 0 ? null : body.bytes(length));
  }
  body.finish();
  return rowAgain(parsed, buffer.subarray(start, end));
}

export const messages: Fuzzed = {
  real: target('messages', codecs),
  planted: target(
    'messages (planted)',
    codecs.map((codec) => (codec === dataRowTwice ? carelessDataRow : codec)),
  ),
};
