import { sha256 } from '@sluice/keys';
import { z } from 'zod';
import { type ChunkPosition, type ChunkSigner, firstPreviousHash, maxBodyBytes, readChunk } from './chunk.ts';
import { sealChunk } from './chunk-sealing.ts';
import { type EndEvent, endsSession, eventLine, type NewEvent, recordingEventSchema } from './events.ts';
import type { GatewayChain } from './gateway-chain.ts';
import { chunkName, isTemporary, openName, type SessionFiles } from './spool-names.ts';
import { rejectedPrefix, type SpoolStore } from './spool-store.ts';

export interface RecoverRequest {
  readonly store: SpoolStore;
  readonly signer: ChunkSigner;
  readonly chain: GatewayChain;
  readonly now: () => number;
  /** Sessions of this process are left alone. */
  readonly isLive: (sessionId: string) => boolean;
  readonly onFault: (message: string, error: unknown) => void;
}

export interface RecoveredSession {
  readonly sessionId: string;
  /** Events that stood in the open file and no chunk. */
  readonly events: number;
  /** False when the session's own end was recorded and only the seal was missing. */
  readonly interrupted: boolean;
}

const positionSchema = z.strictObject({
  sessionId: z.string(),
  index: z.int().min(0),
  previousHash: z.string(),
  firstSeq: z.int().min(0),
});

/**
 * Seals the recordings that a dead process left open: their events, then `session.interrupted` unless the end was recorded. May die
 * itself at any step and be run again: nothing is lost or doubled. `complete` is false when the disk refused something.
 */
export function recoverSpool(request: RecoverRequest): {
  readonly sessions: RecoveredSession[];
  readonly complete: boolean;
} {
  const { store, isLive, onFault } = request;
  const sessions: RecoveredSession[] = [];
  let complete = true;
  const attempt = (message: string, action: () => void): void => {
    try {
      action();
    } catch (error) {
      complete = false;
      onFault(message, error);
    }
  };

  for (const { name } of Array.from(store.list())) {
    const live = isLive(name.slice(0, name.indexOf('.')));
    if (isTemporary(name) && !live) attempt(`the unfinished file ${name} cannot be removed`, () => store.remove(name));
  }
  for (const [sessionId, current] of Array.from(store.sessions)) {
    if (isLive(sessionId)) continue;
    attempt(`the recording of session ${sessionId} cannot be recovered`, () => {
      sealAgain(request, sessionId, { opens: [...current.opens], chunks: [...current.chunks] });
      const files = { opens: [...current.opens], chunks: [...current.chunks] };
      const recovered = recoverSession(request, sessionId, files);
      if (recovered !== null) sessions.push(recovered);
    });
  }
  return { sessions, complete };
}

function recoverSession(request: RecoverRequest, sessionId: string, files: SessionFiles): RecoveredSession | null {
  const { store, signer, chain } = request;
  const state = readState(request, sessionId, files);
  if (state === null) return null;
  let recovered: RecoveredSession | null = null;
  if (!state.sealed) {
    const lines = withEnd(state, request.now());
    sealChunk(store, signer, chain, state.position, { ...lines, final: true });
    recovered = { sessionId, events: state.events.length, interrupted: lines.interrupted };
  }
  chain.persist();
  // Only now: while one of them is there, no chunk from its number on leaves the spool.
  for (const index of files.opens) store.remove(openName(sessionId, index));
  return recovered;
}

/**
 * A power cut may take a chunk and leave the open file that it was sealed from: that is why the open file stays until the chunk is on the
 * platter. Sealed again from the same lines it is the same chunk, byte for byte.
 */
function sealAgain(request: RecoverRequest, sessionId: string, files: SessionFiles): void {
  const { store, signer, chain } = request;
  const newest = Math.max(files.opens.at(-1) ?? 0, files.chunks.at(-1) ?? 0);
  for (const index of files.opens.filter((number) => number < newest && !isWhole(store, sessionId, number))) {
    const open = readOpenFile(store.read(openName(sessionId, index)), sessionId, index);
    const [first, last] = [open?.events[0], open?.events.at(-1)];
    if (open === null || first === undefined || last === undefined) continue;
    const lines = open.events.map(({ line }) => line);
    sealChunk(store, signer, chain, open.position, { lines, firstAt: first.at, lastAt: last.at, final: false });
  }
}

function isWhole(store: SpoolStore, sessionId: string, index: number): boolean {
  try {
    const chunk = readChunk(store.read(chunkName(sessionId, index)));
    return sha256(chunk.body) === chunk.header.bodyHash;
  } catch {
    return false;
  }
}

interface SessionState {
  /** Where the next chunk stands. */
  readonly position: ChunkPosition;
  /** The last chunk is the final one. */
  readonly sealed: boolean;
  readonly events: readonly { readonly line: Buffer; readonly type: string; readonly at: number }[];
  /** What could not be read behind the events, in bytes; the rest of a write that never finished does not count. */
  readonly unreadableBytes: number;
}

