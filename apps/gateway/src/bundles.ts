/** The policy and connections of this moment: pulled, verified, never older than the last one. */
import {
  type Bundle,
  type BundleConnection,
  capabilities as knownCapabilities,
  protocolCapability,
  readBundle,
  type SignedBundle,
  SluiceError,
  tooOld,
} from '@sluice/domain';
import { bundleContext, openSigned } from '@sluice/keys';
import { detectorNames } from '@sluice/masking';
import { type CompiledPolicy, compilePolicy, type Floor, withFloor } from '@sluice/policy';
import { protocols } from '@sluice/protocols';
import type { PolicySnapshot } from '@sluice/session';
import type { StateStore } from './state-store.ts';

/** What this build can enforce; a bundle that needs more is not obeyed half. */
export const capabilities: readonly string[] = [
  ...knownCapabilities,
  ...protocols.map(({ manifest }) => protocolCapability(manifest.name)),
];

/** In force under a bundle whose policy this gateway cannot obey, and before the first one. */
const refuseAllSource = `version: 1
rules:
  - { name: cannot-obey, description: This gateway is too old for the policy., action: deny, when: true }
`;

export interface CurrentBundle {
  readonly bundle: Bundle;
  readonly policy: PolicySnapshot;
  readonly connections: ReadonlyMap<string, BundleConnection>;
  /** Capabilities that the whole bundle needs and this gateway lacks. */
  readonly missing: readonly string[];
  /** Connections that are refused, with why. */
  readonly refused: ReadonlyMap<string, string>;
}

interface PinnedKey {
  readonly keyId: string;
  readonly publicKey: string;
}

interface OpenedBundle extends CurrentBundle {
  readonly plain: CompiledPolicy;
}

export class Bundles {
  readonly #store: StateStore;
  readonly #gatewayId: string;
  readonly #publicKeyOf: (keyId: string) => string | null;
  /** One, or two while the control plane's key is being changed. */
  #pinned: readonly PinnedKey[];
  readonly #declared: readonly string[];
  #current: CurrentBundle | null = null;
  #signedBy: string | null = null;
  #obstacle: string | null = null;
  #floor: Floor | null;
  /** The policy in force without the floor. */
  #plain: CompiledPolicy = compiled(refuseAllSource, 0);
  #floorProblem: string | null = null;
  readonly #listeners: ((current: CurrentBundle) => void)[] = [];

  constructor(
    store: StateStore,
    gatewayId: string,
    pinned: PinnedKey,
    {
      floor = null,
      declared = capabilities,
    }: { readonly floor?: Floor | null; readonly declared?: readonly string[] } = {},
  ) {
    this.#store = store;
    this.#floor = floor;
    this.#declared = declared;
    this.#gatewayId = gatewayId;
    this.#pinned = [pinned, store.nextBundleKey()].filter((key) => key !== null);
    this.#publicKeyOf = (keyId) => this.#pinned.find((key) => key.keyId === keyId)?.publicKey ?? null;
    const kept = store.bundle();
    if (kept === null) return;
    const current = this.#open(kept);
    this.#current = current;
    this.#signedBy = kept.keyId;
    this.#plain = current.plain;
  }

  get current(): CurrentBundle | null {
    return this.#current;
  }

  get version(): number {
    return this.#current?.bundle.version ?? 0;
  }

  /** The id of the key that signed the bundle in force; null before the first. */
  get signedBy(): string | null {
    return this.#signedBy;
  }

  /** Why a connection's sessions are refused, whatever policy says; null when they are not. */
  problemOf(connectionId: string): string | null {
    const current = this.#current;
    if (this.#floorProblem !== null) return this.#floorProblem;
    if (this.#obstacle !== null) return this.#obstacle;
    if (current === null) return 'this gateway has no policy yet';
    return current.missing.length > 0 ? tooOld(current.missing) : (current.refused.get(connectionId) ?? null);
  }

  /** Puts another floor under the policy, or, where it could not be read, closes everything until one can. */
  floorIs(floor: Floor | null, problem: string | null): void {
    this.#floorProblem = problem;
    if (problem !== null) return;
    this.#floor = floor;
    if (this.#current === null) return;
    const { policy } = this.#current;
    this.#current = { ...this.#current, policy: { ...policy, policy: withFloor(this.#plain, floor) } };
  }

  onChange(listener: (current: CurrentBundle) => void): void {
    this.#listeners.push(listener);
    if (this.#current !== null) listener(this.#current);
  }

  /**
   * Takes a bundle into force. Throws SluiceError when it is not signed by the pinned key, is older, or does not compile. One that is
   * signed and cannot be obeyed leaves the last one standing, but no session: what the organisation wants now is not known here.
   */
  accept(signed: SignedBundle): void {
    const next = this.#openOrStop(signed);
    if (next.bundle.version < this.version) {
      throw new SluiceError(
        'conflict',
        `bundle ${next.bundle.version} is older than ${this.version}, which is in force`,
        { audience: 'operator' },
      );
    }
    this.#store.keepBundle(signed);
    this.#handOver(signed.keyId, next.bundle.nextKey ?? null);
    this.#obstacle = null;
    this.#current = next;
    this.#signedBy = signed.keyId;
    this.#plain = next.plain;
    for (const listener of this.#listeners) listener(next);
  }

  /** The signed document of another context by the same pinned key. */
  get publicKeyOf(): (keyId: string) => string | null {
    return this.#publicKeyOf;
  }

  /** Pins what a pinned key names as the next one. Once that one signs, the key before is believed no more. */
  #handOver(signedBy: string, next: PinnedKey | null): void {
    const signer = this.#pinned.find(({ keyId }) => keyId === signedBy);
    const [first] = this.#pinned;
    if (signer === undefined || first === undefined) return;
    if (signer.keyId !== first.keyId) this.#store.keepPinnedKey(signer);
    this.#store.keepNextBundleKey(next);
    this.#pinned = next === null ? [signer] : [signer, next];
  }

  #openOrStop(signed: SignedBundle): OpenedBundle {
    try {
      return this.#open(signed);
    } catch (error) {
      if (error instanceof SluiceError && (error.code === 'policy-invalid' || error.code === 'bad-request'))
        this.#obstacle = `this gateway cannot obey the newest policy (${error.message})`;
      throw error;
    }
  }

  #open(signed: SignedBundle): OpenedBundle {
    const schema = { parse: (value: unknown) => readBundle(value, this.#declared) };
    const read = openSigned({ signed, context: bundleContext, schema, publicKeyOf: this.#publicKeyOf });
    const { bundle, missing, refused } = read;
    if (bundle.gatewayId !== this.#gatewayId) {
      throw new SluiceError('forbidden', 'the bundle was made for another gateway', { audience: 'operator' });
    }
    const plain =
      missing.length > 0 ? compiled(refuseAllSource, 0) : compiled(bundle.policy.source, bundle.policy.version);
    return {
      bundle,
      policy: {
        version: bundle.policy.version,
        policy: withFloor(plain, this.#floor),
        maintenance: bundle.maintenance ?? [],
      },
      plain,
      connections: new Map(bundle.connections.map((connection) => [connection.id, connection])),
      missing,
      refused,
    };
  }
}

/** Throws SluiceError `policy-invalid`. */
function compiled(source: string, version: number): CompiledPolicy {
  const result = compilePolicy(source, { detectors: detectorNames });
  if (result.ok) return result.policy;
  const [problem] = result.problems;
  throw new SluiceError('policy-invalid', `policy ${version} does not compile: ${problem?.message ?? ''}`, {
    audience: 'operator',
  });
}
