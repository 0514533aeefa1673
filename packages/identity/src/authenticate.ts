import type { Database } from '@sluice/database';
import { findOpenWebSession, findToken, noteTokenUse } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { parseToken, tokenHash } from '@sluice/keys';
import { actorOfPerson, actorOfToken } from './actors.ts';

/** Who called the API, and how that is known. */
export interface Caller {
  readonly actor: Actor;
  /** Empty for a service identity. */
  readonly email: string;
  readonly by: 'web-session' | 'api-token';
  /** The web session's or the token's id. */
  readonly credentialId: string;
  /** When the credential ends by itself. */
  readonly expiresAt: Date | null;
}

const newTokenHint = 'Make a new API token on the Identities page, then run `sluice login` again.';

/** The caller of an API token. Throws SluiceError `unauthenticated` that says what is wrong with it. */
export async function authenticateToken(database: Database, presented: string, now: Date): Promise<Caller> {
  const parsed = parseToken(presented);
  if (parsed === null || !parsed.ok) {
    throw refused(
      parsed === null ? 'This is no Sluice token.' : 'The token has a typing error: its checksum does not fit.',
      'Copy the whole token: it starts with slp_ or sls_.',
    );
  }
  if (parsed.kind === 'native')
    throw refused(
      'A native secret opens native ports only, never the API.',
      'Use an API token: it starts with slp_ or sls_.',
    );
  if (parsed.kind === 'enrolment')
    throw refused('An enrolment token enrols one gateway and does nothing else.', 'Use an API token.');
  const token = await findToken(database.db, { hash: tokenHash(presented) });
  if (token === null || token.type !== 'api') throw refused('The API token is not known here.', newTokenHint);
  if (token.revokedAt !== null) throw refused('The API token was revoked.', newTokenHint);
  if (token.expiresAt !== null && token.expiresAt <= now) throw refused('The API token has expired.', newTokenHint);
  const owner = actorOfToken(token);
  if (!owner.ok) throw refused('The owner of this API token is disabled.', 'Ask an admin to enable the account again.');
  await noteTokenUse(database.db, token, now);
  return {
    actor: owner.actor,
    email: token.person?.email ?? '',
    by: 'api-token',
    credentialId: token.id,
    expiresAt: token.expiresAt,
  };
}

/** The person of a web session, or null when it was revoked, has expired or its person is disabled. */
export async function authenticateWebSession(database: Database, sessionId: string, now: Date): Promise<Caller | null> {
  const session = await findOpenWebSession(database.db, sessionId, now);
  if (session === null) return null;
  return {
    actor: actorOfPerson(session.person),
    email: session.person.email,
    by: 'web-session',
    credentialId: session.id,
    expiresAt: session.expiresAt,
  };
}

function refused(message: string, hint: string): SluiceError {
  return new SluiceError('unauthenticated', message, { audience: 'person', hint });
}
