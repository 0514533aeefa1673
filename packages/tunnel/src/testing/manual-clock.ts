import type { TunnelClock } from '../clock.ts';

/** Time that passes only when the test says so. */
export class ManualClock implements TunnelClock {
  #now = 0;
  readonly #timers = new Set<{ at: number; readonly every: number | null; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  every(intervalMs: number, tick: () => void): () => void {
    return this.#add({ at: this.#now + intervalMs, every: intervalMs, run: tick });
  }

  after(delayMs: number, done: () => void): () => void {
    return this.#add({ at: this.#now + delayMs, every: null, run: done });
  }

  /** Runs what falls due in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#now = due.at;
      if (due.every === null) this.#timers.delete(due);
      else due.at += due.every;
      due.run();
    }
    this.#now = end;
  }

  #add(timer: { at: number; readonly every: number | null; readonly run: () => void }): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}
