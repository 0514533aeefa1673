import { SluiceError } from '@sluice/domain';
import { type Chunk, chunkFault, damaged, decodeEvents, firstPreviousHash, readChunk } from './chunk.ts';

/** What is wrong, and where. `chunk`: its number counted from 0; `container`: a line of the export file around the chunks. */
export interface RecordingProblem {
  readonly part: 'chunk' | 'container';
  /** The chunk's number, or that of the chunk which a container line belongs to; null for the container's first and last line. */
  readonly index: number | null;
  readonly what: string;
  /** Set where all that is wrong is that the recording has no end: it may still run. */
  readonly end?: true;
}

/** What an undamaged recording says of itself that it lacks. */
export interface RecordingGap {
  /** When it was, in ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

export interface RecordingVerdict {
  readonly ok: boolean;
  /** Null when no chunk could be read. */
  readonly sessionId: string | null;
  readonly gatewayId: string | null;
  /** Chunks found, damaged ones included. */
  readonly chunks: number;
  /** Events of the undamaged chunks. */
  readonly events: number;
  /** Gaps that the recording names itself: a whole one may have some. */
  readonly gaps: readonly RecordingGap[];
  readonly problems: readonly RecordingProblem[];
}

type Report = (index: number, what: string, end?: true) => void;

/** A chunk at its place in the chain. `chunk` null: damaged, its number is that of its place. */
interface Slot {
  readonly index: number;
  readonly chunk: Chunk | null;
  readonly gaps: readonly RecordingGap[];
}

/** A verdict, and what the gateway's chain needs to know of the chunks. */
export interface SlotSummary {
  readonly verdict: RecordingVerdict;
  readonly whole: readonly Chunk[];
  /** Numbers of damaged chunks. */
  readonly damaged: ReadonlySet<number>;
  readonly sealed: boolean;
}

/**
 * Verifies a session's chunks, given in order: each by itself (key, signature, body, events) and all together (numbers, hashes, the
 * seal at the end). Names the damaged chunk only and not the ones around it.
 */
export function verifyRecording(
  chunks: Iterable<Buffer>,
  publicKeyOf: (keyId: string) => string | null,
): RecordingVerdict {
  return verifySlots(chunks, publicKeyOf).verdict;
}

/** The same, with what stands in the chunks' headers beside the verdict. */
export function verifySlots(chunks: Iterable<Buffer>, publicKeyOf: (keyId: string) => string | null): SlotSummary {
  const problems: RecordingProblem[] = [];
  const report: Report = (index, what, end) => {
    problems.push({ part: 'chunk', index, what, ...(end === undefined ? {} : { end }) });
  };
  const slots: Slot[] = [];
  const seen = new Map<number, Chunk | null>();
  let events = 0;
  let next = 0;

  for (const bytes of chunks) {
    const slot = readSlot(bytes, next, publicKeyOf, report);
    slots.push(slot);
    if (seen.has(slot.index)) {
      report(slot.index, 'stands in the recording more than once');
      continue;
    }
    if (slot.index < next) report(slot.index, 'stands behind a later chunk');
    seen.set(slot.index, slot.chunk);
    next = Math.max(next, slot.index + 1);
    if (slot.chunk !== null) events += slot.chunk.header.count;
  }

  for (let index = 0; index < next; index += 1) {
    if (!seen.has(index)) report(index, 'is missing');
  }
  const first = slots.find((slot) => slot.chunk !== null)?.chunk ?? null;
  for (const [index, chunk] of seen) {
    if (chunk === null) continue;
    const fault = chainFault(chunk, seen.get(index - 1) ?? null, first);
    if (fault !== null) report(index, fault);
  }
  reportEnd(seen, next, report);
  const verdict = {
    ok: problems.length === 0,
    sessionId: first?.header.sessionId ?? null,
    gatewayId: first?.header.gatewayId ?? null,
    chunks: slots.length,
    events,
    gaps: slots.flatMap(({ gaps }) => gaps),
    problems,
  };
  const whole = Array.from(seen.values()).filter((chunk) => chunk !== null);
  const damagedNumbers = Array.from(seen).flatMap(([index, chunk]) => (chunk === null ? [index] : []));
  const sealed = whole.some(({ header }) => header.final);
  return { verdict, whole, damaged: new Set(damagedNumbers), sealed };
}

