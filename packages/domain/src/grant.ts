import { z } from 'zod';

/**
 * What a grant is: leave to connect for a time, leave to read unmasked, leave in an emergency, or leave for statements like one that
 * was approved. Grants are names that rules test; none overrides a deny.
 */
export const grantKinds = ['just-in-time', 'unmask', 'break-glass', 'alike'] as const;
export type GrantKind = (typeof grantKinds)[number];

/** Grants of one holder that a gateway is told of at once; more are left out, which only ever takes leave away. */
export const maxActiveGrants = 64;
/** Longest JSON of a grant's bounds, in characters. */
export const maxBoundsCharacters = 16_384;

/** The name by which rules test a grant. */
export const grantNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens');

/** A grant as a gateway gets it. It counts from `startsAt` until `expiresAt` by the gateway's own clock. */
export const grantSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(grantKinds),
  name: grantNameSchema,
  /** What an `alike` grant covers; null where the name alone says it. */
  bounds: z.record(z.string(), z.unknown()).nullable(),
  startsAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type Grant = z.infer<typeof grantSchema>;
export const grantsSchema = z.array(grantSchema).max(maxActiveGrants);

/** Whether a grant counts at `now` (ms since the epoch). A moment that cannot be read counts as over. */
export function isInForce(grant: Grant, now: number): boolean {
  return Date.parse(grant.startsAt) <= now && now < Date.parse(grant.expiresAt);
}
