import {
  appendAuditEvent,
  bumpBundleVersion,
  findConnection,
  findGateway,
  findGatewayGroup,
  listMissingEnvelopes,
  listOutdatedEnvelopes,
  replaceCredential,
  servesConnection,
} from '@sluice/database';
import type { Rewrap, Rewraps } from '@sluice/domain';
import { maxRewraps, SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';

/** What a gateway may seal anew: its own envelopes for a key that it had before, and what confirmed members of its group lack. */
export async function listRewraps(services: GatewayServices, caller: GatewayCaller): Promise<Rewraps> {
  const { db } = services.database;
  const own = await findGateway(db, caller.id);
  const group = own === null ? null : await findGatewayGroup(db, own.groupId);
  if (own === null || group === null)
    throw new SluiceError('not-found', 'This gateway is in no group.', { audience: 'operator' });
  return {
    groupId: group.id,
    members: group.gateways
      .filter(({ id, confirmedAt }) => id !== own.id && confirmedAt !== null)
      .map(({ id, name, signingKey, sealingKey, confirmation }) => ({
        gatewayId: id,
        name,
        signingKey,
        sealingKey,
        confirmation,
      })),
    missing: (await listMissingEnvelopes(db, own.id, maxRewraps)).filter(({ gatewayId }) => gatewayId !== own.id),
    outdated: await listOutdatedEnvelopes(db, own.id),
  };
}

/** Keeps an envelope that a member sealed for another one of its group, or for its own newer key. Every one is in the audit chain. */
export async function keepRewrap(
  services: GatewayServices,
  caller: GatewayCaller,
  { connectionId, purpose, gatewayId, envelope }: Rewrap,
  now: Date,
): Promise<void> {
  await services.database.transaction(async (tx) => {
    const row = await findConnection(tx, { id: connectionId });
    const from = await findGateway(tx, caller.id);
    const to = await findGateway(tx, gatewayId);
    const trusted = to !== null && to.revokedAt === null && (to.confirmedAt !== null || to.id === caller.id);
    if (row === null || from === null || !trusted || !servesConnection(row, from.id) || !servesConnection(row, to.id))
      throw new SluiceError('not-found', 'These gateways do not share this connection.', { audience: 'operator' });
    const has = (id: string, key: string) =>
      row.credentials.some((one) => {
        const recipient = (one.envelope as { recipient?: unknown }).recipient;
        return one.gatewayId === id && one.purpose === purpose && (recipient === key || id === caller.id);
      });
    if (!has(from.id, from.sealingKey) || envelope.recipient !== to.sealingKey)
      throw new SluiceError(
        'conflict',
        'The credential is not this gateway’s to give, or the key is another one now.',
        {
          audience: 'operator',
        },
      );
    await replaceCredential(tx, { id: newId<'SealedCredential'>(), connectionId, gatewayId: to.id, purpose, envelope });
    await bumpBundleVersion(tx);
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: { kind: 'system', name: from.name },
      action: 'gateway.sealedForMember',
      sentence: `sealed the ${purpose}’s credential of connection ${row.name} for gateway ${to.name}`,
      subject: { type: 'connection', id: row.id, name: row.name },
      before: null,
      after: { gateway: to.name, sealingKey: envelope.recipient },
      address: null,
    });
  });
}