function readSlot(bytes: Buffer, place: number, publicKeyOf: (keyId: string) => string | null, report: Report): Slot {
  let chunk: Chunk;
  try {
    chunk = readChunk(bytes);
  } catch (error) {
    report(place, messageOf(error));
    return { index: place, chunk: null, gaps: [] };
  }
  // A header that is not proved says nothing about its number: the chunk is the one that belongs here.
  const fault = chunkFault(chunk, publicKeyOf);
  if (fault !== null) {
    report(place, fault);
    return { index: place, chunk: null, gaps: [] };
  }
  const { index } = chunk.header;
  try {
    const gaps = decodeEvents(chunk).flatMap((event) => (event.type === 'gap' ? [event] : []));
    return { index, chunk, gaps: gaps.map(({ fromMs, toMs, reason }) => ({ fromMs, toMs, reason })) };
  } catch (error) {
    report(index, messageOf(error));
    return { index, chunk, gaps: [] };
  }
}

/** Whether an undamaged chunk continues the undamaged one before it (null: missing or damaged, which is already said). */
function chainFault(chunk: Chunk, before: Chunk | null, first: Chunk | null): string | null {
  const { header } = chunk;
  if (header.sessionId !== first?.header.sessionId) return 'belongs to another session';
  if (header.gatewayId !== first.header.gatewayId) return 'comes from another gateway';
  if (header.index === 0) {
    const starts = header.previousHash === firstPreviousHash(header.sessionId, header.format) && header.firstSeq === 0;
    return starts ? null : 'does not begin the session';
  }
  if (before === null) return null;
  if (before.header.final) return 'stands behind the sealed end';
  if (header.previousHash !== before.hash) return 'does not continue the chunk before it';
  return header.firstSeq === before.header.firstSeq + before.header.count ? null : 'skips or repeats events';
}

function reportEnd(seen: ReadonlyMap<number, Chunk | null>, next: number, report: Report): void {
  const last = seen.get(next - 1);
  if (last === null) return;
  if (last === undefined || !last.header.final) {
    report(next, 'is missing: the recording has no sealed end (or its session still runs)', true);
    return;
  }
  const { seal, firstSeq, count } = last.header;
  if (seal?.chunks !== next || seal.events !== firstSeq + count)
    report(next - 1, 'seals another number of chunks or events');
}

export interface AcceptChunkRequest {
  readonly bytes: Buffer;
  readonly sessionId: string;
  /** The gateway that sends it. */
  readonly gatewayId: string;
  readonly index: number;
  /** The chunk before as it was stored; null for the first. */
  readonly previous: { readonly hash: string; readonly nextSeq: number; readonly final: boolean } | null;
  /** Keys of the gateway that may send this session. */
  readonly publicKeyOf: (keyId: string) => string | null;
}

/**
 * Checks a chunk that a gateway pushes before it is stored. Throws SluiceError `recording-damaged` for a bad chunk and `conflict` for a
 * good one that does not continue what is stored. A chunk equal to the stored one of its number should be acknowledged without this.
 */
export function acceptChunk(request: AcceptChunkRequest): Chunk {
  const chunk = readChunk(request.bytes);
  const fault = chunkFault(chunk, request.publicKeyOf);
  if (fault !== null) throw damaged(`chunk ${request.index}: ${fault}`);
  const { header } = chunk;
  if (
    header.sessionId !== request.sessionId ||
    header.gatewayId !== request.gatewayId ||
    header.index !== request.index
  )
    throw damaged('the chunk is another one than the request names');
  decodeEvents(chunk);
  const { previous } = request;
  const previousHash = previous?.hash ?? firstPreviousHash(request.sessionId, header.format);
  const continues =
    (previous === null) === (header.index === 0) &&
    previous?.final !== true &&
    header.previousHash === previousHash &&
    header.firstSeq === (previous?.nextSeq ?? 0);
  if (!continues) {
    throw new SluiceError('conflict', `Chunk ${header.index} does not continue the stored recording.`, {
      audience: 'operator',
    });
  }
  return chunk;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
