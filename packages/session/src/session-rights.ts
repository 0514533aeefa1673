/** What a live session may go on for: who it stands for, until when, and under which grants. Asked again when the epoch moves. */
import type { Actor, Grant } from '@sluice/domain';
import type { WireRefusal } from '@sluice/wire-kit';
import { SessionGrants, type SessionGrantsOptions } from './session-grants.ts';

/** setTimeout's longest delay, in ms. */
const maxTimerMs = 2_147_483_647;

/** What the control plane, or a ticket of its, says about a session's credential. */
export interface Standing {
  readonly actor: Actor;
  /** When the secret, token or sign-in ends. */
  readonly expiresAt: string | null;
  /** When access rules and grants stop letting the actor be connected. */
  readonly accessUntil: string | null;
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

  /**
   * Why the session may not go on by this gateway's clock, or null. Asked before each statement, because a timer is late on a machine
   * that slept; a session whose end has come is ended here, too.
   */
  problem(): WireRefusal | null {
    const ended = this.#ended();
    if (ended !== null) this.#terminate(ended);
    return ended;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#grants?.close();
  }

  #ended(): WireRefusal | null {
    const { expiresAt, accessUntil } = this.#standing;
    if (isOver(expiresAt, this.#now()))
      return {
        reason: 'terminated',
        message: 'your access expired',
        hint: 'Get a new secret and connect again.',
      };
    if (isOver(accessUntil, this.#now()))
      return {
        reason: 'terminated',
        message: 'the time for which you may be connected is over',
        hint: "Ask for access again on the connection's page, or connect when it is open.",
      };
    return null;
  }

  #wake(): void {
    clearTimeout(this.#timer);
    const { expiresAt, accessUntil } = this.#standing;
    const ends = [expiresAt, accessUntil].flatMap((end) => (end === null ? [] : [Date.parse(end)]));
    if (ends.length === 0) return;
    const leftMs = Math.min(...ends) - this.#now();
    // Node's timers are a millisecond early at times: what has not ended yet waits for the rest.
    this.#timer = setTimeout(() => this.problem() ?? this.#wake(), Math.min(Math.max(leftMs, 1), maxTimerMs));
    this.#timer.unref();
  }
}

/** A moment that cannot be read has passed. */
function isOver(end: string | null, now: number): boolean {
  return end !== null && !(now < Date.parse(end));
}
