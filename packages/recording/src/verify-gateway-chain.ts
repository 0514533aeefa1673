/**
 * Verifies what joins the sessions of one gateway: the links in their first and last chunks, the gateway's checkpoints, and the control
 * plane's log of those. Names what is missing, changed, doubled or out of place, sessions by their id wherever a signed text tells it.
 */

import {
  type Checkpoint,
  checkpointContext,
  checkpointLogContext,
  firstCheckpointHash,
  firstLogHash,
  type LinkedChunk,
  type LogEntry,
  lineFault,
  readCheckpoint,
  readLogEntry,
  type Signed,
} from './checkpoint.ts';
import type { Chunk, ChunkName, Link } from './chunk.ts';
import { linkOf } from './chunk.ts';

export interface GatewayProblem {
  readonly part: 'session' | 'link' | 'checkpoint' | 'log' | 'container';
  /** The session, where it is known. */
  readonly sessionId: string | null;
  /** The chunk's, link's, checkpoint's or log entry's number. */
  readonly index: number | null;
  readonly what: string;
}

/** What a session's undamaged chunks say to the chain. Small: a whole gateway's fit into memory. */
export interface SessionLinks {
  readonly sessionId: string;
  readonly links: readonly { readonly link: Link; readonly chunk: ChunkName }[];
  /** Hash of each undamaged chunk by number. */
  readonly hashes: ReadonlyMap<number, string>;
  /** Chunks that stand in the export but are damaged, by number: what they bore is lost, and already named. */
  readonly damaged: ReadonlySet<number>;
}

/** A checkpoint with the entry that the control plane wrote for it, as lines. */
export interface LoggedCheckpoint {
  readonly entry: string;
  readonly checkpoint: string;
}

export interface ChainRange {
  /** The first and the last link that should be there; `to` is one less where there is none. */
  readonly from: number;
  readonly to: number;
}

export interface GatewayKeys {
  readonly gatewayKeyOf: (keyId: string) => string | null;
  readonly installationKeyOf: (keyId: string) => string | null;
}

type Report = (problem: GatewayProblem) => void;

export function sessionLinks(sessionId: string, whole: readonly Chunk[], damaged: ReadonlySet<number>): SessionLinks {
  // A chunk of another session that was put here says nothing of this one; that it is here is named elsewhere.
  const chunks = whole.filter(({ header }) => header.sessionId === sessionId);
  const links = chunks.flatMap(({ header, hash }) => {
    const link = linkOf(header);
    return link === null ? [] : [{ link, chunk: { sessionId, index: header.index, hash } }];
  });
  return { sessionId, links, hashes: new Map(chunks.map(({ header, hash }) => [header.index, hash])), damaged };
}

/** The checkpoints and log entries that are whole, and what is wrong with the others or with their order. */
export function verifyCheckpoints(
  gatewayId: string,
  logged: readonly LoggedCheckpoint[],
  keys: GatewayKeys,
): { readonly checkpoints: readonly Signed<Checkpoint>[]; readonly problems: readonly GatewayProblem[] } {
  const problems: GatewayProblem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const entries: Signed<LogEntry>[] = [];
  const checkpoints: Signed<Checkpoint>[] = [];
  let place = firstEntryNumber(logged);
  for (const [at, { entry, checkpoint }] of logged.entries()) {
    const fault = (part: 'log' | 'checkpoint', what: string) =>
      report({ part, sessionId: null, index: place, what: `stands at place ${at} and ${what}` });
    const readEntry = readWhole(entry, readLogEntry, (signed) =>
      signed.value.gatewayId === gatewayId
        ? lineFault(signed, checkpointLogContext, keys.installationKeyOf)
        : 'is another gateway’s',
    );
    const read = readWhole(checkpoint, readCheckpoint, (signed) =>
      signed.value.gatewayId === gatewayId
        ? lineFault(signed, checkpointContext, keys.gatewayKeyOf)
        : 'is another gateway’s',
    );
    if (typeof readEntry === 'string') fault('log', readEntry);
    else {
      entries.push(readEntry);
      place = readEntry.value.entry;
    }
    if (typeof read === 'string') fault('checkpoint', read);
    else {
      checkpoints.push(read);
      if (typeof readEntry !== 'string' && readEntry.value.checkpointHash !== read.hash)
        fault('checkpoint', 'is not the one that the control plane’s log names there');
    }
    place += 1;
  }
  const damaged = new Set(problems.map(({ index }) => index));
  followEach('log', entries, ({ entry }) => entry, firstLogHash(gatewayId), damaged, report);
  followEach('checkpoint', checkpoints, ({ number }) => number, firstCheckpointHash(gatewayId), damaged, report);
  return { checkpoints, problems };
}

