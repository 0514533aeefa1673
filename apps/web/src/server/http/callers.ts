import type { IncomingMessage } from 'node:http';
import type { Database } from '@sluice/database';
import type { Secret } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { authenticateToken, authenticateWebSession } from '@sluice/identity';
import { getToken } from 'next-auth/jwt';

export interface CallerOptions {
  readonly database: Database;
  readonly authSecrets: readonly Secret[];
  readonly publicUrl: string;
}

export interface Authentication {
  readonly caller: Caller | null;
  /** Why there is none, when credentials were presented. */
  readonly refusal: SluiceError | null;
}

/**
 * Who sent a request from a client's address: the owner of its bearer token or, without one, the person of its cookie. A cookie on a request that may change
 * something counts only when the request comes from Sluice's own pages (its `Origin`), because browsers send cookies along for anybody.
 */
export async function authenticate(
  request: IncomingMessage,
  address: string,
  options: CallerOptions,
): Promise<Authentication> {
  const { authorization } = request.headers;
  try {
    if (authorization !== undefined) {
      const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
      const caller = await authenticateToken(options.database, token ?? '', address, new Date());
      return { caller, refusal: null };
    }
    const sessionId = await sessionIdOf(request, options);
    if (sessionId === null) return { caller: null, refusal: null };
    demandOwnOrigin(request, options.publicUrl);
    return { caller: await authenticateWebSession(options.database, sessionId, new Date()), refusal: null };
  } catch (error) {
    if (error instanceof SluiceError) return { caller: null, refusal: error };
    throw error;
  }
}

/** The web session that the request's cookie names, whether or not it is still open. */
export async function sessionIdOf(request: IncomingMessage, options: CallerOptions): Promise<string | null> {
  const { cookie } = request.headers;
  if (cookie === undefined) return null;
  const token = await getToken({
    req: { headers: { cookie } },
    secret: options.authSecrets.map((secret) => secret.reveal()),
    secureCookie: options.publicUrl.startsWith('https:'),
  });
  return typeof token?.sid === 'string' ? token.sid : null;
}

function demandOwnOrigin(request: IncomingMessage, publicUrl: string): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (request.headers.origin === new URL(publicUrl).origin) return;
  throw new SluiceError('forbidden', 'The request does not come from a page of Sluice.', {
    audience: 'person',
    hint: 'Reload the page and try again. Programs use an API token instead of a cookie.',
  });
}
