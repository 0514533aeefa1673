/** The sessions that this gateway has open at targets, by the target's own names: what else is there did not come through it. */
export class OwnSessions {
  readonly #byConnection = new Map<string, Map<string, number>>();

  /** Counts a session in until the returned function is called. Bounded by the sessions that a connection may have. */
  note(connectionId: string, id: string): () => void {
    const known = this.#byConnection.get(connectionId) ?? new Map<string, number>();
    this.#byConnection.set(connectionId, known);
    known.set(id, (known.get(id) ?? 0) + 1);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      const left = (known.get(id) ?? 1) - 1;
      // A target names a new session like one that ended a moment ago: only the last to close takes the name away.
      if (left > 0) known.set(id, left);
      else known.delete(id);
      if (known.size === 0 && this.#byConnection.get(connectionId) === known) this.#byConnection.delete(connectionId);
    };
  }

  has(connectionId: string, id: string): boolean {
    return this.#byConnection.get(connectionId)?.has(id) ?? false;
  }
}
