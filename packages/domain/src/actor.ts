import { z } from 'zod';

/** Roles of issue order: the strictest first is not implied; policy tests them by name. */
export const actorRoles = ['admin', 'reviewer', 'engineer', 'agent'] as const;
export const actorRoleSchema = z.enum(actorRoles);
export type ActorRole = z.infer<typeof actorRoleSchema>;

/**
 * Who acts: a person or a service identity, with the person it acts for. `role` is what the default policy tests;
 * `groups` are names. A service identity always has `onBehalfOf` (its owner).
 */
export const actorSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['person', 'service']),
  name: z.string(),
  role: actorRoleSchema,
  groups: z.array(z.string()),
  onBehalfOf: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
  runId: z.string().nullable(),
});
export type Actor = z.infer<typeof actorSchema>;
