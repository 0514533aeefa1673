import { z } from 'zod';
import { bundleConnectionSchema } from './connection.ts';
import { grantsSchema } from './grant.ts';
import { maintenanceWindowSchema, maxBundleWindows } from './maintenance.ts';
import { bundlePasskeySchema } from './step-up.ts';

/**
 * What a gateway pulls. Signed as a whole by the control plane's bundle key (Ed25519 over the exact payload bytes);
 * `version` never goes down.
 */
export const bundleSchema = z.strictObject({
  format: z.literal(1),
  version: z.int().min(1),
  gatewayId: z.string(),
  issuedAt: z.iso.datetime(),
  /** Capabilities the bundle needs; a gateway that lacks one refuses the bundle's connections. */
  capabilities: z.array(z.string()),
  /** The key that will sign after a rotation. It is pinned beside the one that signed this bundle, and takes its place once it signs. */
  nextKey: z.strictObject({ keyId: z.string(), publicKey: z.string() }).optional(),
  policy: z.strictObject({ version: z.int(), source: z.string() }),
  connections: z.array(bundleConnectionSchema),
  /** Times that rules can test as `maintenance`. Left out where there are none. */
  maintenance: z.array(maintenanceWindowSchema).max(maxBundleWindows).optional(),
  /** People's passkeys, in the order in which they were registered. */
  passkeys: z.array(bundlePasskeySchema).default([]),
  /** Where people answer: the control plane's public URL. */
  publicUrl: z.string(),
});
export type Bundle = z.infer<typeof bundleSchema>;

/** `payload` is base64url of the bundle's JSON bytes; `signature` base64url of Ed25519 over those bytes with context `sluice-bundle-v1\0`. */
export const signedBundleSchema = z.strictObject({ payload: z.string(), signature: z.string(), keyId: z.string() });
export type SignedBundle = z.infer<typeof signedBundleSchema>;

/** The web session or API token behind a caller, by id, and the run that was named with it. */
export const credentialRefSchema = z.strictObject({
  by: z.enum(['web-session', 'api-token']),
  id: z.string(),
  runId: z.string().optional(),
});
export type CredentialRef = z.infer<typeof credentialRefSchema>;

/** A single-use ticket for the relay path, signed like a bundle with context `sluice-ticket-v1\0`. Lives 30 s. */
export const ticketSchema = z.strictObject({
  id: z.string(),
  gatewayId: z.string(),
  /** The gateway process that may accept it: single use survives a restart because the next start has another id. */
  gatewayStartId: z.string(),
  connectionId: z.string(),
  actor: z.unknown(),
  expiresAt: z.iso.datetime(),
  /** Until when the session that it opens may last. */
  sessionExpiresAt: z.iso.datetime().nullable(),
  /** When access rules and grants stop letting the actor be connected; null: when one of them is changed. */
  accessUntil: z.iso.datetime().nullable(),
  /** What the actor held when it was made; a change since then moves the epoch. */
  grants: grantsSchema.default([]),
  epoch: z.int(),
  /** What the ticket was issued on: when the revocation epoch moves, the gateway asks whether it still holds. */
  credential: credentialRefSchema,
  /** base64url SHA-256 of the password that the CLI's listener made up for this run; the gateway asks the client for it. */
  secretHash: z.string(),
});
export type Ticket = z.infer<typeof ticketSchema>;
export const signedTicketSchema = z.strictObject({ payload: z.string(), signature: z.string(), keyId: z.string() });
export type SignedTicket = z.infer<typeof signedTicketSchema>;
