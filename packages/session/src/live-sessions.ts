/** The sessions that run in this gateway now: cancel requests, kills and revocation find them here. */
import type { WireRefusal } from '@sluice/wire-kit';

export interface LiveSession {
  readonly id: string;
  readonly connectionId: string;
  readonly connectionRevision: number;
  readonly actorId: string;
  /** Ends it with these words; idempotent. */
  terminate(refusal: WireRefusal): void;
  /** Asks again whether its actor may go on; terminates it when not. */
  reauthorise(): Promise<void>;
}

/** Longest cancel token: protocol 3.2 of Postgres allows 256 bytes, printed as hex. */
const maxCancelTokenCharacters = 1_024;

export class LiveSessions {
  readonly #sessions = new Map<string, LiveSession>();
  readonly #cancels = new Map<string, () => void>();

  add(session: LiveSession): () => void {
    this.#sessions.set(session.id, session);
    return () => this.#sessions.delete(session.id);
  }

  get size(): number {
    return this.#sessions.size;
  }

  all(): readonly LiveSession[] {
    return [...this.#sessions.values()];
  }

  countOf(connectionId: string): number {
    let count = 0;
    for (const session of this.#sessions.values()) if (session.connectionId === connectionId) count++;
    return count;
  }

  terminate(sessionId: string, refusal: WireRefusal): boolean {
    const session = this.#sessions.get(sessionId);
    session?.terminate(refusal);
    return session !== undefined;
  }

  registerCancel(connectionId: string, token: string, cancel: () => void): () => void {
    const key = `${connectionId} ${token}`;
    this.#cancels.set(key, cancel);
    return () => {
      if (this.#cancels.get(key) === cancel) this.#cancels.delete(key);
    };
  }

  /** A token opens only its own connection's sessions; an unknown one does nothing, and says nothing. */
  cancel(connectionId: string, token: string): void {
    if (token.length > maxCancelTokenCharacters) return;
    this.#cancels.get(`${connectionId} ${token}`)?.();
  }
}
