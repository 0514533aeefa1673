/**
 * The grants of one session. Each begins and ends by this gateway's clock, and none counts before it stands in the record: a grant
 * that lets somebody do or see more is evidence itself (invariants 4 and 5).
 */
import { type Grant, isInForce, SluiceError } from '@sluice/domain';

/** setTimeout's longest delay, in ms. */
const maxTimerMs = 2_147_483_647;
/** A grant that could not be recorded is tried again at most this often, in ms: a full disk must not cost every statement a write. */
const retryMs = 1_000;

const none: readonly Grant[] = [];

export interface SessionGrantsOptions {
  readonly now: () => number;
  /** Appends a note durably. Throws SluiceError when it is not safely in the spool. */
  readonly record: (text: string) => void;
}

export class SessionGrants {
  readonly #options: SessionGrantsOptions;
  #held: readonly Grant[];
  /** In force and in the record, by id. */
  readonly #recorded = new Map<string, Grant>();
  #inForce: readonly Grant[] = none;
  /** Until when `#inForce` is right, in ms since the epoch. */
  #goodUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(held: readonly Grant[], options: SessionGrantsOptions) {
    this.#held = held;
    this.#options = options;
  }

  /** From here on grants count: the recording has begun. */
  start(): void {
    this.#running = true;
    if (this.#held.length > 0) this.#settle();
  }

  /** What counts at this moment. */
  get inForce(): readonly Grant[] {
    if (!this.#running || (this.#held.length === 0 && this.#recorded.size === 0)) return none;
    if (this.#options.now() >= this.#goodUntil) this.#settle();
    return this.#inForce;
  }

  /** What the control plane says now; a grant that is not named any more ends. */
  replace(held: readonly Grant[]): void {
    this.#held = held;
    if (this.#running) this.#settle();
  }

  close(): void {
    this.#running = false;
    this.#inForce = none;
    clearTimeout(this.#timer);
  }

  #settle(): void {
    const now = this.#options.now();
    const due = this.#held.filter((grant) => isInForce(grant, now));
    const dueIds = new Set(due.map(({ id }) => id));
    for (const grant of this.#recorded.values()) if (!dueIds.has(grant.id)) this.#end(grant, now);
    const inForce = due.filter((grant) => this.#begin(grant));
    this.#inForce = inForce;
    const moments = this.#held.flatMap(({ startsAt, expiresAt }) => [Date.parse(startsAt), Date.parse(expiresAt)]);
    const next = Math.min(...moments.filter((moment) => moment > now));
    this.#goodUntil = inForce.length === due.length ? next : Math.min(next, now + retryMs);
    this.#wakeAt(next - now);
  }

  /** True once it is in the record. */
  #begin(grant: Grant): boolean {
    const known = this.#recorded.get(grant.id);
    if (known?.expiresAt === grant.expiresAt) return true;
    try {
      this.#options.record(`grant ${grant.name} (${grant.kind}, ${grant.id}) is in force until ${grant.expiresAt}`);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return false;
    }
    this.#recorded.set(grant.id, grant);
    return true;
  }

  #end(grant: Grant, now: number): void {
    this.#recorded.delete(grant.id);
    const how = Date.parse(grant.expiresAt) <= now ? 'expired' : 'was withdrawn';
    try {
      this.#options.record(`grant ${grant.name} (${grant.kind}, ${grant.id}) ${how}`);
    } catch (error) {
      // It has ended all the same: what cannot be recorded stops the next statement, not the end of leave.
      if (!(error instanceof SluiceError)) throw error;
    }
  }

  /** An idle session's record says when a grant ended, too. */
  #wakeAt(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!Number.isFinite(delayMs)) return;
    this.#timer = setTimeout(() => this.#settle(), Math.min(delayMs, maxTimerMs));
    this.#timer.unref();
  }
}
