/** Whether people really said yes: the gateway's own look at what their passkeys signed, before an approval is used. */
import { type Bundle, decisionText, isId, type StatusDecision } from '@sluice/domain';
import { verifyAssertion } from '@sluice/keys';
import type { StepUpPort, StepUpRequest } from '@sluice/session';
import { z } from 'zod';
import { type PasskeyTrust, type PinnedPasskey, PinnedPasskeys } from './pinned-passkeys.ts';

/** How long after it was raised an approval may still be used: the longest hold, and an hour of life once approved. In ms. */
const maxApprovalAgeMs = 7 * 24 * 3_600_000 + 3_600_000;
/** Clocks of gateways that share a state folder's past: an id may be this much ahead. In ms. */
const clockSlackMs = 5 * 60_000;
/** Used approvals that are remembered; each is forgotten when it is too old to be used anyway. */
const maxUsedApprovals = 50_000;

export const usedApprovalsSchema = z.array(z.string()).max(maxUsedApprovals);

export interface StepUpOptions {
  readonly gatewayId: string;
  /** Names of connections (`*`: all) that ask for passkeys whatever a bundle says. */
  readonly always: readonly string[];
  readonly passkeys: PinnedPasskeys;
  readonly publicUrl: () => string;
  readonly now: () => number;
  readonly used: readonly string[];
  readonly keepUsed: (ids: readonly string[]) => void;
}

export class StepUpCheck implements StepUpPort {
  readonly #options: StepUpOptions;
  #used: Set<string>;

  constructor(options: StepUpOptions) {
    this.#options = options;
    this.#used = new Set(options.used);
  }

  /** Looks at the passkeys of a new bundle. */
  update(bundle: Pick<Bundle, 'passkeys' | 'publicUrl'>): void {
    this.#options.passkeys.update(bundle);
  }

  use(request: StepUpRequest): string | null {
    if (!this.#isAsked(request.connection)) return null;
    const problem = this.#problemOfId(request.approvalId) ?? this.#problemOfDecisions(request);
    if (problem !== null) return problem;
    this.#forgetOld();
    if (this.#used.size >= maxUsedApprovals) return 'this gateway has used too many approvals in a short time';
    this.#used.add(request.approvalId);
    this.#options.keepUsed([...this.#used]);
    return null;
  }

  #isAsked({ name, stepUp }: StepUpRequest['connection']): boolean {
    const { always } = this.#options;
    return stepUp === 'passkey' || always.includes(name) || always.includes('*');
  }

  #problemOfId(approvalId: string): string | null {
    const age = isId(approvalId) ? this.#options.now() - timeOfId(approvalId) : Number.NaN;
    if (!(age <= maxApprovalAgeMs && age >= -clockSlackMs)) return 'the approval is too old';
    return this.#used.has(approvalId) ? 'the approval was used before' : null;
  }

  #problemOfDecisions(request: StepUpRequest): string | null {
    const signed = new Set<string>();
    let last: string | null = null;
    for (const decision of request.decisions) {
      if (decision.outcome !== 'approve') continue;
      const problem = this.#problemOfDecision(request, decision, signed);
      if (problem === null) signed.add(decision.personId);
      else last = `${problem} (${decision.name})`;
    }
    if (signed.size >= request.count) return null;
    const missing = `${signed.size} of ${request.count} decisions carry a passkey’s signature that this gateway accepts`;
    return last === null ? missing : `${missing}; ${last}`;
  }

  #problemOfDecision(
    request: StepUpRequest,
    { personId, assertion }: StatusDecision,
    signed: ReadonlySet<string>,
  ): string | null {
    if (signed.has(personId)) return 'one person counts once';
    if (personId === request.actor.id) return 'who asked does not count';
    if (personId === request.actor.onBehalfOf?.id && !request.ownerCounts) return 'the agent’s owner does not count';
    if (assertion === null) return 'the decision is not signed';
    const { passkeys, gatewayId, publicUrl } = this.#options;
    const passkey = passkeys.find(assertion.credentialId, personId);
    if (typeof passkey === 'string') return passkey;
    const { approvalId, effectDigest } = request;
    const result = verifyAssertion({
      assertion,
      publicKey: passkey.publicKey,
      text: decisionText({ gatewayId, approvalId, effectDigest, outcome: 'approve', personId }),
      rpId: passkey.rpId,
      origin: new URL(publicUrl()).origin,
    });
    if (!result.ok) return result.problem;
    if (!passkeys.noteCounter(assertion.credentialId, result.counter)) return 'the passkey’s counter was used before';
    return null;
  }

  #forgetOld(): void {
    const oldest = this.#options.now() - maxApprovalAgeMs;
    for (const id of this.#used) if (timeOfId(id) < oldest) this.#used.delete(id);
  }
}

/** Where trust is kept over restarts. */
export interface StepUpStore {
  passkeys(): readonly PinnedPasskey[];
  keepPasskeys(passkeys: readonly PinnedPasskey[]): void;
  usedApprovals(): readonly string[];
  keepUsedApprovals(ids: readonly string[]): void;
}

/** The check with what this gateway's folder remembers. */
export function openStepUp(
  store: StepUpStore,
  options: {
    readonly gatewayId: string;
    readonly trust: PasskeyTrust;
    readonly always: readonly string[];
    readonly publicUrl: () => string;
    readonly log: (level: 'info' | 'warn', message: string, fields: Record<string, unknown>) => void;
  },
): StepUpCheck {
  const { gatewayId, trust, always, publicUrl, log } = options;
  const stored = store.passkeys();
  const keep = (passkeys: readonly PinnedPasskey[]) => store.keepPasskeys(passkeys);
  return new StepUpCheck({
    gatewayId,
    always,
    passkeys: new PinnedPasskeys({ stored, keep, trust, now: Date.now, log }),
    publicUrl,
    now: Date.now,
    used: store.usedApprovals(),
    keepUsed: (ids) => store.keepUsedApprovals(ids),
  });
}

/** When a UUIDv7 was minted (RFC 9562, 5.7: its first 48 bits), in ms. */
function timeOfId(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}
