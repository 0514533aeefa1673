/** Holds as the control plane knows them: raised and spent by request, settled by notice, with a slow re-check as the safety net. */
import { type ApprovalCreate, type ApprovalStatus, type Impact, maxAskedApprovals, SluiceError } from '@sluice/domain';
import type { ApprovalOutcome, ApprovalsPort } from '@sluice/session';
import { type ControlPlane, ControlPlaneRefusal } from './control-plane.ts';

/** Notices tell at once; this only covers one that was lost. */
const recheckMs = 15_000;
/** Outcomes and cancellations that could not be told yet. */
const maxUntold = 10_000;
const retryMs = 1_000;

export interface ApprovalsOptions {
  readonly controlPlane: ControlPlane;
  readonly startId: string;
  readonly log: (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void;
}

export class Approvals implements ApprovalsPort {
  readonly #options: ApprovalsOptions;
  readonly #waiting = new Map<string, (status: ApprovalStatus) => void>();
  /** To be looked up: one request asks for all that came while the one before was under way. */
  readonly #toLookUp = new Set<string>();
  #lookingUp = false;
  readonly #recheck: NodeJS.Timeout;
  /** Told in order; kept until the control plane has them. */
  #untold: (() => Promise<void>)[] = [];
  #telling = false;
  #tellRetry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: ApprovalsOptions) {
    this.#options = options;
    this.#recheck = setInterval(() => this.recheckAll(), recheckMs);
    this.#recheck.unref();
  }

  create(request: ApprovalCreate): Promise<ApprovalStatus> {
    return this.#options.controlPlane.createApproval(request);
  }

  watch(id: string, settled: (status: ApprovalStatus) => void): void {
    this.#waiting.set(id, settled);
    // A decision may have come between the raising and this line.
    this.#look([id]);
  }

  unwatch(id: string): void {
    this.#waiting.delete(id);
  }

  async consume(id: string, effectDigest: string): Promise<boolean> {
    return this.#options.controlPlane.consumeApproval(id, this.#options.startId, effectDigest);
  }

  outcome(id: string, outcome: ApprovalOutcome): void {
    this.#tell(() => this.#options.controlPlane.approvalOutcome(id, this.#options.startId, outcome));
  }

  impact(id: string, impact: Impact): Promise<void> {
    return this.#options.controlPlane.tellImpact(id, this.#options.startId, impact);
  }

  cancel(id: string, state: 'cancelled' | 'expired' | 'void', reason: string): void {
    this.#tell(() => this.#options.controlPlane.cancelApproval(id, state, reason));
  }

  /** A notice said that this approval has news. */
  noticed(id: string): void {
    if (this.#waiting.has(id)) this.#look([id]);
  }

  recheckAll(): void {
    this.#look(this.#waiting.keys());
  }

  /** Tells what is left to tell, for a bounded time. */
  async close(): Promise<void> {
    clearInterval(this.#recheck);
    this.#closed = true;
    await this.#tellAll();
  }

  #look(ids: Iterable<string>): void {
    for (const id of ids) this.#toLookUp.add(id);
    void this.#lookUp();
  }

  async #lookUp(): Promise<void> {
    if (this.#lookingUp) return;
    this.#lookingUp = true;
    try {
      while (this.#toLookUp.size > 0) await this.#lookUpSome();
    } finally {
      this.#lookingUp = false;
    }
  }

  async #lookUpSome(): Promise<void> {
    const ids = [...this.#toLookUp].slice(0, maxAskedApprovals);
    for (const id of ids) this.#toLookUp.delete(id);
    const asked = ids.filter((id) => this.#waiting.has(id));
    if (asked.length === 0) return;
    try {
      for (const status of await this.#options.controlPlane.settledApprovals(asked)) {
        const settled = this.#waiting.get(status.id);
        this.#waiting.delete(status.id);
        settled?.(status);
      }
    } catch (error) {
      // Away: the holds go on waiting, as design has it. Anything else is looked at again later and bounded by a hold's own deadline.
      if (!(error instanceof SluiceError)) throw error;
      if (error.code !== 'control-plane-away')
        this.#options.log('warn', 'approvals could not be looked up', { count: asked.length, code: error.code });
    }
  }

  #tell(send: () => Promise<void>): void {
    if (this.#untold.length >= maxUntold) {
      this.#options.log('error', 'too many approval outcomes wait to be told; the oldest is given up', {});
      this.#untold.shift();
    }
    this.#untold.push(send);
    void this.#tellAll();
  }

  #tellAgainLater(): void {
    if (this.#closed || this.#tellRetry !== null) return;
    this.#tellRetry = setTimeout(() => {
      this.#tellRetry = null;
      void this.#tellAll();
    }, retryMs);
    this.#tellRetry.unref();
  }

  async #tellAll(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let send = this.#untold[0]; send !== undefined; send = this.#untold[0]) {
        try {
          await send();
        } catch (error) {
          if (!(error instanceof ControlPlaneRefusal) || error.mayPass) {
            this.#tellAgainLater();
            return;
          }
          // The control plane knows better (it was decided or cancelled there first).
          this.#options.log('warn', 'the control plane refused an approval’s outcome', {
            code: error.code,
            status: error.status,
          });
        }
        this.#untold.shift();
      }
    } finally {
      this.#telling = false;
    }
  }
}
