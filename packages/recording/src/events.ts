/**
 * What a recording says. One event a line of JSON; `seq` counts from 0 in each session without holes, `at` is the gateway's clock in ms
 * since the epoch. Every text that came from a client or a target is masked before it gets here.
 */
import {
  actorSchema,
  approvalStateSchema,
  credentialPurposes,
  labelsSchema,
  refusalCodes,
  statementKinds,
  verdictActions,
} from '@sluice/domain';
import { z } from 'zod';

const stamp = { seq: z.int().min(0), at: z.int().min(0) };
const statement = { statementId: z.string() };
const count = z.int().min(0);
const durationMs = z.number();

const sessionOpened = z.strictObject({
  ...stamp,
  type: z.literal('session.opened'),
  sessionId: z.string(),
  connection: z.strictObject({
    id: z.string(),
    name: z.string(),
    protocol: z.string(),
    revision: z.int(),
    labels: labelsSchema,
    database: z.string().optional(),
  }),
  actor: actorSchema,
  gateway: z.strictObject({ id: z.string(), startId: z.string() }),
  /** `startup` is what the client said of itself: recorded, identifies nobody. */
  client: z.strictObject({ address: z.string(), startup: z.record(z.string(), z.string()) }),
  policyVersion: z.int(),
  /** How the client came: the connection's own port, the relay's port, or the relay with a ticket. */
  path: z.enum(['native', 'relay', 'ticket', 'gateway']),
  /** With which of the connection's credentials the session was opened; recordings of before have the writer's. */
  credential: z.enum(credentialPurposes).optional(),
});

const statementJudged = z.strictObject({
  ...stamp,
  ...statement,
  type: z.literal('statement.judged'),
  /** Counts the session's statements from 0; phases of one statement share it. */
  index: count,
  phase: z.enum(['run', 'prepare', 'bind', 'execute']),
  origin: z.enum(['client', 'gateway']),
  text: z.string(),
  /** How many characters of the text were cut from its end. */
  truncatedChars: count,
  binds: z.array(z.string().nullable()),
  command: z.string(),
  kind: z.enum(statementKinds),
  complete: z.boolean(),
  objects: z.array(z.string()),
  functions: z.array(z.string()),
  filter: z.enum(['absent', 'trivial', 'present', 'not-applicable']),
  destructive: z.boolean(),
  fingerprint: z.string(),
  action: z.enum(verdictActions),
  rule: z.string().nullable(),
  reason: z.string(),
  matched: z.array(z.strictObject({ rule: z.string(), action: z.string() })),
  approvalId: z.string().nullable(),
});

const statementHeld = z.strictObject({
  ...stamp,
  ...statement,
  type: z.literal('statement.held'),
  approvalId: z.string(),
  url: z.string(),
});

const statementDecided = z.strictObject({
  ...stamp,
  ...statement,
  type: z.literal('statement.decided'),
  approvalId: z.string(),
  outcome: approvalStateSchema,
  by: z.array(z.string()),
  comment: z.string().nullable(),
  waitedMs: durationMs,
});

const statementRefused = z.strictObject({
  ...stamp,
  ...statement,
  type: z.literal('statement.refused'),
  code: z.enum(refusalCodes),
  message: z.string(),
});

const statementResult = z.strictObject({
  ...stamp,
  ...statement,
  type: z.literal('statement.result'),
  /** Counts the results of one statement's message from 0. */
  resultIndex: count,
  columns: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      /** The rule that masked this column, null when none did. */
      masked: z.string().nullable(),
      dataClass: z.string().nullable(),
    }),
  ),
  /** Masked rows as text, up to the session's budget. */
  rows: z.array(z.array(z.string().nullable())),
  /** Rows the target says it returned or touched; null when it does not say. */
  rowCount: count.nullable(),
  omittedRows: count,
  /** base64url SHA-256 over what was left out, null when nothing was. */
  omittedDigest: z.string().nullable(),
  /** The protocol's own completion word. */
  tag: z.string(),
  durationMs,
});

const statementFailed = z.strictObject({
  ...stamp,
  ...statement,
  type: z.literal('statement.failed'),
  code: z.string(),
  message: z.string(),
  durationMs,
});

