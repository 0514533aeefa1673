import type { GatewayHealth } from '../views.ts';

export interface GatewayView {
  readonly id: string;
  readonly name: string;
  readonly group: { readonly id: string; readonly name: string };
  /** False: a credential is given to it only after somebody compared its fingerprint. */
  readonly confirmed: boolean;
  readonly health: GatewayHealth;
  readonly version: string | null;
  readonly hostname: string | null;
  /** base64url raw public keys. */
  readonly signingKey: string;
  readonly sealingKey: string;
  readonly signingFingerprint: string;
  readonly sealingFingerprint: string;
  readonly enrolledAt: Date;
  readonly lastSeenAt: Date | null;
  readonly openSessions: number;
  readonly spoolChunks: number;
  readonly spoolBytes: number;
  /** Why new statements are refused for the spool's sake. */
  readonly spoolProblem: string | null;
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly policyVersion: number | null;
  readonly bundleVersion: number | null;
  readonly wantedBundleVersion: number;
  readonly clockSkewMs: number | null;
  /** Its own floor file: base64url SHA-256, and what it says in sentences; null: it has none. */
  readonly floor: { readonly digest: string; readonly summary: readonly string[] } | null;
  readonly connections: readonly { readonly id: string; readonly name: string; readonly error: string | null }[];
}

export interface EnrolmentView {
  readonly token: string;
  readonly expiresAt: Date;
  /** The line to paste on the gateway's machine. */
  readonly command: string;
}
