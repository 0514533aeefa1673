/**
 * A gateway's recordings of a while in one file, `sluice-gateway-export/1` (docs/recording-format.md): the control plane's log of the
 * gateway's checkpoints, then the sessions, each as the export of its own. As there, the lines between are not signed and need not be.
 */
import { keyIdOf } from '@sluice/keys';
import { z } from 'zod';
import { type Checkpoint, maxCheckpointBytes, type Signed } from './checkpoint.ts';
import { readChunk } from './chunk.ts';
import { type ExportKey, readExport } from './recording-export.ts';
import {
  type ChainRange,
  type GatewayProblem,
  type LoggedCheckpoint,
  type SessionLinks,
  sessionLinks,
  verifyCheckpoints,
  verifyLinks,
} from './verify-gateway-chain.ts';
import { type RecordingGap, type SlotSummary, verifySlots } from './verify-recording.ts';

export const gatewayExportFormat = 'sluice-gateway-export/1';
/** The first line at most, in bytes: some hundred keys. */
const maxFirstLineBytes = 64 * 1024;
/** A line between parts at most, in bytes. */
const maxLineBytes = 80;

const keySchema = z.strictObject({ keyId: z.string(), publicKey: z.string() });
const headerSchema = z.strictObject({
  format: z.literal(gatewayExportFormat),
  gatewayId: z.string(),
  /** The first and the last link that the file holds. */
  from: z.int().min(0),
  to: z.int().min(-1),
  checkpoints: z.int().min(0),
  sessions: z.int().min(0),
  /** base64url raw Ed25519 public keys of the gateway, and of the installation. */
  keys: z.array(keySchema),
  installationKeys: z.array(keySchema),
});
export type GatewayExportHeader = z.infer<typeof headerSchema>;

/** The file's first part: its header and the log. The sessions follow, each by `gatewayExportSession`, then `gatewayExportEnd`. */
export function gatewayExportStart(
  header: Omit<GatewayExportHeader, 'format' | 'checkpoints'>,
  logged: readonly LoggedCheckpoint[],
): Buffer {
  const { gatewayId, from, to, sessions, keys, installationKeys } = header;
  const ordered = { format: gatewayExportFormat, gatewayId, from, to, checkpoints: logged.length, sessions };
  const lines = logged.map(({ entry, checkpoint }) => `log ${entry}\ncheckpoint ${checkpoint}\n`);
  return Buffer.from(`${JSON.stringify({ ...ordered, keys, installationKeys })}\n${lines.join('')}`, 'utf8');
}

/** One session: `file` is its export by itself. */
export function gatewayExportSession(sessionId: string, file: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`session ${sessionId} ${file.length}\n`), file]);
}

export function gatewayExportEnd(sessions: number): Buffer {
  return Buffer.from(`end ${sessions} sessions\n`);
}

export interface GatewayVerdict {
  readonly ok: boolean;
  readonly gatewayId: string | null;
  readonly sessions: number;
  readonly chunks: number;
  readonly events: number;
  readonly checkpoints: number;
  /** Links that were looked for. */
  readonly range: ChainRange | null;
  /** From when to when checkpoints prove that no session is missing, in ms since the epoch; null without any. */
  readonly provenFrom: number | null;
  readonly provenTo: number | null;
  /** Checkpoints at which the gateway went on after its spool was lost or came back older, with their time in ms since the epoch. */
  readonly resumed: readonly { readonly number: number; readonly at: number }[];
  /** Gaps that recordings name themselves. */
  readonly gaps: readonly (RecordingGap & { readonly sessionId: string })[];
  readonly keys: readonly ExportKey[];
  readonly installationKeys: readonly ExportKey[];
  readonly problems: readonly GatewayProblem[];
}

/** Whether a file is a gateway's export; else it should be a session's. */
export function isGatewayExport(file: Buffer): boolean {
  return file.toString('latin1', 0, 64).startsWith(`{"format":"${gatewayExportFormat}"`);
}

