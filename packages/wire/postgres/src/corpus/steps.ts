/** The steps of a form that only this protocol can say, and the bytes they become. */
import { z } from 'zod';
import { int16, int32, message } from '../messages/bytes.ts';
import {
  encodeCopyFail,
  encodeFlush,
  encodeQuery,
  encodeSync,
  encodeTerminate,
  frontend,
} from '../messages/frontend.ts';
import { cancelRequest } from '../messages/startup.ts';

/** Most repetitions of one step: more than the prepared statements that a session may have (`maxPreparedStatements`). */
const maxRepeats = 20_000;
const hex = z.string().regex(/^([0-9a-fA-F]{2}\s?)*$/);
const value = z.union([z.string(), z.null(), z.strictObject({ hex })]);

const queryStep = z.strictObject({ query: z.string() });
const parseStep = z.strictObject({
  parse: z.strictObject({ name: z.string().default(''), text: z.string(), types: z.array(z.int()).default([]) }),
});
const bindStep = z.strictObject({
  bind: z.strictObject({
    portal: z.string().default(''),
    statement: z.string().default(''),
    formats: z.array(z.int()).default([]),
    values: z.array(value).default([]),
    resultFormats: z.array(z.int()).default([]),
  }),
});
const targetStep = z.strictObject({ statement: z.string().optional(), portal: z.string().optional() });
const describeStep = z.strictObject({ describe: targetStep });
const closeStep = z.strictObject({ close: targetStep });
const executeStep = z.strictObject({
  execute: z.strictObject({ portal: z.string().default(''), rows: z.int().default(0) }),
});
const copyStep = z.strictObject({ copyData: z.string() });
const callStep = z.strictObject({ call: z.strictObject({ oid: z.int(), values: z.array(value).default([]) }) });
/** A message as bytes; `length` says another length than it has. */
const messageStep = z.strictObject({
  message: z.strictObject({ type: z.string().length(1), hex: hex.default(''), length: z.int().optional() }),
});
const rawStep = z.strictObject({ raw: hex });
const wordStep = z.enum(['sync', 'flush', 'copyDone', 'copyFail', 'terminate', 'cancel', 'wait', 'wait-end']);
/** First step only: opens the session with these startup parameters. */
const startupStep = z.strictObject({ startup: z.record(z.string(), z.string()) });
/** First step only: these bytes instead of a startup packet; nothing is logged in. */
const packetStep = z.strictObject({ packet: hex });

const plainStep = z.union([
  wordStep,
  queryStep,
  parseStep,
  bindStep,
  describeStep,
  closeStep,
  executeStep,
  copyStep,
  callStep,
  messageStep,
  rawStep,
  startupStep,
  packetStep,
]);
/** `{i}` in the texts of repeated steps is the number of the round. */
const repeatStep = z.strictObject({
  repeat: z.strictObject({ times: z.int().min(1).max(maxRepeats), steps: z.array(plainStep).min(1).max(8) }),
});

export const stepSchema = z.union([plainStep, repeatStep]);
type PlainStep = z.infer<typeof plainStep>;
type Value = z.infer<typeof value>;

/** Bytes that are written together; then `readies` answers ReadyForQuery are waited for, or the end of the session. */
export interface Segment {
  readonly bytes: Buffer;
  readonly readies: number;
  readonly untilEnd: boolean;
}

export interface StepPlan {
  readonly startup: Readonly<Record<string, string>>;
  /** Bytes instead of a login; null: log in. */
  readonly packet: Buffer | null;
  readonly segments: readonly Segment[];
}

