import type { AttemptKey, ConnectionRow, Database, TokenRow } from '@sluice/database';
import {
  findConnection,
  findRun,
  findToken,
  noteFailedAttempt,
  noteTokenUse,
  readCounters,
  readFailedAttempts,
  servesConnection,
} from '@sluice/database';
import type { AuthoriseRequest, AuthoriseResponse, ConfirmRequest } from '@sluice/domain';
import { labelsSchema, SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { accessOf } from './access-of.ts';
import { auditLockout, auditRefusal } from './audited-failures.ts';
import { authenticateWebSession } from './authenticate.ts';
import { sooner } from './sooner.ts';
import { admit, type Nobody, type Standing, standingOfToken } from './standing.ts';

/** Wrong secrets for one connection from one client address within the window. */
const maxWrongSecrets = 60;
const windowMs = 60_000;

const newSecretHint = "Make a new native secret on the connection's Connect tab.";
const certificateType = 'certificate';
const newCertificateHint = 'Get a new one: sluice ssh NAME.';
const newKeyHint = 'Register your public key: sluice ssh-keys add FILE.pub.';

/** What a client may present, the kind of token that stands for it, and how it is called. */
const proofWords = {
  secret: {
    type: 'native',
    a: 'a native secret',
    the: 'the native secret',
    unknown: 'the password is no native secret',
    hint: newSecretHint,
  },
  key: {
    type: 'public-key',
    a: 'a public key',
    the: 'the public key',
    unknown: 'the public key is registered to nobody',
    hint: newKeyHint,
  },
  certificate: {
    type: 'certificate',
    a: 'a certificate',
    the: 'the certificate',
    unknown: 'the certificate is none',
    hint: newCertificateHint,
  },
} as const;

function sentence(clause: string): string {
  return clause.charAt(0).toUpperCase() + clause.slice(1);
}

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
  // Read before anything that it stands for: an answer may know more than its epoch promises, never less.
  const { revocationEpoch } = await readCounters(database.db);
  const token = await findToken(database.db, { hash: request.secretHash });
  const answer = await judge(database, connection, token, request, { epoch: revocationEpoch, now });
  if (answer.ok || answer.reason === 'not-granted') return answer;
  await noteFailedAttempt(database.db, attempts, newId<'FailedAttempt'>(), now);
  await auditRefusedSecret(database, { connection, token, request, reason: answer.message, failures }, now);
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
  const { revocationEpoch: epoch } = await readCounters(database.db);
  const { clientAddress } = request;
  const { by, id } = request.credential;
  const standing =
    by === 'web-session'
      ? await authenticateWebSession(database, id, now)
      : await tokenStanding(database, id, clientAddress, now);
  if (standing === null)
    return refused('revoked', 'Your sign-in or API token was revoked or has expired.', 'Sign in again.');
  const { runId } = request.credential;
  if (runId === undefined) return granted(database, standing, connection, { clientAddress, epoch, now });
  const { actor } = standing;
  const run = await findRun(database.db, runId);
  if (run === null || run.endedAt !== null || (run.personId ?? run.serviceIdentityId) !== actor.id)
    return refused('expired', 'The run has ended.', 'Start another one: sluice run start.');
  return granted(database, { ...standing, actor: { ...actor, runId } }, connection, { clientAddress, epoch, now });
}

interface EndingStanding extends Standing {
  readonly expiresAt: Date | null;
}

async function tokenStanding(
  database: Database,
  id: string,
  clientAddress: string,
  now: Date,
): Promise<EndingStanding | null> {
  const token = await findToken(database.db, { id });
  if (token === null || token.type !== 'api' || token.revokedAt !== null) return null;
  if (token.expiresAt !== null && token.expiresAt <= now) return null;
  const standing = await standingOfToken(database.db, token, clientAddress, now);
  return 'nobody' in standing ? null : { ...standing, expiresAt: endOf(token) };
}

/**
 * When what a token opened ends by itself: never after what it was exchanged from. A certificate's own end is for signing in; what it
 * opened lasts as long as the token that it was issued on.
 */
function endOf({ type, expiresAt, parent }: TokenRow): Date | null {
  const above = sooner(parent?.expiresAt ?? null, parent?.parent?.expiresAt ?? null);
  return type === certificateType ? above : sooner(expiresAt, above);
}

