import { EventEmitter, once } from 'node:events';
import { type ApprovalCreate, type ApprovalState, type ApprovalStatus, type Impact, SluiceError } from '@sluice/domain';
import type { ApprovalOutcome, ApprovalsPort } from '@sluice/session';

interface Entry {
  readonly request: ApprovalCreate;
  state: ApprovalState;
  decidedBy: readonly string[];
  comment: string | null;
}

/** Approvals as the control plane keeps them, in memory: the same states, compare-and-set, at most one consumption. */
export class MemoryApprovals implements ApprovalsPort {
  readonly requests: ApprovalCreate[] = [];
  readonly outcomes: { readonly id: string; readonly outcome: ApprovalOutcome }[] = [];
  readonly impacts = new Map<string, Impact>();
  /** While set the control plane cannot be reached. */
  away = false;
  /** Called when an approval is about to be used. */
  beforeConsume: (id: string) => void = () => undefined;
  /** While set an approval is used and the answer that says so is lost. */
  consumeAnswerLost = false;
  /** What the requester of every hold still has to say. */
  missing: string | null = null;
  readonly #entries = new Map<string, Entry>();
  readonly #watched = new Map<string, (status: ApprovalStatus) => void>();
  /** One listener for every hold that waits. */
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #publicUrl: string;

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl;
  }

  create(request: ApprovalCreate): Promise<ApprovalStatus> {
    return this.#ask(() => {
      const known = [...this.#entries.values()].find(
        ({ request: other, state }) =>
          request.behaviour === 'refuse' &&
          other.effectDigest === request.effectDigest &&
          (state === 'waiting' || state === 'approved'),
      );
      if (known !== undefined) return this.#status(known);
      const entry: Entry = { request, state: 'waiting', decidedBy: [], comment: null };
      this.#entries.set(request.id, entry);
      this.requests.push(request);
      this.#events.emit('raised', request);
      return this.#status(entry);
    });
  }

  watch(id: string, settled: (status: ApprovalStatus) => void): void {
    const entry = this.#entry(id);
    this.#watched.set(id, settled);
    if (entry.state !== 'waiting') this.#settle(entry);
  }

  unwatch(id: string): void {
    this.#watched.delete(id);
  }

  consume(id: string, effectDigest: string): Promise<boolean> {
    return this.#ask(() => {
      this.beforeConsume(id);
      const entry = this.#entry(id);
      if (entry.state !== 'approved' || entry.request.effectDigest !== effectDigest) return false;
      this.#move(entry, 'consumed');
      if (this.consumeAnswerLost) throw new SluiceError('control-plane-away', 'the control plane cannot be reached');
      return true;
    });
  }

  impact(id: string, impact: Impact): Promise<void> {
    this.impacts.set(id, impact);
    this.#events.emit('changed');
    return Promise.resolve();
  }

  outcome(id: string, outcome: ApprovalOutcome): void {
    const entry = this.#entry(id);
    // As the control plane does: what was not consumed has no outcome.
    if (entry.state !== 'consumed') return;
    this.outcomes.push({ id, outcome });
    this.#move(entry, outcome.outcome);
  }

  cancel(id: string, state: 'cancelled' | 'expired' | 'void', _reason: string): void {
    const entry = this.#entry(id);
    if (entry.state === 'waiting' || entry.state === 'approved') this.#move(entry, state);
  }

  /** What a reviewer answers. */
  decide(id: string, state: 'approved' | 'denied', by: string, comment: string | null = null): void {
    const entry = this.#entry(id);
    if (entry.state !== 'waiting') throw new Error(`a decision on an approval that is ${entry.state}`);
    entry.decidedBy = [by];
    entry.comment = comment;
    this.#move(entry, state);
  }

  stateOf(id: string): ApprovalState {
    return this.#entry(id).state;
  }

  /** The request of the `count`-th hold, at once or when it is raised. */
  async raised(count: number): Promise<ApprovalCreate> {
    while (this.requests.length < count) await once(this.#events, 'raised');
    return this.requests[count - 1]!;
  }

  /** Resolves when the approval has left every state but this one. */
  async reaches(id: string, state: ApprovalState): Promise<void> {
    while (this.#entry(id).state !== state) await once(this.#events, 'changed');
  }

  #ask<T>(answer: () => T): Promise<T> {
    if (this.away) return Promise.reject(new SluiceError('control-plane-away', 'the control plane cannot be reached'));
    return Promise.resolve().then(answer);
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new SluiceError('not-found', 'no such approval');
    return entry;
  }

  #move(entry: Entry, state: ApprovalState): void {
    entry.state = state;
    this.#settle(entry);
    this.#events.emit('changed');
  }

  /** Not within the call that moves it, as no answer of the control plane is. */
  #settle(entry: Entry): void {
    const status = this.#status(entry);
    queueMicrotask(() => {
      const settled = this.#watched.get(status.id);
      this.#watched.delete(status.id);
      settled?.(status);
    });
  }

  #status({ request, state, decidedBy, comment }: Entry): ApprovalStatus {
    const url = `${this.#publicUrl}/approvals/${request.id}`;
    return { id: request.id, state, decidedBy: [...decidedBy], comment, url, missing: this.missing, decisions: [] };
  }
}
