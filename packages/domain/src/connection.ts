import { z } from 'zod';
import { stepUpSchema } from './step-up.ts';

export const labelsSchema = z.record(z.string().max(63), z.string().max(255));

/** How TLS is used towards a target; the names are libpq's, less `allow` and `verify-ca`. */
export const targetTlsModes = ['disable', 'prefer', 'require', 'verify-full'] as const;
export const targetTlsSchema = z.strictObject({
  mode: z.enum(targetTlsModes),
  /** PEM of the authority to trust instead of the system's, null for the system's. */
  ca: z.string().max(65_536).nullable(),
});
export type TargetTls = z.infer<typeof targetTlsSchema>;

/** The address that a sealed credential is bound to. Changing any of it asks for the credential again. */
export const targetAddressSchema = z.strictObject({
  protocol: z.string().min(1).max(32),
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
  tls: targetTlsSchema,
});
export type TargetAddress = z.infer<typeof targetAddressSchema>;

/**
 * What a credential is for. Every connection has a writer's; where it also has a reader's, agents open with that one and only an
 * admitted write runs as the writer.
 */
export const credentialPurposes = ['writer', 'reader'] as const;
export type CredentialPurpose = (typeof credentialPurposes)[number];

/** Opened only in the gateway. */
export const targetCredentialSchema = z.strictObject({
  username: z.string().max(255),
  password: z.string().max(4096),
});
export type TargetCredential = z.infer<typeof targetCredentialSchema>;

/**
 * A credential that stands where the gateway runs: `env:NAME` or `file:/absolute/path` names its password. A gateway reads it only for
 * targets that its own floor file lists for it.
 */
export const credentialReferenceSchema = z.strictObject({
  username: z.string().min(1).max(255),
  password: z
    .string()
    .max(1_024)
    .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/, 'must be env:NAME or file:/absolute/path'),
});
export type CredentialReference = z.infer<typeof credentialReferenceSchema>;
/** By purpose; a purpose that is absent has an envelope or nothing. */
export const credentialReferencesSchema = z.strictObject({
  writer: credentialReferenceSchema.optional(),
  reader: credentialReferenceSchema.optional(),
});
export type CredentialReferences = z.infer<typeof credentialReferencesSchema>;

/** HPKE (RFC 9180) envelope: X25519-HKDF-SHA256, HKDF-SHA256, ChaCha20-Poly1305; base64url. */
export const sealedEnvelopeSchema = z.strictObject({
  suite: z.literal('x25519-hkdf-sha256/chacha20-poly1305'),
  recipient: z.string(),
  encapsulated: z.string(),
  ciphertext: z.string(),
});
export type SealedEnvelope = z.infer<typeof sealedEnvelopeSchema>;

export const durabilitySchema = z.enum(['written', 'synced']);
export type Durability = z.infer<typeof durabilitySchema>;

export const maxRecordedRows = 10_000;
/** An event of a recording has at most 1 MiB; columns and the rest need their part. */
export const maxRecordedBytes = 786_432;
/**
 * How much of what a statement answers its recording keeps, masked: the first rows of a result, at most so many and at most so many
 * bytes as JSON, and the first bytes of each stream. What is beyond is counted and digested; clients get everything. A gateway has
 * the kept rows of an open result in memory, and a result is one event of a recording, which is why there is an upper bound.
 */
export const recordedResultsSchema = z.strictObject({
  rows: z.int().min(0).max(maxRecordedRows),
  bytes: z.int().min(0).max(maxRecordedBytes),
});
export type RecordedResults = z.infer<typeof recordedResultsSchema>;
export const defaultRecordedResults: RecordedResults = { rows: 1_000, bytes: 262_144 };

/** A connection as a gateway gets it in its bundle. */
export const bundleConnectionSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  revision: z.int(),
  address: targetAddressSchema,
  /** The protocol manifest's own options (for SQL: `database`). */
  options: z.record(z.string(), z.unknown()),
  labels: labelsSchema,
  /** The gateway's own listener: a port, or null for none. */
  listener: z.strictObject({ host: z.string(), port: z.int() }).nullable(),
  /** DNS names and IPs that the TLS leaf carries. */
  serverNames: z.array(z.string()),
  /** The writer's. */
  credential: sealedEnvelopeSchema.nullable(),
  /** The reader's; null: agents open with the writer's. */
  readerCredential: sealedEnvelopeSchema.nullable().default(null),
  /** In place of envelopes. */
  references: credentialReferencesSchema.optional(),
  offlineLeaseSeconds: z.int().min(1),
  /** What happens when no rule matches. */
  defaultAction: z.enum(['allow', 'hold', 'deny']),
  /** `wait` holds on the wire; `refuse` answers with the approval's id and lets the same effect pass once afterwards. */
  holdBehaviour: z.enum(['wait', 'refuse']),
  stepUp: stepUpSchema.default('none'),
  /** Whether a held statement is tried and taken back before people are asked; absent: no. */
  rehearsal: z.boolean().optional(),
  /** Whether the rows that an approved statement changes are kept, so that it can be reverted; absent: no. */
  undo: z.boolean().optional(),
  /** When a statement is recorded well enough to be forwarded: `written` survives a killed process, `synced` a power cut. */
  durability: durabilitySchema.default('written'),
  /** Absent: the default, which every gateway knows. */
  recordedResults: recordedResultsSchema.optional(),
  capabilities: z.array(z.string()),
});
export type BundleConnection = z.infer<typeof bundleConnectionSchema>;

/** Whether a connection has a credential of this purpose for its gateway, one that opens or not. */
export function hasCredential(
  connection: Pick<BundleConnection, 'credential' | 'readerCredential' | 'references'>,
  purpose: CredentialPurpose,
): boolean {
  const envelope = purpose === 'reader' ? connection.readerCredential : connection.credential;
  return envelope !== null || connection.references?.[purpose] !== undefined;
}
