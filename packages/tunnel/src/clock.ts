/** Timers as a port, so that tests decide when time passes. Both return a function that cancels. */
export interface TunnelClock {
  now(): number;
  every(intervalMs: number, tick: () => void): () => void;
  after(delayMs: number, done: () => void): () => void;
}

export const systemClock: TunnelClock = {
  now: () => performance.now(),
  every(intervalMs, tick) {
    const timer = setInterval(tick, intervalMs);
    return () => clearInterval(timer);
  },
  after(delayMs, done) {
    const timer = setTimeout(done, delayMs);
    return () => clearTimeout(timer);
  },
};
