import type { Secret } from '@sluice/domain';

/** How a gateway proves itself to clients that know keys, and by whom clients are certified. */
export interface GatewayIdentity {
  /** Ed25519 as PKCS #8 PEM: made here, the same across restarts, never leaves the gateway. */
  readonly privateKey: Secret;
  /** What an authority of Sluice's own says of the key for this connection's names, in the protocol's own form; null: nothing yet. */
  readonly certificate: Uint8Array | null;
  /** Public keys of the authorities that certify clients, in the protocol's own form; empty: no certificate counts. */
  readonly clientAuthorities: readonly Uint8Array[];
}