/** Verifies the whole file. Without `trustedKeyOf` the keys are the file's own: that proves it whole, not who signed it. */
export function verifyGatewayExport(file: Buffer, trustedKeyOf?: (keyId: string) => string | null): GatewayVerdict {
  const problems: GatewayProblem[] = [];
  const container = (what: string) => problems.push({ part: 'container', sessionId: null, index: null, what });
  const { header, end } = readHeader(file);
  if (header === null) container('the first line is damaged, and with it the public keys');
  const parts = readParts(file, end, container);
  const gatewayKeyOf = trustedKeyOf ?? keysOf(header?.keys);
  const installationKeyOf = trustedKeyOf ?? keysOf(header?.installationKeys);
  const gatewayId = header?.gatewayId ?? '';
  const log = verifyCheckpoints(gatewayId, parts.logged, { gatewayKeyOf, installationKeyOf });
  const sessions = parts.sessions.map((part) => verifySession(part, gatewayId, gatewayKeyOf));
  const range = header === null ? null : { from: header.from, to: header.to };
  if (header !== null && range !== null) {
    problems.push(...log.problems, ...sessions.flatMap((session) => session.problems));
    problems.push(...verifyLinks(sessions, log.checkpoints, range));
    problems.push(...openEnds(sessions, range));
    problems.push(...orderProblems(sessions, range), ...rangeProblems(range, log.checkpoints));
    if (header.sessions !== sessions.length)
      container(`the first line promises ${header.sessions} sessions, there are ${sessions.length}`);
    if (header.checkpoints !== parts.logged.length)
      container(`the first line promises ${header.checkpoints} checkpoints, there are ${parts.logged.length}`);
  }
  const sum = (of: (session: VerifiedSession) => number) => sessions.reduce((total, each) => total + of(each), 0);
  return {
    ok: problems.length === 0,
    gatewayId: header?.gatewayId ?? null,
    sessions: sessions.length,
    chunks: sum(({ chunks }) => chunks),
    events: sum(({ events }) => events),
    checkpoints: log.checkpoints.length,
    range,
    provenFrom: log.checkpoints[0]?.value.at ?? null,
    provenTo: log.checkpoints.at(-1)?.value.at ?? null,
    resumed: log.checkpoints.filter(({ value }) => value.resumed).map(({ value: { number, at } }) => ({ number, at })),
    gaps: sessions.flatMap(({ sessionId, gaps }) => gaps.map((gap) => ({ sessionId, ...gap }))),
    keys: header?.keys ?? [],
    installationKeys: header?.installationKeys ?? [],
    problems,
  };
}

/** The sessions of a file as they stand there, each as its own export; nothing is verified. */
export function readGatewaySessions(file: Buffer): readonly { readonly sessionId: string; readonly file: Buffer }[] {
  return readParts(file, readHeader(file).end, () => undefined).sessions;
}

interface VerifiedSession extends SessionLinks {
  readonly chunks: number;
  readonly events: number;
  readonly sealed: boolean;
  readonly gaps: readonly RecordingGap[];
  readonly problems: readonly GatewayProblem[];
}

function verifySession(
  part: { readonly sessionId: string; readonly file: Buffer },
  gatewayId: string,
  publicKeyOf: (keyId: string) => string | null,
): VerifiedSession {
  const read = readExport(part.file);
  const summary: SlotSummary = verifySlots(read.chunks, publicKeyOf);
  const sessionId = summary.verdict.sessionId ?? part.sessionId;
  const tell = (index: number | null, what: string): GatewayProblem => ({ part: 'session', sessionId, index, what });
  const problems = [...read.problems, ...summary.verdict.problems.filter((problem) => !problem.end)].map((problem) =>
    tell(problem.index, problem.part === 'chunk' ? `chunk ${problem.index} ${problem.what}` : problem.what),
  );
  if (read.sessionId !== null && read.sessionId !== sessionId)
    problems.push(tell(null, 'its first line names another session than its chunks'));
  if (sessionId !== part.sessionId) problems.push(tell(null, `stands under the name of ${part.sessionId}`));
  if (summary.verdict.gatewayId !== null && summary.verdict.gatewayId !== gatewayId)
    problems.push(tell(null, 'comes from another gateway'));
  const links = sessionLinks(sessionId, summary.whole, summary.damaged);
  const { chunks, events, gaps } = summary.verdict;
  return { ...links, chunks, events, gaps, sealed: summary.sealed, problems };
}

