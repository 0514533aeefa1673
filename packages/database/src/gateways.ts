import type { GatewayState } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { json, refusingDuplicates } from './client.ts';
import { Prisma } from './generated/client.ts';

/** A node refreshes the rows of its tunnels more often than this; older rows belong to a node that died. In ms. */
export const tunnelStaleMs = 15_000;

const withTunnelsAndConnections = {
  tunnels: true,
  group: {
    select: {
      id: true,
      name: true,
      connections: {
        where: { deletedAt: null },
        select: { id: true, name: true, revision: true },
        orderBy: { name: 'asc' as const },
      },
    },
  },
} satisfies Prisma.GatewayInclude;
export type GatewayRow = Prisma.GatewayGetPayload<{ include: typeof withTunnelsAndConnections }>;

/** The trusted gateways, by name. */
export function listGateways(db: Db): Promise<GatewayRow[]> {
  return db.gateway.findMany({
    where: { revokedAt: null },
    include: withTunnelsAndConnections,
    orderBy: { name: 'asc' },
  });
}

/** A gateway, revoked or not. */
export function findGateway(db: Db, id: string): Promise<GatewayRow | null> {
  return db.gateway.findUnique({ where: { id }, include: withTunnelsAndConnections });
}

export function findGatewayByName(db: Db, name: string): Promise<GatewayRow | null> {
  return db.gateway.findUnique({ where: { liveName: name }, include: withTunnelsAndConnections });
}

/** The key that a gateway signs with; null when the gateway is unknown or no longer trusted. */
export async function findSigningKey(db: Db, gatewayId: string): Promise<string | null> {
  const row = await db.gateway.findFirst({
    where: { id: gatewayId, revokedAt: null },
    select: { signingKey: true },
  });
  return row?.signingKey ?? null;
}

export interface NewGateway {
  readonly id: string;
  readonly name: string;
  readonly signingKey: string;
  readonly sealingKey: string;
  readonly version: string;
  readonly hostname: string;
  readonly capabilities: readonly string[];
  /** The group that it joins; null: it is the first of a group of its own, which has its id and name. */
  readonly groupId: string | null;
}

/** Throws SluiceError `conflict` when a trusted gateway has this name. */
export async function createGateway(tx: Tx, gateway: NewGateway, now: Date): Promise<void> {
  const { groupId, ...columns } = gateway;
  if (groupId === null) await tx.gatewayGroup.create({ data: { id: gateway.id, name: gateway.name } });
  // The first of a group gets nothing from anybody; whoever seals to it compares its fingerprint then.
  const first = groupId === null || (await tx.gateway.count({ where: { groupId, revokedAt: null } })) === 0;
  await refusingDuplicates(
    `A gateway named ${gateway.name} is enrolled already.`,
    'Revoke it first, or enrol this one under another name.',
    () =>
      tx.gateway.create({
        data: {
          ...columns,
          groupId: groupId ?? gateway.id,
          confirmedAt: first ? now : null,
          liveName: gateway.name,
          capabilities: [...gateway.capabilities],
        },
      }),
  );
}

export async function revokeGateway(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { count } = await tx.gateway.updateMany({
    where: { id, revokedAt: null },
    data: { revokedAt: at, liveName: null },
  });
  await tx.gatewayTunnel.deleteMany({ where: { gatewayId: id } });
  return count === 1;
}

/** Notes what a gateway says of itself. Returns what stood there before. */
export async function noteGatewayState(
  db: Db,
  id: string,
  state: GatewayState,
  now: Date,
): Promise<{
  readonly previousStartId: string | null;
  readonly previousProblem: string | null;
  readonly name: string;
}> {
  const before = await db.gateway.findUniqueOrThrow({
    where: { id },
    select: { startId: true, spoolProblem: true, name: true },
  });
  await db.gateway.update({
    where: { id },
    data: {
      startId: state.startId,
      lastSeenAt: now,
      version: state.version,
      hostname: state.hostname,
      capabilities: state.capabilities,
      openSessions: state.openSessions,
      spoolChunks: state.spoolChunks,
      spoolBytes: BigInt(state.spoolBytes),
      spoolProblem: state.spoolProblem ?? null,
      cpuPercent: state.cpuPercent,
      memoryBytes: BigInt(state.memoryBytes),
      policyVersion: state.policyVersion,
      bundleVersion: state.bundleVersion,
      clockSkewMs: new Date(state.clock).getTime() - now.getTime(),
      listeners: json(state.listeners),
      floor: state.floor === null || state.floor === undefined ? Prisma.DbNull : json(state.floor),
    },
  });
  return { previousStartId: before.startId, previousProblem: before.spoolProblem, name: before.name };
}

/** Notes a gateway process's start, as its hello says it. Returns the start id that it had before. */
export async function noteGatewayStart(
  db: Db,
  id: string,
  start: { readonly startId: string; readonly version: string; readonly capabilities: readonly string[] },
  now: Date,
): Promise<{ readonly previousStartId: string | null }> {
  const before = await db.gateway.findUniqueOrThrow({ where: { id }, select: { startId: true } });
  await db.gateway.update({
    where: { id },
    data: { startId: start.startId, version: start.version, capabilities: [...start.capabilities], lastSeenAt: now },
  });
  return { previousStartId: before.startId };
}

export interface NewTunnel {
  readonly id: string;
  readonly gatewayId: string;
  readonly nodeId: string;
  readonly startId: string | null;
}

export async function openTunnelRow(db: Db, tunnel: NewTunnel): Promise<void> {
  await db.gatewayTunnel.create({ data: tunnel });
}

export async function closeTunnelRow(db: Db, id: string): Promise<void> {
  await db.gatewayTunnel.deleteMany({ where: { id } });
}

/** Says that these tunnels are alive, all of one node. What could not be noted when they opened is noted now. */
export async function refreshTunnelRows(db: Db, tunnels: readonly NewTunnel[], now: Date): Promise<void> {
  await db.gatewayTunnel.createMany({ data: [...tunnels], skipDuplicates: true });
  await db.gatewayTunnel.updateMany({ where: { id: { in: tunnels.map(({ id }) => id) } }, data: { seenAt: now } });
}

/** Removes the rows of nodes that died. */
export async function removeStaleTunnelRows(db: Db, now: Date): Promise<number> {
  const { count } = await db.gatewayTunnel.deleteMany({
    where: { seenAt: { lt: new Date(now.getTime() - tunnelStaleMs) } },
  });
  return count;
}

export interface NewEnrolmentToken {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly createdById: string | null;
  readonly expiresAt: Date;
  readonly groupId: string | null;
}

export async function createEnrolmentToken(tx: Tx, token: NewEnrolmentToken): Promise<void> {
  await tx.enrolmentToken.create({ data: token });
}

export interface EnrolmentTokenRow {
  readonly id: string;
  readonly name: string;
  readonly groupId: string | null;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
}

export function findEnrolmentToken(db: Db, hash: string): Promise<EnrolmentTokenRow | null> {
  return db.enrolmentToken.findUnique({ where: { hash } });
}

/** Uses an enrolment token up: true for exactly one caller, and only before it expires. */
export async function takeEnrolmentToken(tx: Tx, hash: string, gatewayId: string, now: Date): Promise<boolean> {
  const { count } = await tx.enrolmentToken.updateMany({
    where: { hash, usedAt: null, expiresAt: { gt: now } },
    data: { usedAt: now, gatewayId },
  });
  return count === 1;
}
