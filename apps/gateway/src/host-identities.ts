/** What the gateway shows to clients that know servers by their keys: one key of its own, made once. */
import type { Secret } from '@sluice/domain';
import type { GatewayIdentity } from '@sluice/wire-kit';

export class HostIdentities {
  readonly #hostKey: () => Secret;
  #privateKey: Secret | null = null;

  /** `hostKey` gives the same key at every start. */
  constructor(hostKey: () => Secret) {
    this.#hostKey = hostKey;
  }

  of(_connectionId: string): GatewayIdentity {
    this.#privateKey ??= this.#hostKey();
    return { privateKey: this.#privateKey, certificate: null, clientAuthorities: [] };
  }
}
