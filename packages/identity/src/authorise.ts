import type { AttemptKey, ConnectionRow, Database } from '@sluice/database';
import {
  findConnection,
  findToken,
  noteFailedAttempt,
  noteTokenUse,
  readCounters,
  readFailedAttempts,
  servesConnection,
} from '@sluice/database';
import type { Actor, AuthoriseRequest, AuthoriseResponse, ConfirmRequest } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { accessOf } from './access-of.ts';
import { actorOfToken } from './actors.ts';
import { authenticateWebSession } from './authenticate.ts';

/** Wrong secrets for one connection from one client address within the window. */
const maxWrongSecrets = 60;
const windowMs = 60_000;

const newSecretHint = "Make a new native secret on the connection's Connect tab.";

/**
 * Whom a native secret stands for on one of the gateway's own connections. Every reason to refuse has its own words. Throws
 * SluiceError `not-found` for a connection of another gateway and `too-many` when secrets are being tried out.
 */
export async function authoriseNativeSecret(
  database: Database,
  gatewayId: string,
  request: AuthoriseRequest,
  now: Date,
): Promise<AuthoriseResponse> {
  const connection = await findConnection(database.db, { id: request.connectionId });
  if (connection === null || !servesConnection(connection, gatewayId))
    throw new SluiceError('not-found', 'This gateway serves no such connection.', {
      hint: 'Wait for the next bundle, or look at the Connections page.',
    });
  // Counted after the fact, unlike passwords: a secret of 160 random bits is not guessed, and a client's pool may open many sessions
  // at once, none of which must be held against the others.
  const attempts = attemptsOf(request);
  const failures = await readFailedAttempts(database.db, attempts, new Date(now.getTime() - windowMs));
  if (failures >= maxWrongSecrets)
    throw new SluiceError('too-many', 'Too many wrong secrets came from this address.', {
      hint: `Wait ${windowMs / 1000} seconds, then try again with the right secret.`,
    });
  const answer = await judge(database, connection, request, now);
  if (!answer.ok && answer.reason !== 'not-granted')
    await noteFailedAttempt(database.db, attempts, newId<'FailedAttempt'>(), now);
  return answer;
}

/**
 * Whether the web session or API token behind a ticket still stands for somebody. Throws SluiceError `not-found` for a connection of
 * another gateway.
 */
export async function confirmCredential(
  database: Database,
  gatewayId: string,
  request: ConfirmRequest,
  now: Date,
): Promise<AuthoriseResponse> {
  const connection = await findConnection(database.db, { id: request.connectionId });
  if (connection === null || !servesConnection(connection, gatewayId))
    throw new SluiceError('not-found', 'This gateway serves no such connection.');
  const { by, id } = request.credential;
  const standing =
    by === 'web-session' ? await webSessionActor(database, id, now) : await tokenActor(database, id, now);
  if (standing === null)
    return refused('revoked', 'Your sign-in or API token was revoked or has expired.', 'Sign in again.');
  return granted(database, standing, connection, { clientAddress: request.clientAddress, now });
}

interface Standing {
  readonly actor: Actor;
  readonly expiresAt: Date | null;
}

async function webSessionActor(database: Database, id: string, now: Date): Promise<Standing | null> {
  const caller = await authenticateWebSession(database, id, now);
  return caller === null ? null : { actor: caller.actor, expiresAt: caller.expiresAt };
}

async function tokenActor(database: Database, id: string, now: Date): Promise<Standing | null> {
  const token = await findToken(database.db, { id });
  if (token === null || token.type !== 'api' || token.revokedAt !== null) return null;
  if (token.expiresAt !== null && token.expiresAt <= now) return null;
  const owner = actorOfToken(token);
  return owner.ok ? { actor: owner.actor, expiresAt: token.expiresAt } : null;
}

async function judge(
  database: Database,
  connection: ConnectionRow,
  request: AuthoriseRequest,
  now: Date,
): Promise<AuthoriseResponse> {
  const token = await findToken(database.db, { hash: request.secretHash });
  if (token === null)
    return refused('unknown', 'The password is no native secret of this installation.', newSecretHint);
  if (token.type !== 'native')
    return refused(
      'wrong-kind',
      'An API token does not open native ports.',
      "Use a native secret from the connection's Connect tab: it starts with sln_.",
    );
  if (token.revokedAt !== null) return refused('revoked', 'The native secret was revoked.', newSecretHint);
  if (token.expiresAt !== null && token.expiresAt <= now)
    return refused('expired', 'The native secret has expired.', newSecretHint);
  const owner = actorOfToken(token);
  if (!owner.ok)
    return refused('revoked', "The secret's owner is disabled.", 'Ask an admin to enable the account again.');
  const listed = token.connections.map((row) => row.connectionId);
  if (listed.length > 0 && !listed.includes(request.connectionId))
    return refused(
      'not-granted',
      'The native secret is not for this connection.',
      "Use a secret made on this connection's Connect tab.",
    );
  await noteTokenUse(database.db, token, now);
  const { clientAddress } = request;
  return granted(database, { actor: owner.actor, expiresAt: token.expiresAt }, connection, { clientAddress, now });
}

/** The epoch is read before rules and grants: an answer may know more than its epoch promises, never less. */
async function granted(
  database: Database,
  { actor, expiresAt }: Standing,
  connection: ConnectionRow,
  from: { readonly clientAddress: string; readonly now: Date },
): Promise<AuthoriseResponse> {
  const { revocationEpoch: epoch } = await readCounters(database.db);
  const { answer, grants, message, hint } = await accessOf(database.db, actor, connection, from);
  if (!answer.open) return refused('not-granted', message, hint);
  return {
    ok: true,
    actor,
    expiresAt: expiresAt?.toISOString() ?? null,
    accessUntil: answer.until,
    grants: [...grants],
    epoch,
  };
}

function refused(
  reason: Extract<AuthoriseResponse, { ok: false }>['reason'],
  message: string,
  hint: string,
): AuthoriseResponse {
  return { ok: false, reason, message, hint };
}

function attemptsOf(request: AuthoriseRequest): AttemptKey {
  return { scope: 'native-secret', key: `${request.connectionId} ${hostOf(request.clientAddress)}` };
}

/** The address without its port, which changes with every try. */
function hostOf(address: string): string {
  return address.replace(/^\[?([0-9a-fA-F:]*:[0-9a-fA-F:.]*)\](:\d+)?$|^([^:]+):\d+$/, '$1$3').slice(0, 255);
}
