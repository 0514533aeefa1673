/**
 * Names of a spool's files. `SESSION.000012.open` collects the events that become `SESSION.000012.chunk`. A chunk may leave the spool
 * only when no open file of its session bears its number or a lower one: the open file is the last trace of how the chain goes on.
 */

export interface SpoolName {
  readonly sessionId: string;
  readonly index: number;
  readonly kind: 'open' | 'chunk';
}

const namePattern = /^([0-9a-f-]{36})\.(\d{6,12})\.(open|chunk)$/;
const temporarySuffix = '.tmp';

export function openName(sessionId: string, index: number): string {
  return `${sessionId}.${padded(index)}.open`;
}

export function chunkName(sessionId: string, index: number): string {
  return `${sessionId}.${padded(index)}.chunk`;
}

/** A checkpoint that waits for the control plane. */
export function checkpointName(number: number): string {
  return `checkpoint.${padded(number)}.line`;
}

export function checkpointNumber(name: string): number | null {
  const [, number] = /^checkpoint\.(\d{6,12})\.line$/.exec(name) ?? [];
  return number === undefined ? null : Number(number);
}

export function temporaryName(name: string): string {
  return name + temporarySuffix;
}

export function isTemporary(name: string): boolean {
  return name.endsWith(temporarySuffix);
}

/** A file's name taken apart, or null when it is no open file or chunk. */
export function parseName(name: string): SpoolName | null {
  const [, sessionId, index, kind] = namePattern.exec(name) ?? [];
  if (sessionId === undefined || (kind !== 'open' && kind !== 'chunk')) return null;
  return { sessionId, index: Number(index), kind };
}

export interface SessionFiles {
  /** Numbers of open files and of chunks, ascending. */
  readonly opens: readonly number[];
  readonly chunks: readonly number[];
}

/**
 * Which files each session has. Kept up by the store with every change: a spool that filled up while the control plane was away holds
 * hundreds of thousands of chunks, too many to list whenever one is added.
 */
export class SpoolIndex {
  readonly #sessions = new Map<string, { readonly opens: number[]; readonly chunks: number[] }>();

  get sessions(): ReadonlyMap<string, SessionFiles> {
    return this.#sessions;
  }

  /** Numbers of the checkpoints, ascending. */
  readonly checkpoints: number[] = [];

  /** A file that was not there before. */
  add(name: string): void {
    const checkpoint = checkpointNumber(name);
    if (checkpoint !== null) insert(this.checkpoints, checkpoint);
    const parsed = parseName(name);
    if (parsed === null) return;
    const files = this.#sessions.get(parsed.sessionId) ?? { opens: [], chunks: [] };
    this.#sessions.set(parsed.sessionId, files);
    const numbers = parsed.kind === 'open' ? files.opens : files.chunks;
    insert(numbers, parsed.index);
  }

  remove(name: string): void {
    const checkpoint = checkpointNumber(name);
    if (checkpoint !== null) this.checkpoints.splice(this.checkpoints.indexOf(checkpoint), 1);
    const parsed = parseName(name);
    const files = parsed === null ? undefined : this.#sessions.get(parsed.sessionId);
    if (parsed === null || files === undefined) return;
    const numbers = parsed.kind === 'open' ? files.opens : files.chunks;
    const at = numbers.indexOf(parsed.index);
    if (at >= 0) numbers.splice(at, 1);
    if (files.opens.length === 0 && files.chunks.length === 0) this.#sessions.delete(parsed.sessionId);
  }
}

function insert(numbers: number[], number: number): void {
  const place = numbers.findLastIndex((other) => other < number) + 1;
  numbers.splice(place, 0, number);
}

/** The chunks that may be pushed, in order. */
export function pushableChunks(files: SessionFiles): number[] {
  const limit = files.opens[0] ?? Number.POSITIVE_INFINITY;
  return files.chunks.filter((index) => index < limit);
}

function padded(index: number): string {
  return String(index).padStart(6, '0');
}
