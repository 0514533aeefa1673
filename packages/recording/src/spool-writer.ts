import { isId } from '@sluice/domain';
import type { ChainPlace } from './checkpoint.ts';
import type { ChunkSigner } from './chunk.ts';
import { GatewayChain } from './gateway-chain.ts';
import { recoverWithSeen, type SeenSession } from './recording-place.ts';
import type { RecoveredSession, RecoverRequest } from './recover-spool.ts';
import { type Durability, type RecorderContext, SessionRecorder, spoolFull } from './session-recorder.ts';
import type { SpoolStore } from './spool-store.ts';
import { SyncRounds } from './sync-rounds.ts';

/** The spool's bound when the gateway's operator names none. */
export const defaultMaxSpoolBytes = 1024 ** 3;
/** How often collected events are sealed, in ms. */
export const flushIntervalMs = 500;
/** Events that need not be durable at once wait this long for a durable one to be written with, in ms: a write costs more than its bytes. */
const lazyWriteMs = 20;
/** Of the bound this share is kept for what follows statements that were let through: results, ends. */
const reservedShare = 1 / 16;
/** Characters of a disk's own words that are told. */
const maxFaultLength = 300;
const probeName = 'probe.tmp';
const probeBytes = 4096;

export interface SpoolWriterOptions extends ChunkSigner {
  readonly store: SpoolStore;
  /** ms since the epoch. */
  readonly now?: () => number;
  readonly maxSpoolBytes?: number;
  /** Nothing is sealed and no checkpoint made before `recover` was called: the control plane is asked first where the chain stands. */
  readonly waitsForPlace?: boolean;
  /** Called with every fault of the disk, and when something had to be set aside. For the log. */
  readonly onFault: (message: string, error: unknown) => void;
  /** Called when a chunk or a checkpoint may be pushed. */
  readonly onChunk: () => void;
}

/**
 * Writes the recordings of a gateway's sessions to the spool. Sealing is synchronous: a chunk is at most some hundred KiB, and no
 * other code sees the spool between two of its steps.
 */
export class SpoolWriter {
  readonly #options: SpoolWriterOptions;
  readonly #context: RecorderContext;
  readonly #chain: GatewayChain;
  readonly #maxSpoolBytes: number;
  readonly #live = new Map<string, SessionRecorder>();
  readonly #dirty = new Set<SessionRecorder>();
  readonly #scheduled = new Set<SessionRecorder>();
  #writeSoon: NodeJS.Timeout | null = null;
  readonly #ticker: NodeJS.Timeout;
  #broken = false;
  /** What the disk said when it last refused; while it is broken. */
  #fault = '';
  /** What the disk said when a sync failed; null once one worked again. */
  #syncFault: string | null = null;
  #probing = false;
  #recoveryIncomplete = false;
  /** Until `recover`: no number of the chain is used before it is known where it stands. */
  #waits: boolean;
  #seen: readonly SeenSession[] = [];

  constructor(options: SpoolWriterOptions) {
    this.#options = options;
    this.#waits = options.waitsForPlace ?? false;
    this.#maxSpoolBytes = options.maxSpoolBytes ?? defaultMaxSpoolBytes;
    this.#chain = new GatewayChain(options.store, { gatewayId: options.gatewayId, keys: options.keys });
    this.#context = this.#newContext();
    this.#ticker = setInterval(() => this.tick(), flushIntervalMs).unref();
  }

  /** What joins the sessions of this gateway; the pusher carries its checkpoints. */
  get chain(): GatewayChain {
    return this.#chain;
  }

  /**
   * Takes the chain up where the control plane saw it last, if that is further than the spool knows; call it before `recover`. Returns
   * whether it did. Throws SluiceError `recording-damaged`.
   */
  resumeChain(place: ChainPlace): boolean {
    const resumed = this.#chain.resume(place);
    if (resumed) this.#checkpoint(true);
    return resumed;
  }

  /** False while the disk refuses writes or the spool's bound is reached: new statements must be refused. Heals by itself. */
  get healthy(): boolean {
    return !this.#broken && this.#options.store.bytes < this.#refuseFromBytes();
  }

