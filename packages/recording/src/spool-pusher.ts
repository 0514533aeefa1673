import { type ErrorCode, SluiceError } from '@sluice/domain';
import { chunkName, parseName, pushableChunks } from './spool-names.ts';
import { rejectedPrefix, type SpoolStore } from './spool-store.ts';

/** Sessions whose chunks are under way at the same time. */
export const maxConcurrentPushes = 4;
const firstRetryMs = 250;
const maxRetryMs = 30_000;

/** Answers after which the same bytes would be refused again: the chunk is set aside. Everything else is tried again. */
export const permanentRefusals: readonly ErrorCode[] = [
  'bad-request',
  'forbidden',
  'conflict',
  'too-large',
  'recording-damaged',
];

export interface SpoolPusherOptions {
  readonly store: SpoolStore;
  /** Resolves when the chunk is durable at the control plane, also when it was so before. Rejects with SluiceError; see `permanentRefusals`. */
  readonly push: (sessionId: string, index: number, bytes: Buffer) => Promise<void>;
  /** A chunk was set aside, or could not be pushed or removed. For the log. */
  readonly onFault: (message: string, error: unknown) => void;
  /** ms to wait after the n-th failure in a row of one session (n from 1); exponential with full jitter when not given. */
  readonly retryDelayMs?: (failures: number) => number;
}

/**
 * Carries chunks from the spool to the control plane: in order within a session, several sessions at once. A chunk leaves the spool only
 * after the control plane has acknowledged it.
 */
export class SpoolPusher {
  readonly #options: SpoolPusherOptions;
  readonly #retryDelayMs: (failures: number) => number;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();
  #lastBegun = '';
  #stopped = false;

  constructor(options: SpoolPusherOptions) {
    this.#options = options;
    this.#retryDelayMs = options.retryDelayMs ?? backoffMs;
  }

  /** There may be something to push. Cheap enough for every chunk. `retryNow`: the control plane is back, so nobody waits any longer. */
  wake(options: { readonly retryNow?: boolean } = {}): void {
    if (options.retryNow === true) {
      for (const timer of this.#waiting.values()) clearTimeout(timer);
      this.#waiting.clear();
    }
    if (this.#stopped) return;
    // Round-robin by id, so that busy sessions do not starve those behind them.
    for (const behind of [true, false]) {
      const start = this.#lastBegun;
      for (const [sessionId, files] of this.#options.store.sessions) {
        if (this.#busy.size >= maxConcurrentPushes) return;
        if (sessionId > start !== behind || this.#busy.has(sessionId) || this.#waiting.has(sessionId)) continue;
        const indexes = pushableChunks(files);
        if (indexes.length > 0) this.#begin(sessionId, indexes);
      }
    }
  }

  /** Ends after the pushes that are under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    await Promise.all(this.#busy.values());
  }

  /** Puts chunks that were set aside back into the queue. Returns how many. */
  retryRejected(): number {
    const { store } = this.#options;
    let restored = 0;
    for (const { name } of Array.from(store.list())) {
      const original = name.slice(rejectedPrefix.length);
      if (!name.startsWith(rejectedPrefix) || parseName(original)?.kind !== 'chunk') continue;
      store.rename(name, original);
      restored += 1;
    }
    if (restored > 0) this.wake();
    return restored;
  }

  #begin(sessionId: string, indexes: readonly number[]): void {
    this.#lastBegun = sessionId;
    const task = this.#pushSession(sessionId, indexes)
      .catch((error: unknown) => this.#retryLater(sessionId, error))
      .finally(() => {
        this.#busy.delete(sessionId);
        this.wake();
      });
    this.#busy.set(sessionId, task);
  }

  async #pushSession(sessionId: string, indexes: readonly number[]): Promise<void> {
    for (const index of indexes) {
      if (this.#stopped) return;
      await this.#pushChunk(sessionId, index);
      this.#failures.delete(sessionId);
    }
  }

  async #pushChunk(sessionId: string, index: number): Promise<void> {
    const { store, push, onFault } = this.#options;
    const name = chunkName(sessionId, index);
    try {
      await push(sessionId, index, store.read(name));
    } catch (error) {
      if (!(error instanceof SluiceError) || !permanentRefusals.includes(error.code)) throw error;
      store.rename(name, rejectedPrefix + name);
      onFault(`the control plane refused ${name}; it was set aside in the spool’s folder "rejected"`, error);
      return;
    }
    store.remove(name);
  }

  #retryLater(sessionId: string, error: unknown): void {
    const failures = (this.#failures.get(sessionId) ?? 0) + 1;
    this.#failures.set(sessionId, failures);
    this.#options.onFault(`a chunk of session ${sessionId} could not be pushed (attempt ${failures})`, error);
    if (this.#stopped) return;
    const retry = (): void => {
      this.#waiting.delete(sessionId);
      this.wake();
    };
    this.#waiting.set(sessionId, setTimeout(retry, this.#retryDelayMs(failures)).unref());
  }
}

/** Exponential with full jitter: a whole fleet does not come back in step. */
function backoffMs(failures: number): number {
  return Math.random() * Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures, 20));
}
