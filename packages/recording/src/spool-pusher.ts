import { type ErrorCode, SluiceError } from '@sluice/domain';
import type { Witness } from './checkpoint.ts';
import type { GatewayChain } from './gateway-chain.ts';
import { checkpointName, checkpointNumber, chunkName, parseName, pushableChunks } from './spool-names.ts';
import { rejectedPrefix, type SpoolStore } from './spool-store.ts';

/** Sessions whose chunks are under way at the same time. */
export const maxConcurrentPushes = 4;
const firstRetryMs = 250;
const maxRetryMs = 30_000;
/** The queue of checkpoints, among those of sessions; no session's id. */
const checkpointQueue = 'checkpoints';

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
  /** The gateway's chain, whose checkpoints go the same way. */
  readonly chain?: GatewayChain;
  /** Resolves with the control plane's answer when the checkpoint is durable there. Rejects as `push` does. */
  readonly pushCheckpoint?: (line: Buffer) => Promise<Witness>;
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
    this.#wakeCheckpoints();
    // Round-robin by id, so that busy sessions do not starve those behind them.
    for (const behind of [true, false]) {
      const start = this.#lastBegun;
      for (const [sessionId, files] of this.#options.store.sessions) {
        if (this.#busy.size - Number(this.#busy.has(checkpointQueue)) >= maxConcurrentPushes) return;
        if (sessionId > start !== behind || this.#busy.has(sessionId) || this.#waiting.has(sessionId)) continue;
        const indexes = pushableChunks(files);
        if (indexes.length > 0) this.#begin(sessionId, this.#pushSession(sessionId, indexes));
      }
    }
  }

  /** Checkpoints are few and go beside the sessions, so that none starves behind their chunks. */
  #wakeCheckpoints(): void {
    if (this.#busy.has(checkpointQueue) || this.#waiting.has(checkpointQueue)) return;
    const numbers = this.#options.chain?.pushable() ?? [];
    if (numbers.length > 0) this.#begin(checkpointQueue, this.#pushCheckpoints([...numbers]));
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
      const pushable = parseName(original)?.kind === 'chunk' || checkpointNumber(original) !== null;
      if (!name.startsWith(rejectedPrefix) || !pushable) continue;
      store.rename(name, original);
      restored += 1;
    }
    if (restored > 0) this.wake();
    return restored;
  }

  #begin(sessionId: string, work: Promise<void>): void {
    if (sessionId !== checkpointQueue) this.#lastBegun = sessionId;
    const task = work
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

  async #pushCheckpoints(numbers: readonly number[]): Promise<void> {
    const { chain, pushCheckpoint } = this.#options;
    if (chain === undefined || pushCheckpoint === undefined) return;
    for (const number of numbers) {
      if (this.#stopped) return;
      const name = checkpointName(number);
      await this.#deliver(name, async (line) => chain.witnessed(await pushCheckpoint(line)));
      this.#failures.delete(checkpointQueue);
    }
  }

  async #pushChunk(sessionId: string, index: number): Promise<void> {
    await this.#deliver(chunkName(sessionId, index), (bytes) => this.#options.push(sessionId, index, bytes));
  }

  async #deliver(name: string, push: (bytes: Buffer) => Promise<void>): Promise<void> {
    const { store, chain, onFault } = this.#options;
    // What the control plane has seen of the chain must survive a power cut here: else its numbers would be used twice.
    await chain?.sync();
    try {
      await push(store.read(name));
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
    const what = sessionId === checkpointQueue ? 'a checkpoint' : `a chunk of session ${sessionId}`;
    this.#options.onFault(`${what} could not be pushed (attempt ${failures})`, error);
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