async function auditRefusedSecret(
  database: Database,
  refused: {
    readonly connection: ConnectionRow;
    readonly token: TokenRow | null;
    readonly request: AuthoriseRequest;
    readonly reason: string;
    /** Wrong secrets of the same address within the window, before this one. */
    readonly failures: number;
  },
  now: Date,
): Promise<void> {
  const { connection, token, request, reason, failures } = refused;
  // Gateways tell neither port nor program of a client that they did not let in.
  const origin = { address: hostOf(request.clientAddress), software: null };
  const whose = token === null ? 'nobody' : (token.person?.name ?? token.serviceIdentity?.name ?? 'somebody');
  const words = proofWords[request.proof ?? 'secret'];
  const known = token !== null && token.type === words.type;
  await auditRefusal(
    database,
    {
      sentence: `could not open ${connection.name}: ${known ? `${words.a} of ${whose} stands for nobody now` : words.unknown}`,
      subject: { type: 'connection', id: connection.id, name: connection.name },
      through: known ? { by: 'native-secret', id: token.id } : { by: 'none', id: null },
      reason,
    },
    origin,
    now,
  );
  if (failures === maxWrongSecrets - 1)
    await auditLockout(
      database,
      { what: `${connection.name} for ${origin.address}`, minutes: windowMs / 60_000 },
      origin,
      now,
    );
}

async function judge(
  database: Database,
  connection: ConnectionRow,
  token: TokenRow | null,
  request: AuthoriseRequest,
  { epoch, now }: { readonly epoch: number; readonly now: Date },
): Promise<AuthoriseResponse> {
  const words = proofWords[request.proof ?? 'secret'];
  if (token === null) return refused('unknown', `${sentence(words.unknown)} of this installation.`, words.hint);
  if (token.type !== words.type)
    return refused(
      'wrong-kind',
      'That kind of credential does not open native ports.',
      "Use a native secret from the connection's Connect tab: it starts with sln_.",
    );
  if (token.revokedAt !== null) return refused('revoked', `${sentence(words.the)} was revoked.`, words.hint);
  const signsIn = token.type !== certificateType || request.open !== true;
  if (signsIn && token.expiresAt !== null && token.expiresAt <= now)
    return refused('expired', `${sentence(words.the)} has expired.`, words.hint);
  const { clientAddress } = request;
  const standing = await standingOfToken(database.db, token, clientAddress, now);
  if ('nobody' in standing) return whyNobody(standing.nobody, words);
  const listed = token.connections.map((row) => row.connectionId);
  if (listed.length > 0 && !listed.includes(request.connectionId))
    return refused(
      'not-granted',
      `${sentence(words.the)} is not for this connection.`,
      "Use a secret made on this connection's Connect tab.",
    );
  await noteTokenUse(database.db, token, now);
  return granted(database, { ...standing, expiresAt: endOf(token) }, connection, { clientAddress, epoch, now });
}

/** Both have to say yes: the roles (whether somebody may connect at all, here) and the access rules (to what, when, from where). */
async function granted(
  database: Database,
  standing: EndingStanding,
  connection: ConnectionRow,
  { clientAddress, epoch, now }: { readonly clientAddress: string; readonly epoch: number; readonly now: Date },
): Promise<AuthoriseResponse> {
  const admitted = admit(standing, { id: connection.id, labels: labelsSchema.parse(connection.labels) });
  if ('refused' in admitted)
    return refused(
      'not-granted',
      `${standing.actor.name} may not connect here: ${admitted.refused}.`,
      'Ask who may assign roles.',
    );
  const { actor, until } = admitted;
  const { answer, grants, message, hint } = await accessOf(database.db, actor, connection, { clientAddress, now });
  if (!answer.open) return refused('not-granted', message, hint);
  return {
    ok: true,
    actor,
    expiresAt: sooner(standing.expiresAt, until)?.toISOString() ?? null,
    accessUntil: answer.until,
    grants: [...grants],
    epoch,
  };
}

function whyNobody(nobody: Nobody, { the, hint }: { readonly the: string; readonly hint: string }): AuthoriseResponse {
  switch (nobody) {
    case 'disabled':
      return refused('revoked', `The owner of ${the} is disabled.`, 'Ask an admin to enable the account again.');
    case 'expired':
      return refused('expired', `What ${the} was issued for has ended.`, hint);
    case 'revoked':
      return refused('revoked', `The token that ${the} was made from was revoked.`, hint);
    case 'network':
      return refused(
        'not-granted',
        'The agent may not work from this network.',
        'Run it where its scopes allow, or ask its owner.',
      );
  }
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
