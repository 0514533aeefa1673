import { SluiceError } from '@sluice/domain';
import { type ChunkPosition, type ChunkSigner, firstPreviousHash, maxEventBytes } from './chunk.ts';
import { openFileHeader, sealChunk } from './chunk-sealing.ts';
import { type EndEvent, eventLine, type NewEvent } from './events.ts';
import type { GatewayChain } from './gateway-chain.ts';
import { openName } from './spool-names.ts';
import type { SpoolFile, SpoolStore } from './spool-store.ts';
import type { SyncRounds } from './sync-rounds.ts';

/** Events of this many bytes are sealed into a chunk. */
export const sealFromBytes = 256 * 1024;
/** While chunks cannot be written events pile up to here in memory and in the open file; then `append` refuses. */
const maxPendingBytes = 2 * sealFromBytes;
/** Events that need not be durable at once wait in memory up to here. */
const maxUnwrittenBytes = 64 * 1024;

/** `written`: an event survives the process when `append` returns. `synced`: it survives a power cut when `synced` resolves. */
export type Durability = 'written' | 'synced';

/** An open file whose chunk is sealed; it goes once the chunk is as durable as the session wants. */
interface StaleFile {
  readonly name: string;
  ready: boolean;
}

/** What the sessions of one writer share. */
export interface RecorderContext {
  readonly store: SpoolStore;
  readonly signer: ChunkSigner;
  readonly chain: GatewayChain;
  readonly now: () => number;
  /** Throws SluiceError `spool-full` when the spool has no room for that many bytes. */
  admit(bytes: number, gates: boolean): void;
  /** A write failed or worked again. */
  failed(error: unknown): void;
  worked(): void;
  /** A sync failed: what was written may be gone without another word. */
  syncFailed(error: unknown): void;
  /** Asks for `writeOut` within `lazyWriteMs`. */
  scheduleWrite(recorder: SessionRecorder): void;
  /** Asks for `flush` at the next tick. */
  markDirty(recorder: SessionRecorder): void;
  /** A chunk may be pushed. */
  chunkReady(): void;
  readonly rounds: SyncRounds;
  /** The recording is over and wholly sealed. */
  finished(recorder: SessionRecorder): void;
}

/**
 * The recording of one session. An event is in the open file before a durable `append` returns; chunks are sealed from memory. Steps of
 * sealing chunk N, each leaving a spool that recovery understands: chunk N appears by rename; open file N+1 is made; open file N goes.
 */
export class SessionRecorder {
  readonly sessionId: string;
  readonly #context: RecorderContext;
  /** Where the chunk stands that is being collected. */
  #position: ChunkPosition;
  /** Open file of `#position`; null while it could not be made. */
  #file: SpoolFile | null = null;
  /** Bytes of the open file that count; what lies behind is the rest of a failed write and will be overwritten. */
  #fileBytes = 0;
  /** Open files whose chunks are sealed, the oldest first. */
  #stale: StaleFile[] = [];
  readonly #durability: Durability;
  /** A sync of this session's files failed: what the kernel says of them counts for nothing any more. */
  #distrusted = false;
  /** Lines of the chunk being collected; the first `#writtenLines` are in the open file. */
  #lines: Buffer[] = [];
  #writtenLines = 0;
  #pendingBytes = 0;
  #unwrittenBytes = 0;
  #firstAt = 0;
  #lastAt = 0;
  #closing = false;
  #finished = false;

  /** Makes the first open file. Throws SluiceError `spool-full` when it cannot. */
  constructor(context: RecorderContext, sessionId: string, durability: Durability) {
    this.#context = context;
    this.#durability = durability;
    this.sessionId = sessionId;
    this.#position = { sessionId, index: 0, previousHash: firstPreviousHash(sessionId), firstSeq: 0 };
    this.#orSpoolFull(() => this.#finishRotation());
  }