  /** Why new statements are refused, in a sentence for people; null while they are not. */
  get problem(): string | null {
    const { bytes } = this.#options.store;
    if (this.#broken) return `The disk of the spool refuses writes: ${this.#fault.slice(0, maxFaultLength)}`;
    if (this.#syncFault !== null)
      return `The disk of the spool does not keep what is written: ${this.#syncFault.slice(0, maxFaultLength)}`;
    if (bytes < this.#refuseFromBytes()) return null;
    return `The spool is full: ${bytes} of ${this.#maxSpoolBytes} bytes wait for the control plane`;
  }

  /**
   * Seals what an earlier process left behind; call it once, before any session. A disk fault leaves the rest as it is, to be tried
   * again at every tick. `seen` is what the control plane has of sessions: see `closeSeen`.
   */
  recover(seen: readonly SeenSession[] = []): RecoveredSession[] {
    this.#waits = false;
    this.#seen = seen;
    const outcome = recoverWithSeen(this.#recoverRequest(), seen);
    this.#recoveryIncomplete = !outcome.complete;
    if (!outcome.complete) this.#broken = true;
    if (outcome.sessions.length > 0) this.#options.onChunk();
    return outcome.sessions;
  }

  #recoverRequest(): RecoverRequest {
    const { store, gatewayId, keys, onFault } = this.#options;
    return {
      store,
      signer: { gatewayId, keys },
      chain: this.#chain,
      now: this.#context.now,
      isLive: (sessionId) => this.#live.has(sessionId),
      onFault,
    };
  }

  /** Begins a recording; its first event should be `session.opened`. Throws SluiceError `spool-full`. */
  openSession(sessionId: string, durability: Durability = 'written'): SessionRecorder {
    if (!isId(sessionId) || this.#live.has(sessionId)) throw new Error('a recording needs a new session id');
    this.#context.admit(0, true);
    const recorder = new SessionRecorder(this.#context, sessionId, durability);
    this.#live.set(sessionId, recorder);
    return recorder;
  }

  /** Seals what was collected, finishes an interrupted recovery and finds out whether a broken disk works again. Runs every 500 ms. */
  tick(): void {
    if (this.#waits) return;
    if (this.#recoveryIncomplete) this.recover(this.#seen);
    for (const recorder of Array.from(this.#dirty)) {
      if (recorder.flush()) this.#dirty.delete(recorder);
    }
    this.#checkpoint();
    if (this.#syncFault !== null) void this.#probeSync();
    if (this.#broken && !this.#recoveryIncomplete && this.#dirty.size === 0 && this.#probe()) this.#broken = false;
  }

  /** Seals everything and stops the clock. Recordings that were not closed are closed as interrupted by the next start's `recover`. */
  stop(): void {
    clearInterval(this.#ticker);
    if (this.#writeSoon !== null) clearTimeout(this.#writeSoon);
    this.tick();
    if (!this.#waits) this.#checkpoint(true);
  }

  #checkpoint(atOnce = false): void {
    try {
      if (this.#chain.makeCheckpoint(this.#context.now(), this.#live.size, atOnce)) this.#options.onChunk();
    } catch (error) {
      this.#context.failed(error);
    }
  }

  #newContext(): RecorderContext {
    const { store, gatewayId, keys, now = Date.now, onFault, onChunk } = this.#options;
    return {
      store,
      signer: { gatewayId, keys },
      chain: this.#chain,
      rounds: new SyncRounds(store),
      now,
      admit: (bytes, gates) => {
        // The reserve takes the one event by which a gating append may go over its limit.
        const full = gates ? store.bytes >= this.#refuseFromBytes() : store.bytes + bytes > this.#maxSpoolBytes;
        if (full) throw spoolFull('The spool of recordings is full.');
      },
      failed: (error) => {
        if (!this.#broken) onFault('the spool’s disk refuses writes', error);
        this.#broken = true;
        this.#fault = error instanceof Error ? error.message : String(error);
      },
      syncFailed: (error) => {
        if (this.#syncFault === null) onFault('the spool’s disk does not keep what is written', error);
        this.#syncFault = error instanceof Error ? error.message : String(error);
      },
      worked: () => {
        if (!this.#recoveryIncomplete) this.#broken = false;
      },
      scheduleWrite: (recorder) => this.#scheduleWrite(recorder),
      markDirty: (recorder) => this.#dirty.add(recorder),
      chunkReady: onChunk,
      finished: (recorder) => {
        this.#live.delete(recorder.sessionId);
        this.#dirty.delete(recorder);
      },
    };
  }

  #scheduleWrite(recorder: SessionRecorder): void {
    this.#scheduled.add(recorder);
    this.#writeSoon ??= setTimeout(() => {
      this.#writeSoon = null;
      for (const scheduled of this.#scheduled) {
        try {
          scheduled.writeOut();
        } catch (error) {
          this.#context.failed(error);
        }
      }
      this.#scheduled.clear();
    }, lazyWriteMs).unref();
  }

  #refuseFromBytes(): number {
    return this.#maxSpoolBytes * (1 - reservedShare);
  }

  #probe(): boolean {
    const { store } = this.#options;
    try {
      const file = store.create(probeName);
      try {
        file.write(Buffer.alloc(probeBytes), 0);
      } finally {
        file.close();
      }
      store.remove(probeName);
      return true;
    } catch (error) {
      this.#context.failed(error);
      return false;
    }
  }

  /** A new file: what failed to be synced once is not asked again. */
  async #probeSync(): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    const { store } = this.#options;
    try {
      const file = store.create(probeName);
      try {
        file.write(Buffer.alloc(probeBytes), 0);
        await file.sync();
      } finally {
        file.close();
      }
      store.remove(probeName);
      this.#syncFault = null;
    } catch (error) {
      this.#context.syncFailed(error);
    } finally {
      this.#probing = false;
    }
  }
}

/** What a spool holds, for the gateway's state. `rejected` are files that somebody should look at. */
export function spoolDepth(store: SpoolStore): {
  readonly chunks: number;
  readonly bytes: number;
  readonly rejected: number;
} {
  let chunks = 0;
  for (const files of store.sessions.values()) chunks += files.chunks.length;
  return { chunks, bytes: store.bytes, rejected: store.rejected };
}
