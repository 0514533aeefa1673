/** What a client has open: under handles of the gateway's own, each bound to what it was judged for. */
import type { StatementHandle } from '@sluice/wire-kit';
import type { Lane } from './lane.ts';
import type { MaskedFile } from './masked-file.ts';
import { uint32 } from './packets.ts';

/** Files and folders that one channel may have open at once. */
export const maxOpenHandles = 128;
/** Bytes of one file's content that are kept in the record, each way. */
export const maxRecordedFileBytes = 65_536;

export interface OpenHandle {
  readonly sort: 'file' | 'folder';
  readonly lane: Lane;
  /** The target's own. */
  readonly handle: Buffer;
  readonly path: string;
  /** What lets it be read; null: it was opened for writing only. */
  readonly reads: StatementHandle | null;
  /** What lets it be written. */
  readonly writes: StatementHandle | null;
  readonly statements: readonly StatementHandle[];
  readonly masked: MaskedFile;
  /** Bytes or names that went to the client, and bytes that came from it. */
  read: number;
  written: number;
  /** A limit of policy was passed. */
  isOver: boolean;
}

export class OpenHandles {
  readonly #open = new Map<string, OpenHandle>();
  #next = 0;

  get size(): number {
    return this.#open.size;
  }

  add(handle: OpenHandle): Buffer {
    const name = uint32(this.#next);
    this.#next += 1;
    this.#open.set(name.toString('hex'), handle);
    return name;
  }

  get(name: Buffer): OpenHandle | null {
    return name.length === 4 ? (this.#open.get(name.toString('hex')) ?? null) : null;
  }

  remove(name: Buffer): void {
    this.#open.delete(name.toString('hex'));
  }

  /** Everything that is still open, for the end of a channel. */
  takeAll(): OpenHandle[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    return all;
  }
}

export function finish(open: OpenHandle): void {
  for (const statement of open.statements) {
    if (statement === open.reads)
      statement.completed({ tag: `${open.sort === 'file' ? 'read' : 'listed'} ${open.read}`, rows: null });
    else statement.completed({ tag: `wrote ${open.written}`, rows: null });
    statement.ended();
  }
}

/** Keeps the beginning of a file's content in the record. */
export function recordContent(open: OpenHandle, direction: 'stdout' | 'stdin', bytes: Buffer): void {
  const statement = direction === 'stdout' ? open.reads : open.writes;
  const before = direction === 'stdout' ? open.read : open.written;
  if (statement === null || before >= maxRecordedFileBytes) return;
  statement.stream(direction).write(bytes.subarray(0, maxRecordedFileBytes - before));
}
