import { z } from 'zod';
import { type Bundle, bundleSchema } from './bundle.ts';
import { lackingCapabilities } from './capabilities.ts';
import { type BundleConnection, bundleConnectionSchema } from './connection.ts';

export interface ReadBundle {
  /** As far as it is understood: a connection that is not even a connection is left out, and so not served. */
  readonly bundle: Bundle;
  /** What the whole bundle needs and the reader lacks. */
  readonly missing: readonly string[];
  /** Connection id → why its sessions are refused. */
  readonly refused: ReadonlyMap<string, string>;
}

const { policy: policySchema, connections: _strict, ...headShape } = bundleSchema.shape;
const connectionsShape = { connections: z.array(z.unknown()) };
const strictHead = z.strictObject({ ...headShape, policy: policySchema, ...connectionsShape });
/** A newer control plane may say more than this reader knows; what it knows is enough to refuse by. */
const looseHead = z.object({ ...headShape, policy: z.object(policySchema.shape), ...connectionsShape });
const looseConnection = z.object(bundleConnectionSchema.shape);

/**
 * Reads a bundle that may come from a newer control plane. What needs more than `declared` is refused and nothing of it is obeyed; all
 * else must have exactly the known shape. Throws ZodError for a bundle of another shape that does not say what it needs.
 */
export function readBundle(value: unknown, declared: readonly string[]): ReadBundle {
  const loose = looseHead.parse(value);
  const missing = lackingCapabilities(loose.capabilities, declared);
  const head = missing.length === 0 ? strictHead.parse(value) : loose;
  const refused = new Map<string, string>();
  const connections = head.connections.flatMap((raw) => {
    const read = readConnection(raw, declared);
    if (read === null) return [];
    if (read.problem !== null) refused.set(read.connection.id, read.problem);
    return [read.connection];
  });
  return { bundle: { ...head, connections }, missing, refused };
}

function readConnection(
  raw: unknown,
  declared: readonly string[],
): { readonly connection: BundleConnection; readonly problem: string | null } | null {
  const loose = looseConnection.safeParse(raw);
  if (!loose.success) return null;
  const lacking = lackingCapabilities(loose.data.capabilities, declared);
  if (lacking.length > 0) return { connection: loose.data, problem: tooOld(lacking) };
  const strict = bundleConnectionSchema.safeParse(raw);
  if (strict.success) return { connection: strict.data, problem: null };
  return { connection: loose.data, problem: 'this gateway does not understand all that the connection says' };
}

/** Said to a client whose gateway cannot enforce what is asked of it. */
export function tooOld(lacking: readonly string[]): string {
  return `this gateway is too old for the connection (it lacks ${lacking.join(', ')})`;
}
