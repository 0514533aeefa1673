/** A wait that ends by a time or by signals. Thousands of statements wait at once, and a signal made of signals costs a kilobyte. */
export interface BoundedWait {
  /** Aborted when the wait is over, for whichever reason. */
  readonly signal: AbortSignal;
  /** Whether it was the time. */
  readonly expired: () => boolean;
  /** Forgets time and signals; call it once, also after the wait is over. */
  readonly end: () => void;
}

/** `ms` from now on, or until one of `signals` is aborted. */
export function boundedWait(signals: readonly AbortSignal[], ms: number): BoundedWait {
  const over = new AbortController();
  const stop = () => over.abort();
  let expired = false;
  const timer = setTimeout(() => {
    expired = !over.signal.aborted;
    stop();
  }, ms);
  timer.unref();
  for (const signal of signals) {
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }
  return {
    signal: over.signal,
    expired: () => expired,
    end: () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', stop);
    },
  };
}
