/** How many statements ran in the last minute: sliding windows of whole seconds, bounded in number. Shared by a gateway's sessions. */

/** A window counts this many whole seconds: one more than a minute, so that no span of 60 s ever holds more than the limit. */
const windowSeconds = 61;
/** Windows kept at once. One takes about 300 bytes; an idle one is dropped when room is needed. */
export const maxRateWindows = 10_000;

/** One pace that a statement must keep. */
export interface Pace {
  /** Whose pace it is: actor, connection and rule. */
  readonly key: string;
  readonly most: number;
  /** How many statements are about to be counted. */
  readonly count: number;
}

/** `pace` is the index of the one that is exceeded; it may be tried again after so long. Null: never, it asks for more than `most` at once. */
export interface PaceExceeded {
  readonly pace: number;
  readonly retryAfterMs: number | null;
}

export class StatementRates {
  readonly #windows = new Map<string, RateWindow>();

  /** Counts the statements towards every pace, or towards none when one is exceeded. */
  take(paces: readonly Pace[], nowMs: number): PaceExceeded | null {
    const second = Math.floor(nowMs / 1_000);
    const windows: RateWindow[] = [];
    for (const [index, { key, most, count }] of paces.entries()) {
      const window = this.#window(key, second);
      // No room for another window: what cannot be counted does not pass.
      if (window === null) return { pace: index, retryAfterMs: 1_000 };
      const waitSeconds = window.secondsUntil(most - count);
      if (waitSeconds !== 0) return { pace: index, retryAfterMs: waitSeconds === null ? null : waitSeconds * 1_000 };
      windows.push(window);
    }
    for (const [index, window] of windows.entries()) window.add(paces[index]?.count ?? 0);
    return null;
  }

  #window(key: string, second: number): RateWindow | null {
    let window = this.#windows.get(key);
    if (window === undefined) {
      if (this.#windows.size >= maxRateWindows) this.#dropIdle(second);
      if (this.#windows.size >= maxRateWindows) return null;
      window = new RateWindow(second);
      this.#windows.set(key, window);
    }
    window.moveTo(second);
    return window;
  }

  #dropIdle(second: number): void {
    for (const [key, window] of this.#windows) {
      window.moveTo(second);
      if (window.total === 0) this.#windows.delete(key);
    }
  }
}

class RateWindow {
  readonly #counts = new Uint32Array(windowSeconds);
  #second: number;
  total = 0;

  constructor(second: number) {
    this.#second = second;
  }

  /** A clock that goes back changes nothing: the newest second stays the current one. */
  moveTo(second: number): void {
    const steps = Math.min(second - this.#second, windowSeconds);
    for (let step = 1; step <= steps; step++) {
      const slot = (this.#second + step) % windowSeconds;
      this.total -= this.#counts[slot] ?? 0;
      this.#counts[slot] = 0;
    }
    if (second > this.#second) this.#second = second;
  }

  add(count: number): void {
    const slot = this.#second % windowSeconds;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
    this.total += count;
  }

  /** Seconds until at most `most` statements are left in the window; 0: now; null: never. */
  secondsUntil(most: number): number | null {
    if (most < 0) return null;
    let left = this.total;
    for (let wait = 0; wait < windowSeconds; wait++) {
      if (left <= most) return wait;
      left -= this.#counts[(this.#second + wait + 1) % windowSeconds] ?? 0;
    }
    return windowSeconds;
  }
}
