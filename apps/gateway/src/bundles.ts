/** The policy and connections of this moment: pulled, verified, never older than the last one. */
import { type Bundle, type BundleConnection, bundleSchema, type SignedBundle, SluiceError } from '@sluice/domain';
import { bundleContext, openSigned } from '@sluice/keys';
import { detectorNames } from '@sluice/masking';
import { compilePolicy } from '@sluice/policy';
import type { PolicySnapshot } from '@sluice/session';
import type { StateStore } from './state-store.ts';

/** What this build can enforce; a bundle that needs more is not obeyed half. */
export const capabilities: readonly string[] = ['policy-1', 'mask-1', 'hold-1', 'limit-1', 'recording-1'];

export interface CurrentBundle {
  readonly bundle: Bundle;
  readonly policy: PolicySnapshot;
  readonly connections: ReadonlyMap<string, BundleConnection>;
  /** Capabilities that the whole bundle needs and this gateway lacks. */
  readonly missing: readonly string[];
}

export class Bundles {
  readonly #store: StateStore;
  readonly #gatewayId: string;
  readonly #publicKeyOf: (keyId: string) => string | null;
  #current: CurrentBundle | null = null;
  readonly #listeners: ((current: CurrentBundle) => void)[] = [];

  constructor(store: StateStore, gatewayId: string, pinned: { readonly keyId: string; readonly publicKey: string }) {
    this.#store = store;
    this.#gatewayId = gatewayId;
    this.#publicKeyOf = (keyId) => (keyId === pinned.keyId ? pinned.publicKey : null);
    const kept = store.bundle();
    if (kept !== null) this.#current = this.#open(kept);
  }

  get current(): CurrentBundle | null {
    return this.#current;
  }

  get version(): number {
    return this.#current?.bundle.version ?? 0;
  }

  onChange(listener: (current: CurrentBundle) => void): void {
    this.#listeners.push(listener);
    if (this.#current !== null) listener(this.#current);
  }

  /** Takes a bundle into force. Throws SluiceError when it is not signed by the pinned key, is older, or does not compile. */
  accept(signed: SignedBundle): void {
    const next = this.#open(signed);
    if (next.bundle.version < this.version) {
      throw new SluiceError(
        'conflict',
        `bundle ${next.bundle.version} is older than ${this.version}, which is in force`,
        { audience: 'operator' },
      );
    }
    this.#store.keepBundle(signed);
    this.#current = next;
    for (const listener of this.#listeners) listener(next);
  }

  /** The signed document of another context by the same pinned key. */
  get publicKeyOf(): (keyId: string) => string | null {
    return this.#publicKeyOf;
  }

  #open(signed: SignedBundle): CurrentBundle {
    const bundle = openSigned({ signed, context: bundleContext, schema: bundleSchema, publicKeyOf: this.#publicKeyOf });
    if (bundle.gatewayId !== this.#gatewayId) {
      throw new SluiceError('forbidden', 'the bundle was made for another gateway', { audience: 'operator' });
    }
    const compiled = compilePolicy(bundle.policy.source, { detectors: detectorNames });
    if (!compiled.ok) {
      const [problem] = compiled.problems;
      throw new SluiceError(
        'policy-invalid',
        `policy ${bundle.policy.version} does not compile: ${problem?.message ?? ''}`,
        { audience: 'operator' },
      );
    }
    return {
      bundle,
      policy: { version: bundle.policy.version, policy: compiled.policy },
      connections: new Map(bundle.connections.map((connection) => [connection.id, connection])),
      missing: bundle.capabilities.filter((capability) => !capabilities.includes(capability)),
    };
  }
}
