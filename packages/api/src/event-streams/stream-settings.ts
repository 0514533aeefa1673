import type { StreamBacklog } from '@sluice/database';
import { z } from 'zod';

const host = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'a host name or an IP address');

/** Where a stream goes. Secrets are none of these: they are sealed beside. */
export const streamSettingsSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('syslog'),
    host,
    port: z.int().min(1).max(65_535),
    /** `tls` is RFC 5425; both count octets (RFC 6587). */
    transport: z.enum(['tcp', 'tls']),
    /** PEM of the authority that the server's certificate is checked with; null: the system's. */
    ca: z.string().max(65_536).nullable(),
  }),
  z.strictObject({ kind: z.literal('endpoint'), url: z.url({ protocol: /^https?$/ }).max(2_048) }),
  z.strictObject({
    kind: z.literal('file'),
    /** Below the folder that the operator gave, and nowhere else. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use lower-case letters, digits and dashes'),
  }),
]);
export type StreamSettings = z.infer<typeof streamSettingsSchema>;

/** What is sent, one JSON object each; `id` is the same when it is sent again. */
export interface StreamEvent {
  readonly id: string;
  readonly kind: 'audit' | 'statement' | 'test';
  /** ms since the epoch. */
  readonly at: number;
  readonly name: string;
  /** Something was refused, denied or broken. */
  readonly warning: boolean;
  readonly body: unknown;
}

/** Where audit and statement events are sent. */
export interface EventStreamView {
  readonly id: string;
  readonly name: string;
  readonly settings: StreamSettings;
  readonly audit: boolean;
  readonly statements: boolean;
  readonly createdAt: Date;
  readonly sent: number;
  /** Since when in a row it fails, and why. */
  readonly failures: number;
  readonly lastError: string | null;
  readonly lastSentAt: Date | null;
  readonly nextTryAt: Date | null;
  /** What it has not sent yet: audit events, chunks of recordings, and since when the oldest of it waits. */
  readonly behind: StreamBacklog;
}
