import { z } from 'zod';
import { statementKinds } from './facts.ts';

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
  /** The roles that it holds on the session's connection, where these are more than the base role. */
  roles: z.array(roleNameSchema).optional(),
  /** The kinds of statements that an agent is for, where it is not for all of them. */
  kinds: z.array(z.enum(statementKinds)).optional(),
  /** A person, or the team (a group) that owns it. */
  onBehalfOf: z.strictObject({ id: z.string(), name: z.string(), kind: z.literal('team').optional() }).nullable(),
  runId: z.string().nullable(),
});
export type Actor = z.infer<typeof actorSchema>;
