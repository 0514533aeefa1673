/** Since when the control plane was last heard, and what follows (invariant 6): beyond a connection's lease nothing new runs. */
import type { BundleConnection } from '@sluice/domain';
import type { LeasePort } from '@sluice/session';

/** Without a heartbeat for this long the control plane counts as away: new holds are then refused at once. */
const awayAfterMs = 3_500;

export class Lease implements LeasePort {
  readonly #now: () => number;
  #heardAt: number | null = null;

  /** `now` must never go back: a monotonic clock in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  heard(): void {
    this.#heardAt = this.#now();
  }

  controlPlaneReachable(): boolean {
    return this.#heardAt !== null && this.#now() - this.#heardAt <= awayAfterMs;
  }

  problem(connection: BundleConnection): string | null {
    if (this.#heardAt === null) return 'this gateway has not reached its control plane since it started';
    const silentMs = this.#now() - this.#heardAt;
    if (silentMs <= connection.offlineLeaseSeconds * 1_000) return null;
    return `this gateway has not heard its control plane for ${Math.floor(silentMs / 1_000)} s (the lease is ${connection.offlineLeaseSeconds} s)`;
  }
}
