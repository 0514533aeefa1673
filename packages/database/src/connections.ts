import type { CredentialPurpose, CredentialReferences, SealedEnvelope, TestResult } from '@sluice/domain';
import { isId } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { json, refusingDuplicates } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withGroupAndCredentials = {
  group: {
    include: {
      gateways: { where: { revokedAt: null }, include: { tunnels: true }, orderBy: { name: 'asc' as const } },
    },
  },
  credentials: { select: { gatewayId: true, purpose: true, envelope: true } },
  otherSessions: { select: { checkedAt: true, total: true, claiming: true, problem: true } },
} satisfies Prisma.ConnectionInclude;
export type ConnectionRow = Prisma.ConnectionGetPayload<{ include: typeof withGroupAndCredentials }>;

/** How many connections one installation may have; listeners and bundles are sized by it. */
export const maxConnections = 1_000;

/** Live connections by name; `search` is a part of the name or host. */
export function listConnections(db: Db, search: string | null): Promise<ConnectionRow[]> {
  const contains = { contains: search ?? '', mode: 'insensitive' as const };
  return db.connection.findMany({
    where: { deletedAt: null, ...(search === null ? {} : { OR: [{ name: contains }, { host: contains }] }) },
    include: withGroupAndCredentials,
    orderBy: { name: 'asc' },
    take: maxConnections,
  });
}

/** One of the trusted gateways of a connection's group. */
export type MemberRow = NonNullable<ConnectionRow['group']>['gateways'][number];

/** Whether a gateway is a trusted member of the connection's group. */
export function servesConnection(row: Pick<ConnectionRow, 'group'>, gatewayId: string): boolean {
  return row.group?.gateways.some(({ id }) => id === gatewayId) ?? false;
}

/** The connections whose group this gateway is in. */
export function servedBy(gatewayId: string) {
  return { group: { gateways: { some: { id: gatewayId, revokedAt: null } } } } satisfies Prisma.ConnectionWhereInput;
}

export function listConnectionsOfGateway(db: Db, gatewayId: string): Promise<ConnectionRow[]> {
  return db.connection.findMany({
    where: { deletedAt: null, ...servedBy(gatewayId) },
    include: withGroupAndCredentials,
    orderBy: { name: 'asc' },
    take: maxConnections,
  });
}

/** A live connection, or null. */
export function findConnection(
  db: Db,
  where: { readonly id: string } | { readonly name: string },
): Promise<ConnectionRow | null> {
  return db.connection.findFirst({
    where: { deletedAt: null, ...('id' in where ? { id: where.id } : { liveName: where.name }) },
    include: withGroupAndCredentials,
  });
}

export function countConnections(db: Db, ids?: readonly string[]): Promise<number> {
  return db.connection.count({ where: { deletedAt: null, ...(ids === undefined ? {} : { id: { in: [...ids] } }) } });
}

/** Whether an id was ever given to a connection. */
export async function connectionIdIsTaken(db: Db, id: string): Promise<boolean> {
  return (await db.connection.count({ where: { id } })) > 0;
}

/** Ports that connections hold: the control plane's, and those of the gateways. */
export async function listTakenPorts(db: Db): Promise<{ relay: Set<number>; listener: Set<number> }> {
  const rows = await db.connection.findMany({
    where: { deletedAt: null },
    select: { relayPort: true, listenerPort: true },
  });
  const numbers = (values: (number | null)[]) => new Set(values.filter((value): value is number => value !== null));
  return { relay: numbers(rows.map((row) => row.relayPort)), listener: numbers(rows.map((row) => row.listenerPort)) };
}

export interface ConnectionFields {
  readonly name: string;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly tlsMode: string;
  readonly tlsCa: string | null;
  readonly options: Record<string, unknown>;
  readonly labels: Record<string, string>;
  readonly groupId: string | null;
  readonly offlineLeaseSeconds: number;
  readonly defaultAction: string;
  readonly holdBehaviour: string;
  readonly stepUp?: string;
  readonly rehearsal?: boolean;
  readonly undo?: boolean;
  readonly durability?: string;
  readonly recordedRows?: number;
  readonly recordedBytes?: number;
}

