import type { IncomingMessage } from 'node:http';
import type { Database } from '@sluice/database';
import type { Secret } from '@sluice/domain';
import { runHeader, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { authenticateToken, authenticateWebSession, inRun } from '@sluice/identity';
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
  /** What the client calls itself. */
  readonly software: string | null;
}

/** Longest name of a client's software that is kept, in characters. */
const maxSoftwareCharacters = 200;

/** A client's own word for itself (`User-Agent`), cut and without control characters; null without one. */
export function softwareIn(header: string | null | undefined): string | null {
  const said = (header ?? '').replace(/\p{C}/gu, '').trim().slice(0, maxSoftwareCharacters);
  return said === '' ? null : said;
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
  const software = softwareIn(request.headers['user-agent']);
  try {
    if (authorization !== undefined) {
      const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
      const known = await authenticateToken(options.database, token ?? '', { address, software }, new Date());
      const run = request.headers[runHeader];
      const caller = typeof run === 'string' ? await inRun(options.database, known, run) : known;
      return { caller, refusal: null, software };
    }
    const sessionId = await sessionIdOf(request, options);
    if (sessionId === null) return { caller: null, refusal: null, software };
    demandOwnOrigin(request, options.publicUrl);
    const caller = await authenticateWebSession(options.database, sessionId, new Date());
    return { caller, refusal: null, software };
  } catch (error) {
    if (error instanceof SluiceError) return { caller: null, refusal: error, software };
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
