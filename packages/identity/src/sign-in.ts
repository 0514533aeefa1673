import type { Database, PersonRow } from '@sluice/database';
import {
  appendAuditEvent,
  createWebSession,
  findOpenWebSession,
  findPerson,
  noteSignIn,
  revokeWebSession,
} from '@sluice/database';
import { maxPasswordLength, newId, verifyPassword } from '@sluice/keys';
import { z } from 'zod';
import type { AttemptLimit } from './attempt-limits.ts';
import { reserveAttempt } from './attempt-limits.ts';
import { auditLockout, auditRefusal, type Origin } from './audited-failures.ts';

/** How long a browser stays signed in, in ms. */
export const webSessionMs = 12 * 3_600_000;
const windowMs = 15 * 60_000;
/** Failures of one account from one address. */
const maxPerAccountAndAddress = 10;
/** Failures from one address over all accounts; an office shares one. */
const maxPerAddress = 100;
/** Failures of one account over all addresses. High, because whoever knows a name could lock its owner out. */
const maxPerAccount = 300;

export const localSignInSchema = z.object({
  email: z.string().trim().toLowerCase().max(254),
  password: z.string().min(1).max(maxPasswordLength),
});

export type SignInResult =
  | {
      readonly ok: true;
      readonly sessionId: string;
      readonly person: { readonly id: string; readonly name: string; readonly email: string };
    }
  | { readonly ok: false; readonly reason: 'wrong' | 'too-many' };

/** Signs a local user in and opens a web session. Wrong, unknown and disabled look and take the same. */
export async function signInLocally(
  database: Database,
  request: { readonly credentials: unknown } & Origin,
  now: Date,
): Promise<SignInResult> {
  const parsed = localSignInSchema.safeParse(request.credentials);
  if (!parsed.success) return { ok: false, reason: 'wrong' };
  const { email, password } = parsed.data;
  const reservation = await reserveAttempt(database, limitsOf(email, request.address ?? 'unknown'), now);
  if (!reservation.ok) return { ok: false, reason: 'too-many' };
  const person = await findPerson(database.db, { email });
  const matches = await verifyPassword(password, person?.passwordHash ?? null);
  if (!matches || person === null || person.disabledAt !== null) {
    const reason = person !== null && person.disabledAt !== null ? 'disabled' : 'wrong email or password';
    await auditRefusedSignIn(database, { email, person, reason, provider: 'local' }, request, now);
    for (const limit of reservation.reaches)
      await auditLockout(database, { what: lockedWords(limit), minutes: windowMs / 60_000 }, request, now);
    return { ok: false, reason: 'wrong' };
  }
  await reservation.succeeded((limit) => limit.scope === 'sign-in');
  const { address, software } = request;
  return openWebSession(database, { person, provider: 'local', address, software }, now);
}

/** Opens a web session for somebody whom an identity provider vouches for, by their verified email. Unknown people stay out. */
export async function signInByProvider(
  database: Database,
  request: { readonly provider: string; readonly email: string } & Origin,
  now: Date,
): Promise<SignInResult> {
  const person = await findPerson(database.db, { email: request.email.toLowerCase() });
  if (person === null || person.disabledAt !== null) {
    const { email, provider } = request;
    const reason = person === null ? 'nobody here has this email' : 'disabled';
    await auditRefusedSignIn(database, { email, person, reason, provider }, request, now);
    return { ok: false, reason: 'wrong' };
  }
  const { provider, address, software } = request;
  return openWebSession(database, { person, provider, address, software }, now);
}

/** Ends a web session: every request with its cookie is refused from now on. */
export async function signOut(database: Database, sessionId: string, origin: Origin, now: Date): Promise<void> {
  await database.transaction(async (tx) => {
    const session = await findOpenWebSession(tx, sessionId, now);
    await revokeWebSession(tx, sessionId, now);
    if (session === null) return;
    const { id, name, role } = session.person;
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: { kind: 'person', id, name, role, onBehalfOf: null },
      action: 'identity.signOut',
      sentence: `${name} signed out`,
      subject: null,
      before: null,
      after: null,
      address: origin.address,
      through: { by: 'web-session', id: sessionId, run: null, software: origin.software },
    });
  });
}

async function openWebSession(
  database: Database,
  request: { readonly person: PersonRow; readonly provider: string } & Origin,
  now: Date,
): Promise<SignInResult> {
  const { person, provider, address, software } = request;
  const sessionId = newId<'WebSession'>();
  await database.transaction(async (tx) => {
    const expiresAt = new Date(now.getTime() + webSessionMs);
    await createWebSession(tx, { id: sessionId, personId: person.id, expiresAt, provider, address });
    await noteSignIn(tx, person.id, now);
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: { kind: 'person', id: person.id, name: person.name, role: person.role, onBehalfOf: null },
      action: 'identity.signIn',
      sentence: `${person.name} signed in`,
      subject: null,
      before: null,
      after: { provider },
      address,
      through: { by: 'web-session', id: sessionId, run: null, software },
    });
  });
  return { ok: true, sessionId, person: { id: person.id, name: person.name, email: person.email } };
}

/** An event for every sign-in that was refused, by whatever way somebody tried. */
function auditRefusedSignIn(
  database: Database,
  attempt: {
    readonly email: string;
    readonly person: PersonRow | null;
    readonly reason: string;
    readonly provider: string;
  },
  origin: Origin,
  now: Date,
): Promise<void> {
  const { email, person, reason, provider } = attempt;
  return auditRefusal(
    database,
    {
      // Who types a password where the email belongs must not find it in the audit chain.
      sentence: `could not sign in as ${email.includes('@') ? email : 'something that is no email'}`,
      subject: person === null ? null : { type: 'person', id: person.id, name: person.name },
      through: { by: 'none', id: null },
      reason: `${provider}: ${reason}`,
    },
    origin,
    now,
  );
}

function lockedWords({ scope, key }: AttemptLimit): string {
  if (!key.includes('@') && scope !== 'sign-in-address') return 'sign-in as something that is no email';
  return scope === 'sign-in-address' ? `sign-in from ${key}` : `sign-in as ${key.replace(/ (.*)$/, ' from $1')}`;
}

function limitsOf(email: string, address: string): AttemptLimit[] {
  // Always in this order: the limits' locks are taken one after the other.
  return [
    { scope: 'sign-in', key: `${email} ${address}`, max: maxPerAccountAndAddress, windowMs },
    { scope: 'sign-in-address', key: address, max: maxPerAddress, windowMs },
    { scope: 'sign-in-account', key: email, max: maxPerAccount, windowMs },
  ];
}
