import { z } from 'zod';
import { statementKinds } from './facts.ts';
import { isId } from './ids.ts';
import { labelSelectorSchema } from './label-selector.ts';
import { networkSchema } from './network.ts';

/** Entries of one list of a scope: people write and read them. */
const maxListed = 100;

/**
 * What an agent is for, within what its owner may do. A list that is empty narrows nothing; what stands in several of them narrows by
 * each.
 */
export const agentScopesSchema = z.strictObject({
  connectionIds: z.array(z.string().refine(isId, 'not an id')).max(maxListed).default([]),
  selector: labelSelectorSchema.default({}),
  /** Kinds of statements; `session` chatter is always among them. */
  kinds: z.array(z.enum(statementKinds)).max(statementKinds.length).default([]),
  /** Networks in CIDR from which its secrets and tokens work. */
  networks: z.array(networkSchema).max(maxListed).default([]),
});
export type AgentScopes = z.infer<typeof agentScopesSchema>;