export interface NewConnection extends ConnectionFields, ConnectionPorts {
  readonly id: string;
}

const nameOrPortTaken = [
  'A connection already has this name or one of its ports.',
  'Choose another name, or edit that connection.',
] as const;

export function createConnection(tx: Tx, connection: NewConnection): Promise<ConnectionRow> {
  const { options, labels, ...columns } = connection;
  return refusingDuplicates(...nameOrPortTaken, () =>
    tx.connection.create({
      data: { ...columns, liveName: connection.name, options: json(options), labels: json(labels) },
      include: withGroupAndCredentials,
    }),
  );
}

/** Writes all fields if the connection still has `revision`, and moves it on. Null when it has another one or is gone. */
export async function updateConnection(
  tx: Tx,
  id: string,
  revision: number,
  fields: ConnectionFields,
): Promise<ConnectionRow | null> {
  const { options, labels, ...columns } = fields;
  const before = await tx.connection.findUnique({ where: { id }, select: { groupId: true, formerGroupIds: true } });
  const former = new Set([...(before?.formerGroupIds ?? []), ...(before?.groupId ? [before.groupId] : [])]);
  const changed = await refusingDuplicates(...nameOrPortTaken, () =>
    tx.connection.updateMany({
      where: { id, revision, deletedAt: null },
      data: {
        ...columns,
        liveName: fields.name,
        options: json(options),
        labels: json(labels),
        formerGroupIds: [...former].filter((groupId) => groupId !== fields.groupId),
        revision: { increment: 1 },
      },
    }),
  );
  return changed.count === 0 ? null : findConnection(tx, { id });
}

export interface ConnectionPorts {
  readonly listenerHost: string | null;
  readonly listenerPort: number | null;
  readonly relayPort: number | null;
}

/** Moves a connection to other ports. Its sessions are not touched by that, so its revision stays. */
export async function setConnectionPorts(tx: Tx, id: string, ports: ConnectionPorts): Promise<void> {
  await refusingDuplicates(...nameOrPortTaken, () => tx.connection.update({ where: { id }, data: ports }));
}

/** Whether a gateway's group serves a connection or did: then it may deliver recordings of it. */
export async function gatewayServed(db: Db, gatewayId: string, connectionId: string): Promise<boolean> {
  const gateway = await db.gateway.findUnique({ where: { id: gatewayId }, select: { groupId: true } });
  if (gateway === null) return false;
  const served = { OR: [{ groupId: gateway.groupId }, { formerGroupIds: { has: gateway.groupId } }] };
  return (await db.connection.count({ where: { AND: [{ id: connectionId }, served] } })) > 0;
}

/** Leaves a tombstone and gives name and ports back. False when it was deleted already. */
export async function deleteConnection(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { count } = await tx.connection.updateMany({
    where: { id, deletedAt: null },
    data: { deletedAt: at, liveName: null, listenerPort: null, relayPort: null, revision: { increment: 1 } },
  });
  await tx.sealedCredential.deleteMany({ where: { connectionId: id } });
  return count === 1;
}

/** Keeps one gateway's envelope in the place of the one that it had for this connection and purpose. */
export async function replaceCredential(
  tx: Tx,
  credential: {
    readonly id: string;
    readonly connectionId: string;
    readonly gatewayId: string;
    readonly purpose: CredentialPurpose;
    readonly envelope: SealedEnvelope;
  },
): Promise<void> {
  const { connectionId, gatewayId, purpose } = credential;
  await tx.sealedCredential.deleteMany({ where: { connectionId, gatewayId, purpose } });
  await tx.sealedCredential.create({ data: { ...credential, envelope: json(credential.envelope) } });
}

/** Takes every gateway's envelope of this purpose away. */
export async function removeCredential(tx: Tx, connectionId: string, purpose: CredentialPurpose): Promise<void> {
  await tx.sealedCredential.deleteMany({ where: { connectionId, purpose } });
}

