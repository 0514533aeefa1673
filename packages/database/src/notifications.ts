import type { Db, Tx } from './client.ts';
import { json, refusingDuplicates } from './client.ts';
import type { Prisma } from './generated/client.ts';

export type ChannelRow = Prisma.NotificationChannelGetPayload<object>;
export type NotificationEventRow = Prisma.NotificationEventGetPayload<object>;
const withEventAndChannel = {
  event: true,
  channel: true,
  person: { select: { id: true, name: true, email: true, disabledAt: true, slackLink: true } },
} satisfies Prisma.NotificationDeliveryInclude;
export type DeliveryRow = Prisma.NotificationDeliveryGetPayload<{ include: typeof withEventAndChannel }>;

/** Channels that an installation may have. */
export const maxNotificationChannels = 20;
/** A delivery that a node claimed and did not finish for this long is another node's to try: the node died. In ms. */
const claimMs = 60_000;
/** Tries of one delivery before it is given up. */
export const maxDeliveryTries = 10;
/** The first wait after a failed try, doubling up to the longest. In ms. */
const firstWaitMs = 5_000;
const longestWaitMs = 30 * 60_000;
const deliveriesShown = 50;

export function listChannels(db: Db): Promise<ChannelRow[]> {
  return db.notificationChannel.findMany({ orderBy: { name: 'asc' }, take: maxNotificationChannels });
}

/** Puts secrets that were sealed anew in the place of those that were read; nothing where somebody changed them meanwhile. */
export async function resealChannel(tx: Tx, id: string, from: string, to: string): Promise<void> {
  await tx.notificationChannel.updateMany({ where: { id, secretSealed: from }, data: { secretSealed: to } });
}

export function findChannel(
  db: Db,
  where: { readonly id: string } | { readonly kind: string },
): Promise<ChannelRow | null> {
  return db.notificationChannel.findFirst({ where });
}

export interface ChannelFields {
  readonly kind: string;
  readonly name: string;
  readonly settings: unknown;
  readonly secretSealed: string;
  readonly enabled: boolean;
}

const channelTaken = [
  'There is a channel of this name, or another one of this kind.',
  'Choose another name; there is one mail server and one Slack workspace.',
] as const;

export function createChannel(tx: Tx, id: string, { settings, ...fields }: ChannelFields): Promise<ChannelRow> {
  return refusingDuplicates(...channelTaken, () =>
    tx.notificationChannel.create({ data: { id, ...fields, settings: json(settings) } }),
  );
}

export function updateChannel(tx: Tx, id: string, { settings, ...fields }: ChannelFields): Promise<ChannelRow> {
  return refusingDuplicates(...channelTaken, () =>
    tx.notificationChannel.update({ where: { id }, data: { ...fields, settings: json(settings) } }),
  );
}

export async function removeChannel(tx: Tx, id: string): Promise<void> {
  await tx.notificationChannel.delete({ where: { id } });
}

/** Writes to the outbox what no trigger sees. The same `dedupe` is written once. True when it was new. */
export async function createNotificationEvent(
  db: Db,
  event: { readonly kind: string; readonly subjectId: string; readonly dedupe: string },
): Promise<boolean> {
  const { count } = await db.notificationEvent.createMany({ data: [event], skipDuplicates: true });
  return count === 1;
}

/** The oldest events without deliveries, locked: each is dispatched by one node. */
export async function lockUndispatchedEvents(tx: Tx, limit: number): Promise<NotificationEventRow[]> {
  const ids = await tx.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "NotificationEvent" WHERE "dispatchedAt" IS NULL ORDER BY "createdAt" LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
  return tx.notificationEvent.findMany({
    where: { id: { in: ids.map(({ id }) => id) } },
    orderBy: { createdAt: 'asc' },
  });
}

export interface NewDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly channelId: string;
  readonly personId: string | null;
}

/** Stores an event's deliveries and marks it dispatched. */
export async function dispatchEvent(
  tx: Tx,
  eventId: string,
  deliveries: readonly NewDelivery[],
  at: Date,
): Promise<void> {
  const data = deliveries.map((delivery) => ({ ...delivery, createdAt: at, nextTryAt: at }));
  await tx.notificationDelivery.createMany({ data, skipDuplicates: true });
  await tx.notificationEvent.update({ where: { id: eventId }, data: { dispatchedAt: at } });
}

/**
 * Takes one delivery to try it now. Null when it is done, not due, or another node's at this moment: exactly one of several callers gets
 * it, and a node that died with it is not waited for longer than a minute.
 */