  /**
   * Records an event and returns its `seq`. `durable`: it is in the kernel when this returns (what must be recorded before something is
   * forwarded); else it follows with the next durable one, at 64 KiB, or within `lazyWriteMs`.
   * Throws SluiceError `spool-full` (nothing was recorded; refuse the statement) or `too-large`.
   */
  append(event: NewEvent, options: { readonly durable: boolean }): number {
    if (this.#closing) throw new Error('an event after the end of its recording');
    if (this.#distrusted && options.durable) throw spoolFull('The spool’s disk failed to keep this recording.');
    const at = this.#context.now();
    const seq = this.#nextSeq();
    const line = eventLine(event, seq, at);
    if (line.length > maxEventBytes) throw new SluiceError('too-large', `A recorded event has ${line.length} bytes.`);
    this.#context.admit(line.length, options.durable);
    this.#makeRoom();
    this.#push(line, at);
    if (options.durable || this.#unwrittenBytes > maxUnwrittenBytes) {
      try {
        this.#orSpoolFull(() => this.writeOut());
      } catch (error) {
        this.#dropLast(line);
        throw error;
      }
    } else {
      this.#context.scheduleWrite(this);
    }
    this.#context.markDirty(this);
    // The event is safe by now: that a chunk cannot be sealed is no reason to refuse it.
    if (this.#pendingBytes >= sealFromBytes) this.flush();
    return seq;
  }

  /**
   * Resolves when every event that was appended until now survives a power cut. Many sessions share one round. Throws SluiceError
   * `spool-full` when the disk failed: this session takes no durable event any more, a new one begins with new files.
   */
  async synced(): Promise<void> {
    this.#orSpoolFull(() => this.writeOut());
    await this.#syncFiles(this.#file === null ? [] : [this.#file]);
  }

  async #syncFiles(files: readonly SpoolFile[]): Promise<void> {
    try {
      if (this.#distrusted) throw new Error('an earlier sync failed');
      await this.#context.rounds.sync(files);
    } catch (error) {
      this.#distrusted = true;
      this.#context.syncFailed(error);
      throw spoolFull('The spool’s disk failed to keep this recording.', error);
    }
  }

  /** A sealed chunk of a synced session: its open file stays until it is on the platter. */
  #syncChunk(chunk: SpoolFile, stale: StaleFile, open: SpoolFile | null): void {
    void this.#syncFiles([chunk])
      .then(() => {
        stale.ready = true;
        this.#attempt(() => this.#finishRotation());
      })
      // Told by `failed`; the open file stays, and the next start seals it again.
      .catch(() => undefined)
      .finally(() => {
        chunk.close();
        open?.close();
      });
  }

  /**
   * Records the last event and seals the recording. Never throws for the disk's sake: what cannot be written stays in memory and is
   * tried again at every tick; after a crash the next start seals it.
   */
  close(event: EndEvent): void {
    if (this.#closing) return;
    const at = this.#context.now();
    this.#push(eventLine(event, this.#nextSeq(), at), at);
    this.#closing = true;
    this.#context.markDirty(this);
    this.#attempt(() => this.writeOut());
    this.flush();
  }

  /** Seals what was collected into a chunk, if there is something. Returns false when the disk did not let it. */
  flush(): boolean {
    return this.#attempt(() => {
      this.#finishRotation();
      if (this.#lines.length > 0) this.#seal();
    });
  }

  /** Writes collected events to the open file. Throws what the store throws. */
  writeOut(): void {
    this.#finishRotation();
    if (this.#file === null || this.#writtenLines === this.#lines.length) return;
    const unwritten = this.#lines.slice(this.#writtenLines);
    const bytes = unwritten.length === 1 && unwritten[0] !== undefined ? unwritten[0] : Buffer.concat(unwritten);
    this.#file.write(bytes, this.#fileBytes);
    this.#fileBytes += bytes.length;
    this.#writtenLines = this.#lines.length;
    this.#unwrittenBytes = 0;
    this.#context.worked();
  }

  #nextSeq(): number {
    return this.#position.firstSeq + this.#lines.length;
  }

  #push(line: Buffer, at: number): void {
    if (this.#lines.length === 0) this.#firstAt = at;
    this.#lastAt = at;
    this.#lines.push(line);
    this.#pendingBytes += line.length;
    this.#unwrittenBytes += line.length;
  }

  /** Takes back an event whose write failed; what of it is in the file will be overwritten. */
  #dropLast(line: Buffer): void {
    this.#lines.pop();
    this.#pendingBytes -= line.length;
    this.#unwrittenBytes -= line.length;
    this.#lastAt = timeOf(this.#lines.at(-1)) ?? 0;
  }

  #makeRoom(): void {
    if (this.#pendingBytes < maxPendingBytes || this.flush()) return;
    throw spoolFull('Recorded events cannot be sealed.');
  }

  #seal(): void {
    const { store, signer, chain } = this.#context;
    const name = openName(this.sessionId, this.#position.index);
    const kept: SpoolFile[] = [];
    this.#position = sealChunk(
      store,
      signer,
      chain,
      this.#position,
      { lines: this.#lines, firstAt: this.#firstAt, lastAt: this.#lastAt, final: this.#closing },
      this.#durability === 'synced' ? (file) => kept.push(file) : null,
    );
    // From here on the chunk is the truth; what fails below is taken up again by the next call.
    this.#lines = [];
    this.#writtenLines = 0;
    this.#pendingBytes = 0;
    this.#unwrittenBytes = 0;
    const [chunk] = kept;
    const stale = { name, ready: chunk === undefined };
    this.#stale.push(stale);
    // A round may still be syncing the open file: it is closed behind the chunk's own.
    if (chunk === undefined) this.#file?.close();
    else this.#syncChunk(chunk, stale, this.#file);
    this.#file = null;
    this.#finished = this.#closing;
    this.#finishRotation();
  }

  /** Makes the open file of the current position and removes the one before. */
  #finishRotation(): void {
    if (this.#file === null && !this.#finished) {
      const file = this.#context.store.create(openName(this.sessionId, this.#position.index));
      const header = openFileHeader(this.#position);
      try {
        file.write(header, 0);
      } catch (error) {
        file.close();
        throw error;
      }
      this.#file = file;
      this.#fileBytes = header.length;
    }
    for (let [stale] = this.#stale; stale?.ready === true; [stale] = this.#stale) {
      this.#context.chain.persist();
      this.#context.store.remove(stale.name);
      this.#stale.shift();
      this.#context.worked();
      this.#context.chunkReady();
      if (this.#finished && this.#stale.length === 0) this.#context.finished(this);
    }
  }

  #attempt(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#context.failed(error);
      return false;
    }
  }

  #orSpoolFull(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#context.failed(error);
      throw spoolFull('The spool’s disk refuses writes.', error);
    }
  }
}

export function spoolFull(message: string, cause?: unknown): SluiceError {
  return new SluiceError('spool-full', message, {
    hint: 'Free space in the gateway’s spool folder or bring the control plane back, which empties it.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function timeOf(line: Buffer | undefined): number | null {
  if (line === undefined) return null;
  const event = JSON.parse(line.toString('utf8')) as { readonly at: number };
  return event.at;
}