/** Where a session's chain ends and which events are in no chunk yet. Null when there is nothing to seal. */
function readState(request: RecoverRequest, sessionId: string, files: SessionFiles): SessionState | null {
  const afterChunks = positionAfterChunks(request, sessionId, files);
  if (afterChunks?.sealed === true) return { ...afterChunks, events: [], unreadableBytes: 0 };
  for (const index of files.opens.toReversed()) {
    const open = readOpenFile(request.store.read(openName(sessionId, index)), sessionId, index);
    if (open === null) continue;
    // A chunk with this number or a higher one holds all that the file holds.
    if (afterChunks !== null && afterChunks.position.index > index) break;
    // A power cut took the chunk before it, and it holds nothing: the chain goes on where it broke, without a hole.
    if (afterChunks !== null && afterChunks.position.index < index && open.events.length === 0) continue;
    if (index === 0 && open.events.length === 0) {
      // Nothing was ever recorded: not even that a session opened.
      for (const empty of files.opens) request.store.remove(openName(sessionId, empty));
      return null;
    }
    return { ...open, sealed: false };
  }
  if (afterChunks !== null) return { ...afterChunks, events: [], unreadableBytes: 0 };
  for (const index of files.opens) {
    const name = openName(sessionId, index);
    // A session whose very first write was cut off recorded nothing.
    if (index === 0 && wholeLines(request.store.read(name)).length === 0) request.store.remove(name);
    else setAside(request, name);
  }
  return null;
}

function positionAfterChunks(
  request: RecoverRequest,
  sessionId: string,
  files: SessionFiles,
): { readonly position: ChunkPosition; readonly sealed: boolean } | null {
  for (const index of files.chunks.toReversed()) {
    const name = chunkName(sessionId, index);
    try {
      const { header, hash } = readChunk(request.store.read(name));
      const position = { sessionId, index: index + 1, previousHash: hash, firstSeq: header.firstSeq + header.count };
      return { position, sealed: header.final };
    } catch (error) {
      request.onFault(`the chunk ${name} is damaged`, error);
      setAside(request, name);
    }
  }
  return null;
}

function setAside(request: RecoverRequest, name: string): void {
  request.onFault(`${name} cannot be read and was set aside`, null);
  request.store.rename(name, rejectedPrefix + name);
}

/** Reads an open file up to its first line that is no event: a write that was cut off. Null when not even its header can be read. */
function readOpenFile(bytes: Buffer, sessionId: string, index: number): Omit<SessionState, 'sealed'> | null {
  const [header, ...lines] = wholeLines(bytes);
  const position = positionSchema.safeParse(parseJson(header));
  if (!position.success || position.data.sessionId !== sessionId || position.data.index !== index) return null;
  const events: { line: Buffer; type: string; at: number }[] = [];
  let size = 0;
  for (const line of lines) {
    const event = recordingEventSchema.safeParse(parseJson(line));
    const fits = size + line.length <= maxBodyBytes / 2;
    if (!event.success || event.data.seq !== position.data.firstSeq + events.length || !fits) break;
    events.push({ line, type: event.data.type, at: event.data.at });
    size += line.length;
  }
  const unreadable = lines.slice(events.length);
  // A first chunk begins as the format begins in which it is sealed, also when an older gateway opened the session.
  const begins = index === 0 ? { previousHash: firstPreviousHash(sessionId) } : {};
  const place = { ...position.data, ...begins };
  return { position: place, events, unreadableBytes: unreadable.reduce((sum, line) => sum + line.length, 0) };
}

/** The lines that have an end. */
function wholeLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', start)) {
    lines.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
  return lines;
}

function parseJson(line: Buffer | undefined): unknown {
  try {
    return JSON.parse((line ?? Buffer.alloc(0)).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The state's events, a gap where lines were unreadable, and the interruption unless the session's end is among them. */
function withEnd(
  state: SessionState,
  now: number,
): { readonly lines: Buffer[]; readonly firstAt: number; readonly lastAt: number; readonly interrupted: boolean } {
  const lines = state.events.map(({ line }) => line);
  const last = state.events.at(-1);
  const at = Math.max(now, last?.at ?? 0);
  const add = (event: NewEvent | EndEvent): void => {
    lines.push(eventLine(event, state.position.firstSeq + lines.length, at));
  };
  if (last !== undefined && endsSession(last.type)) {
    return { lines, firstAt: state.events[0]?.at ?? at, lastAt: last.at, interrupted: false };
  }
  if (state.unreadableBytes > 0) {
    const reason = `${state.unreadableBytes} bytes of the spool could not be read after a crash`;
    add({ type: 'gap', fromMs: last?.at ?? at, toMs: at, reason });
  }
  add({ type: 'session.interrupted', reason: 'the gateway stopped while the session was open' });
  return { lines, firstAt: state.events[0]?.at ?? at, lastAt: at, interrupted: true };
}