const statementEnded = z.strictObject({
  ...stamp,
  ...statement,
  type: z.literal('statement.ended'),
  durationMs,
  /** Given where it ran with another credential than the session's own. */
  credential: z.enum(credentialPurposes).optional(),
});

/** Bytes that are no UTF-8 stand as base64, and `encoding` says so. */
const encodedText = { text: z.string(), encoding: z.literal('base64').optional() };

const statementOutput = z.strictObject({
  ...stamp,
  ...statement,
  type: z.literal('statement.output'),
  stream: z.enum(['stdout', 'stderr', 'stdin']),
  /** Masked, up to the session's budget. */
  ...encodedText,
  /** Masked bytes of this stream that came behind the text and were left out. */
  omittedBytes: count,
  /** SHA-256 of those bytes, in hexadecimal; absent where none were left out, and in recordings of before it was kept. */
  omittedDigest: z.string().optional(),
});

const terminal = { terminalId: z.string() };
/** Columns and rows beyond this are nobody's screen: RFC 4254 has 32 bits for each. */
export const maxTerminalCells = 1_000;
const terminalCells = z.int().min(1).max(maxTerminalCells);

const terminalOpened = z.strictObject({
  ...stamp,
  ...terminal,
  type: z.literal('terminal.opened'),
  /** The statement whose terminal this is; null where the session itself is one. */
  statementId: z.string().nullable(),
  columns: terminalCells,
  rows: terminalCells,
  /** The client's word for its terminal, as in TERM. */
  term: z.string(),
});

const terminalOutput = z.strictObject({ ...stamp, ...terminal, type: z.literal('terminal.output'), ...encodedText });

/** What was typed, recorded before it is forwarded. */
const terminalInput = z.strictObject({ ...stamp, ...terminal, type: z.literal('terminal.input'), ...encodedText });

const terminalResized = z.strictObject({
  ...stamp,
  ...terminal,
  type: z.literal('terminal.resized'),
  columns: terminalCells,
  rows: terminalCells,
});

const terminalClosed = z.strictObject({
  ...stamp,
  ...terminal,
  type: z.literal('terminal.closed'),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
});

const sessionNote = z.strictObject({ ...stamp, type: z.literal('session.note'), text: z.string() });

const gap = z.strictObject({ ...stamp, type: z.literal('gap'), fromMs: count, toMs: count, reason: z.string() });

const sessionClosed = z.strictObject({
  ...stamp,
  type: z.literal('session.closed'),
  reason: z.string(),
  message: z.string(),
  statements: count,
  held: count,
  denied: count,
});

/** Written by the next start of a gateway that died: nobody saw this session end. */
const sessionInterrupted = z.strictObject({ ...stamp, type: z.literal('session.interrupted'), reason: z.string() });

export const recordingEventSchema = z.discriminatedUnion('type', [
  sessionOpened,
  statementJudged,
  statementHeld,
  statementDecided,
  statementRefused,
  statementResult,
  statementFailed,
  statementEnded,
  statementOutput,
  terminalOpened,
  terminalOutput,
  terminalInput,
  terminalResized,
  terminalClosed,
  sessionNote,
  gap,
  sessionClosed,
  sessionInterrupted,
]);
export type RecordingEvent = z.infer<typeof recordingEventSchema>;
export type RecordingEventType = RecordingEvent['type'];

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
type WithoutStamp<Event> = Event extends unknown ? DeepReadonly<Omit<Event, 'seq' | 'at'>> : never;

/** The events that end a recording; only `close` takes them. The recorder adds `seq` and `at`. */
export type EndEvent = Extract<
  WithoutStamp<RecordingEvent>,
  { readonly type: 'session.closed' | 'session.interrupted' }
>;
/** Every other event, as `append` takes it. The recorder adds `seq` and `at`. */
export type NewEvent = Exclude<WithoutStamp<RecordingEvent>, EndEvent>;

/** The events after which a recording is over. */
export function endsSession(type: string): boolean {
  return type === 'session.closed' || type === 'session.interrupted';
}

/**
 * An event's line. The stamp is put behind the event's own JSON as text: spreading it into a new object costs five times what the
 * whole rest of recording an event does.
 */
export function eventLine(event: NewEvent | EndEvent, seq: number, at: number): Buffer {
  return Buffer.from(`${JSON.stringify(event).slice(0, -1)},"seq":${seq},"at":${at}}\n`, 'utf8');
}