/** Where the gateway finds the passwords, by purpose; what is not named has an envelope or nothing. */
export async function setCredentialReferences(tx: Tx, id: string, references: CredentialReferences): Promise<void> {
  await tx.connection.update({ where: { id }, data: { credentialReferences: json(references) } });
}

export async function createConnectionTest(
  tx: Tx,
  test: { readonly id: string; readonly connectionId: string; readonly requestedById: string },
): Promise<void> {
  await tx.connectionTest.create({ data: test });
}

/** Stores what a gateway found. False when nobody asked it, for this connection of its own, or when it was answered already. */
export async function finishConnectionTest(db: Db, gatewayId: string, result: TestResult, at: Date): Promise<boolean> {
  const { requestId, connectionId } = result;
  if (!isId(requestId) || !isId(connectionId)) return false;
  const { count } = await db.connectionTest.updateMany({
    where: { id: requestId, connectionId, finishedAt: null, connection: servedBy(gatewayId) },
    data: { finishedAt: at, result: json(result) },
  });
  return count === 1;
}

export async function findTestResult(db: Db, requestId: string): Promise<TestResult | null> {
  const row = await db.connectionTest.findUnique({ where: { id: requestId }, select: { result: true } });
  return (row?.result ?? null) as TestResult | null;
}

/** The newest finished test. */
export async function findLastTest(db: Db, connectionId: string): Promise<(TestResult & { at: Date }) | null> {
  const row = await db.connectionTest.findFirst({
    where: { connectionId, finishedAt: { not: null } },
    orderBy: { finishedAt: 'desc' },
    select: { result: true, finishedAt: true },
  });
  if (row === null || row.finishedAt === null) return null;
  return { ...(row.result as unknown as TestResult), at: row.finishedAt };
}

/** Whether any test of any connection ever passed. */
export async function hasPassedTest(db: Db): Promise<boolean> {
  const row = await db.connectionTest.findFirst({
    where: { result: { path: ['ok'], equals: true } },
    select: { id: true },
  });
  return row !== null;
}

export interface Usage {
  /** Statements per hour over the last 24 h, oldest first. */
  readonly hours: readonly number[];
  readonly lastUsedAt: Date | null;
}

const hoursShown = 24;

/** How much connections were used lately, by connection id; ids without any use have no entry. */
export async function readUsage(db: Db, ids: readonly string[], now: Date): Promise<Map<string, Usage>> {
  const since = new Date(now.getTime() - hoursShown * 3_600_000);
  const counts = await db.$queryRaw<{ id: string; age: number; count: number }[]>`
    SELECT "connectionId"::text AS id,
           floor(extract(epoch FROM (${now}::timestamptz - "at")) / 3600)::int AS age, count(*)::int AS count
    FROM "Statement" WHERE "connectionId" = ANY(${[...ids]}::uuid[]) AND "at" > ${since} AND "at" <= ${now} AND "origin" = 'client'
    GROUP BY 1, 2`;
  const last = await db.session.groupBy({
    by: ['connectionId'],
    where: { connectionId: { in: [...ids] } },
    _max: { lastChunkAt: true },
  });
  const usage = new Map<string, { hours: number[]; lastUsedAt: Date | null }>();
  for (const row of last)
    usage.set(row.connectionId, {
      hours: Array.from({ length: hoursShown }, () => 0),
      lastUsedAt: row._max.lastChunkAt,
    });
  for (const { id, age, count } of counts) {
    const hours = usage.get(id)?.hours;
    if (hours !== undefined && age < hoursShown) hours[hoursShown - 1 - age] = count;
  }
  return usage;
}

/** The labels of every connection that there is or was, for choosing by them. */
export function listConnectionLabels(db: Db): Promise<{ readonly id: string; readonly labels: unknown }[]> {
  return db.connection.findMany({ select: { id: true, labels: true } });
}
