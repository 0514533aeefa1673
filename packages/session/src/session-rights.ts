/** What a live session may go on for: who it stands for, until when, and under which grants. Asked again when the epoch moves. */
import type { Actor, Grant } from '@sluice/domain';
import type { WireRefusal } from '@sluice/wire-kit';
import { SessionGrants, type SessionGrantsOptions } from './session-grants.ts';

/** setTimeout's longest delay, in ms. */
const maxTimerMs = 2_147_483_647;

/** What the control plane, or a ticket of its, says about a session's credential. */
export interface Standing {
  readonly actor: Actor;
  readonly expiresAt: string | null;
  readonly grants: readonly Grant[];
}

export class SessionRights {
  readonly #now: () => number;
  readonly #terminate: (refusal: WireRefusal) => void;
  #standing: Standing;
  #grants: SessionGrants | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(standing: Standing, now: () => number, terminate: (refusal: WireRefusal) => void) {
    this.#standing = standing;
    this.#now = now;
    this.#terminate = terminate;
    this.#wake();
  }

  get actor(): Actor {
    return this.#standing.actor;
  }

  /** The session's grants; they count once started, each as soon as it is recorded. */
  begin(record: SessionGrantsOptions['record']): SessionGrants {
    this.#grants = new SessionGrants(this.#standing.grants, { now: this.#now, record });
    return this.#grants;
  }

  /** What was found when it was asked again. Ends the session when it now stands for somebody else. */
  renew(standing: Standing): void {
    // Name, role, groups and owner are what policy tests.
    if (JSON.stringify(standing.actor) !== JSON.stringify(this.#standing.actor)) {
      this.#terminate({ reason: 'terminated', message: 'your rights changed', hint: 'Connect again.' });
      return;
    }
    this.#standing = standing;
    this.#grants?.replace(standing.grants);
    this.#wake();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#grants?.close();
  }

  #wake(): void {
    clearTimeout(this.#timer);
    const { expiresAt } = this.#standing;
    if (expiresAt === null) return;
    const leftMs = Date.parse(expiresAt) - this.#now();
    this.#timer = setTimeout(
      () => {
        if (leftMs > maxTimerMs) return this.#wake();
        this.#terminate({
          reason: 'terminated',
          message: 'your access expired',
          hint: 'Get a new secret and connect again.',
        });
      },
      Math.min(Math.max(leftMs, 0), maxTimerMs),
    );
    this.#timer.unref();
  }
}
