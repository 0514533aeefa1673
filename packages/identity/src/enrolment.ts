import type { AuditActor, Database, Tx } from '@sluice/database';
import {
  appendAuditEvent,
  createEnrolmentToken,
  createGateway,
  findEnrolmentToken,
  takeEnrolmentToken,
} from '@sluice/database';
import type { enrolRequestSchema, Secret } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { decodeBase64url, fingerprint, mintToken, newId, parseToken, tokenHash } from '@sluice/keys';
import type { z } from 'zod';

export const enrolmentLifeMs = 3_600_000;
const publicKeyBytes = 32;
const newTokenHint = 'Make a new enrolment on the Gateways page and run its line.';

/** A one-time token for a gateway of this name; only its hash is kept. */
export async function createEnrolment(
  tx: Tx,
  request: { readonly name: string; readonly createdById: string | null; readonly groupId?: string | null },
  now: Date,
): Promise<{ readonly token: Secret; readonly expiresAt: Date }> {
  const token = mintToken('enrolment');
  const expiresAt = new Date(now.getTime() + enrolmentLifeMs);
  await createEnrolmentToken(tx, {
    id: newId<'EnrolmentToken'>(),
    name: request.name,
    hash: tokenHash(token),
    createdById: request.createdById,
    groupId: request.groupId ?? null,
    expiresAt,
  });
  return { token, expiresAt };
}

/**
 * Enrols a gateway with a one-time token. The token names the gateway; what the machine calls itself does not count. Exactly one of
 * several callers with one token succeeds. Throws SluiceError `unauthenticated`, `bad-request` or `conflict`.
 */
export async function enrolGateway(
  database: Database,
  request: z.infer<typeof enrolRequestSchema>,
  address: string | null,
  now: Date,
): Promise<{ readonly gatewayId: string; readonly name: string }> {
  for (const key of [request.signingKey, request.sealingKey])
    if (decodeBase64url(key, publicKeyBytes) === null)
      throw new SluiceError('bad-request', 'A public key of the gateway has a wrong form.', { audience: 'operator' });
  const parsed = parseToken(request.token);
  if (parsed === null || !parsed.ok || parsed.kind !== 'enrolment')
    throw refused(
      'This is no enrolment token.',
      'Copy the whole line from the Gateways page: the token starts with slg_.',
    );
  const hash = tokenHash(request.token);
  const known = await findEnrolmentToken(database.db, hash);
  if (known === null) throw refused('The enrolment token is not known here.', newTokenHint);
  const gatewayId = newId<'Gateway'>();
  await database.transaction(async (tx) => {
    if (!(await takeEnrolmentToken(tx, hash, gatewayId, now)))
      throw refused(
        known.expiresAt <= now ? 'The enrolment token has expired.' : 'The enrolment token was used already.',
        newTokenHint,
      );
    const { signingKey, sealingKey, version, hostname, capabilities } = request;
    const gateway = { id: gatewayId, name: known.name, signingKey, sealingKey, version, hostname, capabilities };
    await createGateway(tx, { ...gateway, groupId: known.groupId }, now);
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: { kind: 'system', name: known.name } satisfies AuditActor,
      action: 'gateways.enrolled',
      sentence: `gateway ${known.name} enrolled from ${request.hostname}`,
      subject: { type: 'gateway', id: gatewayId, name: known.name },
      before: null,
      after: {
        hostname: request.hostname,
        version: request.version,
        signingKey: fingerprint(request.signingKey),
        sealingKey: fingerprint(request.sealingKey),
      },
      address,
    });
  });
  return { gatewayId, name: known.name };
}

function refused(message: string, hint: string): SluiceError {
  return new SluiceError('unauthenticated', message, { audience: 'operator', hint });
}
