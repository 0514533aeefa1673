/**
 * The Node server and Next's bundles are two module graphs in one process. What sign-in routes need of the server crosses here, by a
 * well-known symbol on the global object.
 */
import type { AuthOptions } from '@sluice/identity/auth-options';

const key = Symbol.for('sluice.sign-in');
const registry = globalThis as { [key]?: AuthOptions };

export function lendSignIn(options: AuthOptions): void {
  registry[key] = options;
}

/** Throws when Next runs without the Node server around it (`next dev` alone): nothing of Sluice would work there. */
export function borrowSignIn(): AuthOptions {
  const options = registry[key];
  if (options === undefined)
    throw new Error('start apps/web/server.ts instead of next: sign-in is lent by the Node server');
  return options;
}
