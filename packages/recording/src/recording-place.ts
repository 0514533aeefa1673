/**
 * What a gateway asks the control plane before it opens a session, and how it closes recordings that its own spool cannot continue: the
 * spool was lost, or is an older one than the control plane has seen (a restored disk or machine).
 */
import { z } from 'zod';
import { chainPlaceSchema } from './checkpoint.ts';
import type { ChunkPosition } from './chunk.ts';
import { sealChunk } from './chunk-sealing.ts';
import { eventLine, type NewEvent } from './events.ts';
import { type RecoveredSession, type RecoverRequest, recoverSpool } from './recover-spool.ts';
import { openName, parseName } from './spool-names.ts';
import { rejectedPrefix } from './spool-store.ts';

/** Sessions of its spool that a gateway asks for at most; also unfinished ones that it is told of beyond those. */
export const maxPlacedSessions = 5_000;

/** A session's recording as the control plane has it. */
const seenSessionSchema = z.strictObject({
  sessionId: z.string(),
  /** Chunks that arrived: the next one has this number. */
  chunks: z.int().min(1),
  /** Hash of the last of them. */
  lastHash: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** The next event's number. */
  nextSeq: z.int().min(0),
  /** When the last one arrived, in ms since the epoch by the control plane's clock. */
  lastAt: z.int().min(0),
  sealed: z.boolean(),
});
export type SeenSession = z.infer<typeof seenSessionSchema>;

export const recordingPlaceRequestSchema = z.strictObject({
  /** Sessions that the gateway's spool holds something of. */
  sessions: z.array(z.uuid()).max(maxPlacedSessions),
});

/** Where the chain stands, and the recordings that were asked for or have no seal. */
export const recordingPlaceSchema = z.strictObject({
  ...chainPlaceSchema.shape,
  sessions: z.array(seenSessionSchema).max(2 * maxPlacedSessions),
});
export type RecordingPlace = z.infer<typeof recordingPlaceSchema>;

export interface ClosedSeen {
  /** Sessions that the control plane has more of than the spool: recovery has nothing to seal for them. */
  readonly settled: readonly string[];
  /** Those of them that had no end and got one. */
  readonly ended: readonly string[];
}

const endUnknown = 'the end is unknown: the gateway’s spool holds nothing of what followed';

/**
 * Closes what the control plane has more of than the spool. An open file of such a session is an older beginning of a chunk that arrived:
 * it is set aside, for sealed it would be another chunk of the same number. A recording without a seal gets a gap and an interruption as
 * its end. Throws what the store throws, may die at any step and be run again.
 */
export function closeSeen(request: RecoverRequest, seen: readonly SeenSession[]): ClosedSeen {
  const { store, signer, chain, now, isLive, onFault } = request;
  const rejected = rejectedSessions(request);
  const settled: string[] = [];
  const ended: string[] = [];
  for (const { sessionId, chunks, lastHash, nextSeq, lastAt, sealed } of seen) {
    if (isLive(sessionId) || rejected.has(sessionId)) continue;
    const files = store.sessions.get(sessionId) ?? { opens: [], chunks: [] };
    // The spool goes as far as the control plane, or further: recovery goes on from its own files.
    if (Math.max(-1, ...files.opens, ...files.chunks) >= chunks) continue;
    settled.push(sessionId);
    // Before the end is sealed: recovery would seal an open file that stands before a later chunk.
    for (const index of files.opens.slice()) {
      const name = openName(sessionId, index);
      onFault(`${name} is older than what the control plane has of its session and was set aside`, null);
      store.rename(name, rejectedPrefix + name);
    }
    if (sealed) continue;
    const position = { sessionId, index: chunks, previousHash: lastHash, firstSeq: nextSeq };
    sealChunk(store, signer, chain, position, { ...endLines(position, lastAt, now()), final: true });
    chain.persist();
    ended.push(sessionId);
  }
  return { settled, ended };
}

/** `closeSeen`, then recovery of what is left. `complete` is false when the disk refused something. */
export function recoverWithSeen(
  request: RecoverRequest,
  seen: readonly SeenSession[],
): { readonly sessions: RecoveredSession[]; readonly complete: boolean } {
  try {
    const { settled, ended } = closeSeen(request, seen);
    const left = new Set(settled);
    const isLive = (sessionId: string) => left.has(sessionId) || request.isLive(sessionId);
    const { sessions, complete } = recoverSpool({ ...request, isLive });
    return {
      sessions: [...ended.map((sessionId) => ({ sessionId, events: 0, interrupted: true })), ...sessions],
      complete,
    };
  } catch (error) {
    request.onFault('recordings that the control plane has more of cannot be closed', error);
    return { sessions: [], complete: false };
  }
}

function endLines(position: ChunkPosition, lastAt: number, now: number) {
  const at = Math.max(now, lastAt);
  const events: readonly NewEvent[] = [{ type: 'gap', fromMs: lastAt, toMs: at, reason: endUnknown }];
  const lines = events.map((event, offset) => eventLine(event, position.firstSeq + offset, at));
  const last = eventLine({ type: 'session.interrupted', reason: endUnknown }, position.firstSeq + lines.length, at);
  return { lines: [...lines, last], firstAt: at, lastAt: at };
}

/** What was set aside waits for somebody to look at it: nothing is written over its number. */
function rejectedSessions({ store }: RecoverRequest): ReadonlySet<string> {
  const names = Array.from(store.list(), ({ name }) => name).filter((name) => name.startsWith(rejectedPrefix));
  return new Set(
    names.flatMap((name) => {
      const parsed = parseName(name.slice(rejectedPrefix.length));
      return parsed?.kind === 'chunk' ? [parsed.sessionId] : [];
    }),
  );
}
