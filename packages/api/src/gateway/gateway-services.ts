import type { CertificateAuthority } from '@sluice/identity';
import type { ApiServices } from '../context.ts';

/** What the gateways' HTTP API needs of the node. */
export interface GatewayServices extends ApiServices {
  readonly authority: CertificateAuthority;
}

/** A gateway whose signature was verified. */
export interface GatewayCaller {
  readonly id: string;
  /** base64url raw Ed25519 public key. */
  readonly signingKey: string;
}