/** A session without its end is one that still ran: unless its last link, or a later chunk, is known. That the chain itself shows. */
function openEnds(sessions: readonly VerifiedSession[], range: ChainRange): GatewayProblem[] {
  const known = new Set(sessions.flatMap(({ links }) => links.map(({ link }) => link.number)));
  const whole = Array.from({ length: Math.max(range.to - range.from + 1, 0) }, (_, at) => range.from + at).every(
    (number) => known.has(number),
  );
  if (whole) return [];
  // Links are missing: any session that has no end may be the one that lost it.
  return sessions
    .filter(({ sealed, damaged }) => !sealed && damaged.size === 0)
    .map(({ sessionId }) => ({
      part: 'session',
      sessionId,
      index: null,
      what: 'has no sealed end, and links are missing: it may have been cut off',
    }));
}

/** Sessions stand in the order of their first link in the range. One whose chunks are damaged says nothing of its place. */
function orderProblems(sessions: readonly VerifiedSession[], range: ChainRange): GatewayProblem[] {
  const problems: GatewayProblem[] = [];
  const seen = new Set<string>();
  let highest = -1;
  for (const { sessionId, links, damaged } of sessions) {
    const numbers = links.map(({ link }) => link.number).filter((number) => number >= range.from);
    const first = damaged.size > 0 || numbers.length === 0 ? null : Math.min(...numbers);
    if (seen.has(sessionId)) {
      problems.push({ part: 'session', sessionId, index: null, what: 'stands in the file more than once' });
    } else if (first !== null && first < highest) {
      problems.push({ part: 'session', sessionId, index: null, what: 'stands behind a later session' });
    }
    seen.add(sessionId);
    highest = Math.max(highest, first ?? -1);
  }
  return problems;
}

/** The first line is not signed: that the file begins and ends where it says is proved by the checkpoints at both ends. */
function rangeProblems(range: ChainRange, checkpoints: readonly Signed<Checkpoint>[]): GatewayProblem[] {
  const tell = (what: string): GatewayProblem => ({ part: 'container', sessionId: null, index: null, what });
  const problems: GatewayProblem[] = [];
  const first = checkpoints[0]?.value;
  const begins = range.from === 0 || (first?.head?.number ?? -1) === range.from - 1;
  if (!begins) problems.push(tell(`no checkpoint stands before link ${range.from}: earlier sessions may be missing`));
  const last = checkpoints.at(-1)?.value.head?.number ?? -1;
  if (last !== range.to) problems.push(tell(`the last checkpoint ends at link ${last}, the file at ${range.to}`));
  return problems;
}

function keysOf(keys: readonly ExportKey[] | undefined): (keyId: string) => string | null {
  const known = new Map(keys?.map(({ keyId, publicKey }) => [keyId, publicKey]));
  return (keyId) => known.get(keyId) ?? null;
}

function readHeader(file: Buffer): { readonly header: GatewayExportHeader | null; readonly end: number } {
  const end = file.subarray(0, maxFirstLineBytes).indexOf('\n');
  const line = file.toString('utf8', 0, Math.max(end, 0));
  try {
    const header = headerSchema.parse(JSON.parse(line));
    const right = [...header.keys, ...header.installationKeys].every(
      ({ keyId, publicKey }) =>
        Buffer.from(publicKey, 'base64url').toString('base64url') === publicKey && keyIdOf(publicKey) === keyId,
    );
    return { header: right && JSON.stringify(header) === line ? header : null, end: end + 1 };
  } catch {
    return { header: null, end: Math.max(end + 1, 0) };
  }
}

