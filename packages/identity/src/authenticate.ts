import type { Database, TokenRow } from '@sluice/database';
import { findOpenWebSession, findToken, noteTokenUse } from '@sluice/database';
import type { Actor, Rights } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { parseToken, tokenHash } from '@sluice/keys';
import { auditRefusal, type Origin } from './audited-failures.ts';
import { type Nobody, standingOfPerson, standingOfToken } from './standing.ts';

/** Who called the API, and how that is known. */
export interface Caller {
  readonly actor: Actor;
  /** What they may do at this moment. */
  readonly rights: Rights;
  /** Groups that a person is in; none for a service identity. */
  readonly groupIds: readonly string[];
  /** Empty for a service identity. */
  readonly email: string;
  readonly by: 'web-session' | 'api-token' | 'slack';
  /** The web session's or the token's id; in Slack, workspace and user. */
  readonly credentialId: string;
  /** When the credential ends by itself. */
  readonly expiresAt: Date | null;
}

const newTokenHint = 'Make a new API token on the Identities page, then run `sluice login` again.';

/** The caller of an API token. Throws SluiceError `unauthenticated` that says what is wrong with it; that is in the audit chain as well. */
export async function authenticateToken(
  database: Database,
  presented: string,
  origin: Origin,
  now: Date,
): Promise<Caller> {
  const judged = await judgeToken(database, presented, origin.address, now);
  if ('caller' in judged) return judged.caller;
  const { token, refusal } = judged;
  const name = token === null ? null : (token.person?.name ?? token.serviceIdentity?.name ?? 'somebody');
  await auditRefusal(
    database,
    {
      sentence:
        name === null
          ? 'showed a token that is no API token here'
          : `showed an API token of ${name} that stands for nobody now`,
      subject: token === null ? null : { type: 'token', id: token.id, name: token.label },
      through: { by: token === null ? 'none' : 'api-token', id: token?.id ?? null },
      reason: refusal.message,
    },
    origin,
    now,
  );
  throw refusal;
}

type Judged =
  | { readonly caller: Caller }
  | {
      readonly refusal: SluiceError /** Null: it is not one of this installation's. */;
      readonly token: TokenRow | null;
    };

async function judgeToken(database: Database, presented: string, address: string | null, now: Date): Promise<Judged> {
  const no = (refusal: SluiceError, token: TokenRow | null = null): Judged => ({ refusal, token });
  const parsed = parseToken(presented);
  if (parsed === null || !parsed.ok) {
    return no(
      refused(
        parsed === null ? 'This is no Sluice token.' : 'The token has a typing error: its checksum does not fit.',
        'Copy the whole token: it starts with slp_ or sls_.',
      ),
    );
  }
  if (parsed.kind === 'native')
    return no(
      refused(
        'A native secret opens native ports only, never the API.',
        'Use an API token: it starts with slp_ or sls_.',
      ),
    );
  if (parsed.kind === 'enrolment')
    return no(refused('An enrolment token enrols one gateway and does nothing else.', 'Use an API token.'));
  const token = await findToken(database.db, { hash: tokenHash(presented) });
  if (token === null || token.type !== 'api') return no(refused('The API token is not known here.', newTokenHint));
  if (token.revokedAt !== null) return no(refused('The API token was revoked.', newTokenHint), token);
  if (token.expiresAt !== null && token.expiresAt <= now)
    return no(refused('The API token has expired.', newTokenHint), token);
  const standing = await standingOfToken(database.db, token, address, now);
  if ('nobody' in standing) return no(whyNobody(standing.nobody), token);
  await noteTokenUse(database.db, token, now);
  const email = token.person?.email ?? '';
  const { id: credentialId, expiresAt } = token;
  return { caller: { ...standing, email, by: 'api-token', credentialId, expiresAt } };
}

/** The person of a web session, or null when it was revoked, has expired or its person is disabled. */
export async function authenticateWebSession(database: Database, sessionId: string, now: Date): Promise<Caller | null> {
  const session = await findOpenWebSession(database.db, sessionId, now);
  if (session === null) return null;
  return {
    ...(await standingOfPerson(database.db, session.person, now)),
    email: session.person.email,
    by: 'web-session',
    credentialId: session.id,
    expiresAt: session.expiresAt,
  };
}

function whyNobody(nobody: Nobody): SluiceError {
  switch (nobody) {
    case 'disabled':
      return refused('The owner of this API token is disabled.', 'Ask an admin to enable the account again.');
    case 'expired':
      return refused('What this API token was issued for has ended.', newTokenHint);
    case 'revoked':
      return refused('The token that this one was exchanged from was revoked.', newTokenHint);
    case 'network':
      return refused('The agent may not work from this network.', 'Run it where its scopes allow, or ask its owner.');
  }
}

function refused(message: string, hint: string): SluiceError {
  return new SluiceError('unauthenticated', message, { audience: 'person', hint });
}
