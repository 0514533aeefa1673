/** The sessions that this gateway has open at targets, by the target's own names: what else is there did not come through it. */

/** A target shows a session for a moment after its stream is closed (ms). */
const lingerMs = 30_000;

export class OwnSessions {
  readonly #now: () => number;
  /** When it was closed; null: open. By target and name, because several connections may lead to one target. */
  readonly #known = new Map<string, { open: number; closedAt: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a session in until the returned function is called. Bounded by the sessions that a gateway has. */
  note(target: string, id: string): () => void {
    const key = `${target} ${id}`;
    const known = this.#known.get(key) ?? { open: 0, closedAt: 0 };
    this.#known.set(key, known);
    known.open++;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      known.open--;
      known.closedAt = this.#now();
      this.#forgetOld();
    };
  }

  has(target: string, id: string): boolean {
    this.#forgetOld();
    return this.#known.has(`${target} ${id}`);
  }

  #forgetOld(): void {
    const before = this.#now() - lingerMs;
    for (const [key, { open, closedAt }] of this.#known) if (open === 0 && closedAt < before) this.#known.delete(key);
  }
}
