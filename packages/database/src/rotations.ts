import type { Rotation, SealedEnvelope } from '@sluice/domain';
import { isId, sealedEnvelopeSchema } from '@sluice/domain';
import type { Tx } from './client.ts';
import { json } from './client.ts';
import { servedBy } from './connections.ts';
import { Prisma } from './generated/client.ts';

export interface RotationPlace {
  readonly connectionName: string;
  readonly gatewayName: string;
}

/**
 * Takes one step of a rotation that somebody asked this gateway for. `refused`: nobody did, the credential is not this gateway's or not
 * sealed to its key, or another envelope is pending. `known`: it is in force already.
 */
export async function stepRotation(
  tx: Tx,
  gatewayId: string,
  { requestId, connectionId, purpose, stage, envelope }: Rotation,
): Promise<{ readonly type: 'refused' } | { readonly type: 'known' } | ({ readonly type: 'done' } & RotationPlace)> {
  if (!isId(requestId) || !isId(connectionId)) return { type: 'refused' };
  const asked = await tx.connectionTest.count({
    where: { id: requestId, connectionId, connection: servedBy(gatewayId) },
  });
  const row = await tx.sealedCredential.findUnique({
    where: { connectionId_gatewayId_purpose: { connectionId, gatewayId, purpose } },
    include: { gateway: true, connection: { select: { name: true } } },
  });
  if (asked === 0 || row === null || envelope.recipient !== row.gateway.sealingKey) return { type: 'refused' };
  const done = { type: 'done', connectionName: row.connection.name, gatewayName: row.gateway.name } as const;
  if (stage === 'pending') {
    await tx.sealedCredential.update({ where: { id: row.id }, data: { pending: json(envelope) } });
    return done;
  }
  if (same(sealedEnvelopeSchema.parse(row.envelope), envelope)) return { type: 'known' };
  const pending = sealedEnvelopeSchema.safeParse(row.pending);
  if (!pending.success || !same(pending.data, envelope)) return { type: 'refused' };
  const data = { pending: Prisma.DbNull, ...(stage === 'active' ? { envelope: json(envelope) } : {}) };
  await tx.sealedCredential.update({ where: { id: row.id }, data });
  // What the other members have opens to a password that is no longer in force: they are given the new one by this gateway.
  if (stage === 'active')
    await tx.sealedCredential.deleteMany({ where: { connectionId, purpose, gatewayId: { not: gatewayId } } });
  return done;
}

function same(one: SealedEnvelope, other: SealedEnvelope): boolean {
  return one.ciphertext === other.ciphertext && one.encapsulated === other.encapsulated;
}