interface Parts {
  readonly logged: LoggedCheckpoint[];
  readonly sessions: { readonly sessionId: string; readonly file: Buffer }[];
}

function readParts(file: Buffer, start: number, container: (what: string) => void): Parts {
  const logged: LoggedCheckpoint[] = [];
  let position = start;
  for (;;) {
    const entry = lineAt(file, position, 'log ');
    if (entry === null) break;
    const checkpoint = lineAt(file, entry.end, 'checkpoint ');
    logged.push({ entry: entry.text, checkpoint: checkpoint?.text ?? '' });
    position = checkpoint?.end ?? entry.end;
  }
  const sessions = readSessions(file, position, container);
  return { logged, sessions };
}

/** A line of the log; also one whose first word was damaged, when its rest shows that it is one. Null: the log is over. */
function lineAt(file: Buffer, position: number, word: string): { readonly text: string; readonly end: number } | null {
  const end = file.indexOf('\n', position);
  if (end < 0 || end - position > maxCheckpointBytes + word.length) return null;
  const line = file.toString('utf8', position, end);
  const brace = line.indexOf('{');
  if (brace < 0 || brace > word.length + 2 || line.startsWith('session ')) return null;
  // The word is part of what is read: a damaged one damages its line.
  const text = line.startsWith(word) ? line.slice(word.length) : line;
  return { text, end: end + 1 };
}

function readSessions(file: Buffer, start: number, container: (what: string) => void): Parts['sessions'] {
  const sessions: { sessionId: string; file: Buffer }[] = [];
  let position = start;
  while (position < file.length) {
    const text = file.toString('latin1', position, position + maxLineBytes);
    if (/^end \d+ sessions\n/.test(text)) break;
    const [line, sessionId = '', length = ''] = /^session ([0-9a-f-]{36}) (\d{1,10})\n/.exec(text) ?? [];
    const lineEnd = line === undefined ? file.indexOf('\n', position) + 1 : position + line.length;
    const promised = lineEnd + Number(length);
    const whole = line !== undefined && lineEnd > 0 && isPartStart(file, promised);
    const end = whole ? promised : nextPart(file, Math.max(lineEnd, position + 1));
    const place = `the line before session ${sessions.length} of the file`;
    if (line === undefined) container(`${place} is damaged`);
    else if (!whole && end !== promised) container(`${place} says another length than its session has`);
    sessions.push({
      sessionId: line === undefined ? idOf(file.subarray(lineEnd, end)) : sessionId,
      file: file.subarray(lineEnd, end),
    });
    position = end;
  }
  const last = gatewayExportEnd(sessions.length).toString();
  if (file.toString('latin1', Math.min(position, file.length)) !== last)
    container('the last line is damaged or missing');
  return sessions;
}

function isPartStart(file: Buffer, position: number): boolean {
  return /^(?:session [0-9a-f]{8}-|end \d+ sessions\n)/.test(file.toString('latin1', position, position + 32));
}

/** Where the next session or the end begins; a session's own export ends by a line of its own before it. */
function nextPart(file: Buffer, from: number): number {
  for (let at = file.indexOf('\nend ', from); at >= 0; at = file.indexOf('\nend ', at + 1)) {
    const lineEnd = file.indexOf('\n', at + 1);
    if (lineEnd >= 0 && lineEnd - at < maxLineBytes && isPartStart(file, lineEnd + 1)) return lineEnd + 1;
  }
  return file.length;
}

function idOf(file: Buffer): string {
  const [first] = readExport(file).chunks;
  try {
    return first === undefined ? '' : readChunk(first).header.sessionId;
  } catch {
    return '';
  }
}
