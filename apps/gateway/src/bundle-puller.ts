/** Takes the newest bundle whenever somebody says that there is one. */
import type { SignedBundle } from '@sluice/domain';

const retryMs = 1_000;

export interface BundlePullerParts {
  /** Null when there is nothing newer. */
  readonly fetch: () => Promise<SignedBundle | null>;
  /** Throws when it is not one to obey. */
  readonly take: (signed: SignedBundle) => void;
  readonly failed: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export class BundlePuller {
  readonly #parts: BundlePullerParts;
  #pulling: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;

  constructor(parts: BundlePullerParts) {
    this.#parts = parts;
  }

  /** One pull at a time; a failed one is tried again until one succeeds. Never rejects. */
  pull(): Promise<void> {
    this.#pulling ??= this.#once().finally(() => {
      this.#pulling = null;
    });
    return this.#pulling;
  }

  async #once(): Promise<void> {
    const { fetch, take, failed } = this.#parts;
    try {
      const signed = await fetch();
      if (signed !== null) take(signed);
    } catch (error) {
      failed(error);
      this.#again();
    }
  }

  /** One retry waits at a time, however often a heartbeat asks for a pull that fails. */
  #again(): void {
    if (this.#parts.signal.aborted || this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.pull();
    }, retryMs);
    this.#retry.unref();
  }
}
