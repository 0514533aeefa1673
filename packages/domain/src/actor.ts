import { z } from 'zod';

/** What a person can be without anybody defining a role: data in code, which nobody edits. */
export const personRoles = ['admin', 'security', 'reviewer', 'auditor', 'member'] as const;
export type PersonRole = (typeof personRoles)[number];

/** Every role that is built in. `agent` is every service identity's, and nobody else's. */
export const builtInRoles = [...personRoles, 'agent'] as const;
export type BuiltInRole = (typeof builtInRoles)[number];

/** A role's name: a built-in one's or a custom one's. Rules test it by name, so a name that no rule knows matches none of them. */
export const roleNameSchema = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, 'use up to 63 lower-case letters, digits and dashes');

/**
 * Who acts: a person or a service identity, with the person it acts for. `role` is the base role, which the default policy tests;
 * `groups` are names. A service identity always has `onBehalfOf` (its owner).
 */
export const actorSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['person', 'service']),
  name: z.string(),
  role: roleNameSchema,
  groups: z.array(z.string()),
  onBehalfOf: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
  runId: z.string().nullable(),
});
export type Actor = z.infer<typeof actorSchema>;
