/**
 * Names of a spool's files. `SESSION.000012.open` collects the events that become `SESSION.000012.chunk`. A chunk may leave the spool
 * only when no open file of its session bears its number or a lower one: the open file is the last trace of how the chain goes on.
 */
import type { SpoolStore } from './spool-store.ts';

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
  readonly opens: number[];
  readonly chunks: number[];
}

/** The store's files by session. */
export function sessionFiles(store: SpoolStore): Map<string, SessionFiles> {
  const sessions = new Map<string, SessionFiles>();
  for (const { name } of store.list()) {
    const parsed = parseName(name);
    if (parsed === null) continue;
    const files = sessions.get(parsed.sessionId) ?? { opens: [], chunks: [] };
    (parsed.kind === 'open' ? files.opens : files.chunks).push(parsed.index);
    sessions.set(parsed.sessionId, files);
  }
  for (const files of sessions.values()) {
    files.opens.sort((a, b) => a - b);
    files.chunks.sort((a, b) => a - b);
  }
  return sessions;
}

/** The chunks that may be pushed, in order. */
export function pushableChunks(files: SessionFiles): number[] {
  const limit = files.opens[0] ?? Number.POSITIVE_INFINITY;
  return files.chunks.filter((index) => index < limit);
}

function padded(index: number): string {
  return String(index).padStart(6, '0');
}