/** Steps are valid by `stepSchema`; `key` is what a CancelRequest of the session's own carries. */
export function planSteps(steps: readonly unknown[]): StepPlan {
  let startup: Record<string, string> = {};
  let packet: Buffer | null = null;
  const segments: Segment[] = [];
  let parts: Buffer[] = [];
  let readies = 0;
  const cut = (untilEnd: boolean): void => {
    if (parts.length > 0 || untilEnd) segments.push({ bytes: Buffer.concat(parts), readies, untilEnd });
    parts = [];
    readies = 0;
  };
  for (const step of steps.flatMap((one) => unrolled(stepSchema.parse(one)))) {
    if (step === 'wait' || step === 'wait-end') cut(step === 'wait-end');
    else if (typeof step === 'object' && 'startup' in step) startup = step.startup;
    else if (typeof step === 'object' && 'packet' in step) packet = bytesOf(step.packet);
    else {
      parts.push(encodeStep(step));
      if (step === 'sync' || (typeof step === 'object' && ('query' in step || 'call' in step))) readies++;
      if (typeof step === 'object' && 'message' in step && /[QF]/.test(step.message.type)) readies++;
    }
  }
  cut(false);
  return { startup, packet, segments };
}

function unrolled(step: z.infer<typeof stepSchema>): readonly PlainStep[] {
  if (typeof step === 'string' || !('repeat' in step)) return [step];
  const { times, steps } = step.repeat;
  const text = JSON.stringify(steps);
  return Array.from(
    { length: times },
    (_, i) => JSON.parse(text.replaceAll('{i}', String(i))) as readonly PlainStep[],
  ).flat();
}

function encodeStep(
  step: Exclude<PlainStep, 'wait' | 'wait-end' | z.infer<typeof startupStep> | z.infer<typeof packetStep>>,
): Buffer {
  if (typeof step === 'string') return encodeWord(step);
  if ('query' in step) return encodeQuery(step.query);
  if ('parse' in step) {
    const { name, text, types } = step.parse;
    return message('P', name, text, int16(types.length), ...types.map(int32));
  }
  if ('bind' in step) {
    const { portal, statement, formats, values, resultFormats } = step.bind;
    return encodeBind(portal, statement, formats, values, resultFormats);
  }
  if ('describe' in step) return encodeTargeted('D', step.describe);
  if ('close' in step) return encodeTargeted('C', step.close);
  if ('execute' in step) return message('E', step.execute.portal, int32(step.execute.rows));
  if ('copyData' in step) return message('d', Buffer.from(step.copyData));
  if ('call' in step) {
    const { oid, values } = step.call;
    return message('F', int32(oid), int16(0), int16(values.length), ...values.flatMap(encodeValue), int16(0));
  }
  if ('raw' in step) return bytesOf(step.raw);
  const whole = message(step.message.type, bytesOf(step.message.hex));
  if (step.message.length !== undefined) whole.writeUInt32BE(step.message.length, 1);
  return whole;
}

function encodeWord(word: 'sync' | 'flush' | 'copyDone' | 'copyFail' | 'terminate' | 'cancel'): Buffer {
  if (word === 'sync') return encodeSync();
  if (word === 'flush') return encodeFlush();
  if (word === 'copyFail') return encodeCopyFail('given up');
  if (word === 'terminate') return encodeTerminate();
  // In the middle of a session this packet is no message: what it is taken for is what the form asks.
  if (word === 'cancel') return cancelRequest(1, Buffer.alloc(4));
  return message(String.fromCharCode(frontend.copyDone));
}

function encodeTargeted(type: 'D' | 'C', target: z.infer<typeof targetStep>): Buffer {
  const statement = target.statement !== undefined;
  return message(type, Buffer.from(statement ? 'S' : 'P'), target.statement ?? target.portal ?? '');
}

export function encodeBind(
  portal: string,
  statement: string,
  formats: readonly number[],
  values: readonly Value[],
  resultFormats: readonly number[],
): Buffer {
  return message(
    'B',
    portal,
    statement,
    int16(formats.length),
    ...formats.map(int16),
    int16(values.length),
    ...values.flatMap(encodeValue),
    int16(resultFormats.length),
    ...resultFormats.map(int16),
  );
}

function encodeValue(one: Value): Buffer[] {
  if (one === null) return [int32(-1)];
  const bytes = typeof one === 'string' ? Buffer.from(one) : bytesOf(one.hex);
  return [int32(bytes.length), bytes];
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}