export async function claimDelivery(db: Db, id: string, now: Date): Promise<DeliveryRow | null> {
  const { count } = await db.notificationDelivery.updateMany({
    where: {
      id,
      OR: [
        { state: 'queued', nextTryAt: { lte: now } },
        { state: 'sending', claimedAt: { lte: new Date(now.getTime() - claimMs) } },
      ],
    },
    data: { state: 'sending', claimedAt: now, attempts: { increment: 1 } },
  });
  return count === 0 ? null : db.notificationDelivery.findUnique({ where: { id }, include: withEventAndChannel });
}

export async function noteDelivered(db: Db, row: DeliveryRow, receipt: unknown, at: Date): Promise<void> {
  await db.notificationDelivery.update({
    where: { id: row.id },
    data: {
      state: 'delivered',
      deliveredAt: at,
      lastError: null,
      ...(receipt === null ? {} : { receipt: json(receipt) }),
    },
  });
  await db.notificationChannel.updateMany({
    where: { id: row.channelId },
    data: { lastSuccessAt: at, lastError: null, lastErrorAt: null },
  });
}

/** Notes a failed try. Returns when the next one is due, or null when it was the last: the delivery is dead and shown as such. */
export async function noteFailedDelivery(db: Db, row: DeliveryRow, error: string, at: Date): Promise<Date | null> {
  const isLast = row.attempts >= maxDeliveryTries;
  const waitMs = Math.min(firstWaitMs * 2 ** (row.attempts - 1), longestWaitMs);
  const nextTryAt = new Date(at.getTime() + waitMs);
  await db.notificationDelivery.update({
    where: { id: row.id },
    data: { state: isLast ? 'dead' : 'queued', lastError: error, nextTryAt },
  });
  await db.notificationChannel.updateMany({
    where: { id: row.channelId },
    data: { lastError: error, lastErrorAt: at },
  });
  return isLast ? null : nextTryAt;
}

/** Gives up at once what can never be delivered. */
export async function noteDeadDelivery(db: Db, id: string, error: string): Promise<void> {
  await db.notificationDelivery.update({ where: { id }, data: { state: 'dead', lastError: error } });
}

/** Puts a delivery back that must wait for something else, without counting a try. */
export async function postponeDelivery(db: Db, id: string, until: Date): Promise<void> {
  await db.notificationDelivery.update({
    where: { id },
    data: { state: 'queued', nextTryAt: until, attempts: { decrement: 1 } },
  });
}

/** Deliveries that are due and whose job may be lost. */
export async function listDueDeliveries(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db.notificationDelivery.findMany({
    where: {
      OR: [
        { state: 'queued', nextTryAt: { lte: now } },
        { state: 'sending', claimedAt: { lte: new Date(now.getTime() - claimMs) } },
      ],
    },
    select: { id: true },
    orderBy: { nextTryAt: 'asc' },
    take: limit,
  });
  return rows.map(({ id }) => id);
}

/** The newest deliveries that were given up or have failed so far. */
export function listFailedDeliveries(db: Db): Promise<DeliveryRow[]> {
  return db.notificationDelivery.findMany({
    where: { OR: [{ state: 'dead' }, { state: { in: ['queued', 'sending'] }, lastError: { not: null } }] },
    include: withEventAndChannel,
    orderBy: { id: 'desc' },
    take: deliveriesShown,
  });
}

/** Gives a dead delivery another round of tries. False when it is not dead. */
export async function retryDelivery(tx: Tx, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.notificationDelivery.updateMany({
    where: { id, state: 'dead' },
    data: { state: 'queued', attempts: 0, nextTryAt: now },
  });
  return count === 1;
}

/** Delivered messages about a subject that can be changed, because the channel said where they are. */
export function listChangeableDeliveries(db: Db, subjectId: string, channelId: string): Promise<DeliveryRow[]> {
  return db.notificationDelivery.findMany({
    where: {
      channelId,
      state: 'delivered',
      event: { subjectId, kind: { in: ['approval-waiting', 'approval-escalated'] } },
    },
    include: withEventAndChannel,
  });
}

export interface PreferenceRow {
  readonly personId: string;
  readonly muted: unknown;
  readonly pausedUntil: Date | null;
}

export function listPreferences(db: Db, personIds: readonly string[]): Promise<PreferenceRow[]> {
  return db.notificationPreference.findMany({ where: { personId: { in: [...personIds] } } });
}

export async function keepPreference(tx: Tx, { personId, muted, pausedUntil }: PreferenceRow): Promise<void> {
  const data = { muted: json(muted), pausedUntil };
  await tx.notificationPreference.upsert({ where: { personId }, create: { personId, ...data }, update: data });
}
