import type { CredentialPurpose, SealedEnvelope } from '@sluice/domain';
import { credentialPurposes, sealedEnvelopeSchema } from '@sluice/domain';
import type { Db, Tx } from './client.ts';

const members = { gateways: { where: { revokedAt: null }, orderBy: { name: 'asc' as const } } };

/** A group with its trusted gateways; null when there is none of this id. */
export function findGatewayGroup(db: Db, id: string) {
  return db.gatewayGroup.findUnique({ where: { id }, include: members });
}

/** Notes that somebody confirmed a gateway's keys as they are at this moment. False when it has others by now, or is not trusted. */
export async function confirmGateway(
  tx: Tx,
  gateway: { readonly id: string; readonly sealingKey: string; readonly confirmation: string | null },
  now: Date,
): Promise<boolean> {
  const { id, sealingKey, confirmation } = gateway;
  const where = { id, sealingKey, revokedAt: null };
  return (await tx.gateway.updateMany({ where, data: { confirmedAt: now, confirmation } })).count === 1;
}

export interface MissingEnvelope {
  readonly connectionId: string;
  readonly purpose: CredentialPurpose;
  readonly gatewayId: string;
}

/** Envelopes that some member of the gateway's group has and another confirmed one has not, at most `limit`. */
export async function listMissingEnvelopes(db: Db, gatewayId: string, limit: number): Promise<MissingEnvelope[]> {
  return db.$queryRaw<MissingEnvelope[]>`
    SELECT c."id"::text AS "connectionId", s."purpose", member."id"::text AS "gatewayId"
    FROM "Gateway" own
    JOIN "Gateway" member ON member."groupId" = own."groupId" AND member."revokedAt" IS NULL AND member."confirmedAt" IS NOT NULL
    JOIN "Connection" c ON c."groupId" = own."groupId" AND c."deletedAt" IS NULL
    JOIN "SealedCredential" s ON s."connectionId" = c."id" AND s."gatewayId" = own."id"
    LEFT JOIN "SealedCredential" has ON has."connectionId" = c."id" AND has."purpose" = s."purpose" AND has."gatewayId" = member."id"
    WHERE own."id" = ${gatewayId}::uuid AND s."envelope"->>'recipient' = own."sealingKey"
      AND (has."id" IS NULL OR has."envelope"->>'recipient' <> member."sealingKey")
    ORDER BY c."id", s."purpose" LIMIT ${limit}`;
}

/** The gateway's own envelopes that are sealed to a key that it had before. */
export async function listOutdatedEnvelopes(
  db: Db,
  gatewayId: string,
): Promise<
  { readonly connectionId: string; readonly purpose: CredentialPurpose; readonly envelope: SealedEnvelope }[]
> {
  const row = await db.gateway.findUniqueOrThrow({ where: { id: gatewayId }, select: { sealingKey: true } });
  const sealed = await db.sealedCredential.findMany({ where: { gatewayId, connection: { deletedAt: null } } });
  return sealed.flatMap(({ connectionId, purpose, envelope }) => {
    const parsed = sealedEnvelopeSchema.parse(envelope);
    const known = credentialPurposes.find((one) => one === purpose);
    return known === undefined || parsed.recipient === row.sealingKey
      ? []
      : [{ connectionId, purpose: known, envelope: parsed }];
  });
}