function firstEntryNumber(logged: readonly LoggedCheckpoint[]): number {
  for (const [at, { entry }] of logged.entries()) {
    const [, number] = /"entry":(\d{1,12}),/.exec(entry) ?? [];
    if (number !== undefined) return Math.max(Number(number) - at, 0);
  }
  return 0;
}

function readWhole<T>(
  line: string,
  read: (line: string) => Signed<T>,
  faultOf: (signed: Signed<T>) => string | null,
): Signed<T> | string {
  try {
    const signed = read(line);
    return faultOf(signed) ?? signed;
  } catch (error) {
    return `is damaged: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Numbers without holes, and each hash that of the one before. A neighbour that is itself damaged is not blamed twice. */
function followEach<T extends { readonly previousHash: string }>(
  part: 'log' | 'checkpoint',
  list: readonly Signed<T>[],
  numberOf: (value: T) => number,
  firstHash: string,
  damaged: ReadonlySet<number | null>,
  report: Report,
): void {
  const tell = (index: number, what: string) => report({ part, sessionId: null, index, what });
  const seen = new Map<number, Signed<T>>();
  let highest = -1;
  for (const signed of list) {
    const number = numberOf(signed.value);
    const twin = seen.get(number);
    if (twin !== undefined) {
      tell(number, twin.hash === signed.hash ? 'stands there more than once' : 'exists twice with different contents');
      continue;
    }
    if (number < highest) tell(number, 'stands behind a later one');
    highest = Math.max(highest, number);
    seen.set(number, signed);
  }
  const numbers = Array.from(seen.keys()).sort((a, b) => a - b);
  for (let number = numbers[0] ?? 0; number <= highest; number += 1) {
    const signed = seen.get(number);
    const before = seen.get(number - 1);
    if (signed === undefined) {
      if (!damaged.has(number)) tell(number, 'is missing');
    } else if (number === 0 && signed.value.previousHash !== firstHash) tell(number, 'does not begin the chain');
    else if (before !== undefined && signed.value.previousHash !== before.hash)
      tell(number, 'does not continue the one before it');
  }
}

/**
 * Follows the links from `range.from` to `range.to` through the sessions. `checkpoints` must be verified ones; they name sessions that
 * are gone and chunks that are cut off.
 */
export function verifyLinks(
  sessions: readonly SessionLinks[],
  checkpoints: readonly Signed<Checkpoint>[],
  range: ChainRange,
): GatewayProblem[] {
  const problems: GatewayProblem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const present = new Map(sessions.map((session) => [session.sessionId, session]));
  const promised = promisedLinks(checkpoints);
  const found = foundLinks(sessions, promised, report);
  const missing = new Map<string, number[]>();
  for (let number = range.from; number <= range.to; number += 1) {
    const here = found.get(number);
    if (here !== undefined) {
      const fault = followFault(here.link, found.get(number - 1)?.chunk ?? promised.get(number - 1) ?? null);
      if (fault !== null) report({ part: 'link', sessionId: here.chunk.sessionId, index: number, what: fault });
      continue;
    }
    const name = promised.get(number) ?? found.get(number + 1)?.link.previous ?? null;
    if (name === null) report({ part: 'link', sessionId: null, index: number, what: 'is missing, with its session' });
    else missing.set(name.sessionId, [...(missing.get(name.sessionId) ?? []), number]);
  }
  for (const [sessionId, numbers] of missing) {
    const session = present.get(sessionId);
    if (session === undefined)
      report({ part: 'session', sessionId, index: null, what: `is missing (${linksInWords(numbers)})` });
  }
  reportMissingChunks(present, promised, checkpoints, range, report);
  return problems;
}

function promisedLinks(checkpoints: readonly Signed<Checkpoint>[]): Map<number, LinkedChunk> {
  return new Map(checkpoints.flatMap(({ value }) => value.links.map((link) => [link.number, link] as const)));
}

interface FoundLink {
  readonly link: Link;
  readonly chunk: ChunkName;
}

function foundLinks(
  sessions: readonly SessionLinks[],
  promised: ReadonlyMap<number, LinkedChunk>,
  report: Report,
): Map<number, FoundLink> {
  const found = new Map<number, FoundLink>();
  for (const session of sessions) {
    for (const entry of session.links) {
      const { number } = entry.link;
      const other = found.get(number);
      if (other !== undefined && other.chunk.hash !== entry.chunk.hash) {
        const what = `is borne by session ${other.chunk.sessionId} too: the gateway’s chain forked`;
        report({ part: 'link', sessionId: session.sessionId, index: number, what });
      } else if ((promised.get(number)?.hash ?? entry.chunk.hash) !== entry.chunk.hash) {
        const what = `is not the chunk that checkpoints name there (of session ${promised.get(number)?.sessionId})`;
        report({ part: 'link', sessionId: session.sessionId, index: number, what });
      }
      if (other === undefined) found.set(number, entry);
    }
  }
  return found;
}

function followFault(link: Link, before: ChunkName | null): string | null {
  if (before === null || link.previous === null) return null;
  const same =
    link.previous.hash === before.hash &&
    link.previous.sessionId === before.sessionId &&
    link.previous.index === before.index;
  return same ? null : 'does not continue the link before it';
}

function linksInWords(numbers: readonly number[]): string {
  return `link${numbers.length === 1 ? '' : 's'} ${numbers.join(' and ')}`;
}

/** Chunks of sessions in the export that a checkpoint saw and that are not there, or not the same. */
function reportMissingChunks(
  present: ReadonlyMap<string, SessionLinks>,
  promised: ReadonlyMap<number, LinkedChunk>,
  checkpoints: readonly Signed<Checkpoint>[],
  range: ChainRange,
  report: Report,
): void {
  const newest = new Map<string, ChunkName>();
  const links = Array.from(promised.values()).filter(({ number }) => number >= range.from && number <= range.to);
  for (const name of [...links, ...checkpoints.flatMap(({ value }) => value.heads)]) {
    const session = present.get(name.sessionId);
    if (session === undefined) continue;
    const hash = session.hashes.get(name.index);
    if (hash !== undefined && hash !== name.hash) {
      const what = `chunk ${name.index} is not the one that a checkpoint saw`;
      report({ part: 'session', sessionId: name.sessionId, index: name.index, what });
    }
    if (name.index > (newest.get(name.sessionId)?.index ?? -1)) newest.set(name.sessionId, name);
  }
  for (const { sessionId, index } of newest.values()) {
    const session = present.get(sessionId);
    const last = Math.max(-1, ...(session?.hashes.keys() ?? []), ...(session?.damaged ?? []));
    // Holes before its last chunk are named by the session's own verification.
    for (let cut = last + 1; cut <= index; cut += 1) {
      const what = `chunk ${cut} is missing: a checkpoint saw the recording up to chunk ${index}`;
      report({ part: 'session', sessionId, index: cut, what });
    }
  }
}
