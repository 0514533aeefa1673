/**
 * The two masks of a session. What a client sees depends on who it is; what is recorded, shown to reviewers or logged does not:
 * there every mask rule of the policy applies, whoever reads at the target, so that no raw value leaves the target's network.
 */
import { type Actor, openWindows } from '@sluice/domain';
import { compileMasks } from '@sluice/masking';
import { everyMask, masksFor, type PolicyConnection } from '@sluice/policy';
import type { ResultField, ResultMasker } from '@sluice/wire-kit';
import type { Masks, SessionPorts } from './ports.ts';

/** A rule may test the time of day: the client's masks are looked at again after this long, and at once when a grant comes or goes. */
const lifetimeMs = 1_000;

interface Compiled {
  readonly policyVersion: number;
  readonly second: number;
  /** Names; the same array while nothing came or went. */
  readonly grants: readonly string[];
  readonly clientRules: string;
  readonly client: Masks;
  readonly record: Masks;
}

export class SessionMasks {
  readonly #actor: Actor;
  readonly #connection: PolicyConnection;
  readonly #ports: Pick<SessionPorts, 'policy' | 'now' | 'digest'>;
  readonly #grants: () => readonly string[];
  #compiled: Compiled | null = null;

  constructor(
    actor: Actor,
    connection: PolicyConnection,
    ports: Pick<SessionPorts, 'policy' | 'now' | 'digest'>,
    grants: () => readonly string[],
  ) {
    this.#grants = grants;
    this.#actor = actor;
    this.#connection = connection;
    this.#ports = ports;
  }

  /** For what goes back to the client. */
  get client(): Masks {
    return this.#current().client;
  }

  /** For what is kept. */
  get record(): Masks {
    return this.#current().record;
  }

  #current(): Compiled {
    const { policy, version, maintenance } = this.#ports.policy();
    const now = this.#ports.now();
    const second = Math.floor(now / lifetimeMs);
    const grants = this.#grants();
    const known = this.#compiled;
    if (known?.policyVersion === version && known.second === second && known.grants === grants) return known;
    const digest = (text: string) => hex(this.#ports.digest(text));
    const rules = masksFor(policy, {
      actor: this.#actor,
      connection: this.#connection,
      time: new Date(now),
      grants,
      maintenance: openWindows(maintenance ?? [], this.#connection.labels, now),
    });
    const every = everyMask(policy);
    const clientRules = JSON.stringify(rules);
    const samePolicy = known !== null && known.policyVersion === version;
    const record = samePolicy ? known.record : compileMasks(every, digest);
    const client =
      clientRules === JSON.stringify(every)
        ? record
        : samePolicy && known.clientRules === clientRules
          ? known.client
          : compileMasks(rules, digest);
    this.#compiled = { policyVersion: version, second, grants, clientRules, client, record };
    return this.#compiled;
  }
}

/** Masks rows that no statement's result has described: what is not provable about a value is masked. */
export function maskerOf(masks: Masks, fields: readonly ResultField[]): ResultMasker {
  const plans = fields.map((field) => masks.fieldPlan(field, { readsMasked: true }));
  const plan = plans.map((field) => field.plan);
  return {
    plan,
    passAll: plan.every((field) => field === 'pass'),
    mask: (index, text) => (plans[index] === undefined ? null : masks.maskValue(plans[index], text)),
  };
}

/** Masks print digests: hex reads better and has no characters that a shell or a URL minds. */
function hex(digest: string): string {
  return Buffer.from(digest, 'base64url').toString('hex');
}
