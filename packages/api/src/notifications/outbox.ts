/** From what happened to what is sent: events become deliveries, and deliveries are tried until they are done or given up. */
import type { ChannelRow, Db, DeliveryRow, NewDelivery, NotificationEventRow, Tx } from '@sluice/database';
import {
  claimDelivery,
  dispatchEvent,
  findApproval,
  findChannel,
  listChangeableDeliveries,
  listChannels,
  listDueDeliveries,
  listPreferences,
  listSlackLinked,
  lockUndispatchedEvents,
  noteDeadDelivery,
  noteDelivered,
  noteFailedDelivery,
  postponeDelivery,
} from '@sluice/database';
import { Secret, SluiceError } from '@sluice/domain';
import {
  type AddressGuard,
  type Delivered,
  type Notice,
  sendEmail,
  sendSlack,
  sendWebhook,
  updateSlack,
} from '@sluice/jobs';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import type { ApiServices } from '../context.ts';
import { openChannel } from './channels.ts';
import { isUrgent, mutedSchema } from './kinds.ts';
import { approvalWords, noticeOf } from './notice-of.ts';
import { recipientsOf } from './recipients.ts';

/** Events that one run makes deliveries of. */
const eventsPerRun = 20;
/** Deliveries whose job may be lost that one run asks for again. */
const recoveredPerRun = 200;

export interface OutboxServices extends Pick<ApiServices, 'database' | 'publicUrl' | 'atRest'> {
  readonly mayAsk: AddressGuard;
  /** Puts one delivery in the queue. */
  readonly queue: (deliveryId: string, runAt: Date | null) => Promise<void>;
}

/** Makes the deliveries of what happened since. Any node may run it, at any time: an event is taken by one. */
export async function dispatchOutbox(services: OutboxServices, now: Date): Promise<void> {
  const { database } = services;
  for (;;) {
    const made = await database.transaction(async (tx) => {
      const events = await lockUndispatchedEvents(tx, eventsPerRun);
      const channels = (await listChannels(tx)).filter(({ enabled }) => enabled);
      const deliveries: NewDelivery[] = [];
      for (const event of events) {
        const of = await deliveriesOf(tx, event, channels, now);
        await dispatchEvent(tx, event.id, of, now);
        deliveries.push(...of);
      }
      return { events, deliveries };
    });
    for (const { id } of made.deliveries) await services.queue(id, null);
    for (const { kind, subjectId } of made.events)
      if (kind === 'approval-decided' || kind === 'approval-over') await changeMessages(services, subjectId, now);
    if (made.events.length < eventsPerRun) return;
  }
}

/** Asks again for deliveries that are due: the job of one may have died with its node. */
export async function recoverDeliveries(services: OutboxServices, now: Date): Promise<void> {
  for (const id of await listDueDeliveries(services.database.db, now, recoveredPerRun)) await services.queue(id, null);
}

async function deliveriesOf(
  tx: Tx,
  event: NotificationEventRow,
  channels: readonly ChannelRow[],
  now: Date,
): Promise<NewDelivery[]> {
  // A test goes to the one channel that it is about.
  if (event.kind === 'test') return [];
  const people = await recipientsOf(tx, event, now);
  const ids = people.map(({ id }) => id);
  const muted = new Map(
    (await listPreferences(tx, ids)).map(({ personId, muted: stored }) => [
      personId,
      mutedSchema.safeParse(stored).data,
    ]),
  );
  const inSlack = await listSlackLinked(tx, ids);
  const wants = (personId: string, way: 'email' | 'slack') => {
    const ways = Object.entries(muted.get(personId) ?? {}).find(([kind]) => kind === event.kind)?.[1] ?? [];
    return !ways.includes(way) && (way === 'email' || inSlack.has(personId));
  };
  return channels.flatMap(({ id: channelId, kind }) => {
    const make = (personId: string | null) => ({
      id: newId<'NotificationDelivery'>(),
      eventId: event.id,
      channelId,
      personId,
    });
    if (kind === 'email' || kind === 'slack') return ids.filter((id) => wants(id, kind)).map(make);
    return [make(null)];
  });
}

/** Tries one delivery. What fails is tried again later, with growing waits, and in the end shown as given up. */
export async function deliver(services: OutboxServices, id: string, now: Date): Promise<void> {
  const { db } = services.database;
  const row = await claimDelivery(db, id, now);
  if (row === null) return;
  const pausedUntil = await pausedUntilOf(db, row, now);
  if (pausedUntil !== null) {
    await postponeDelivery(db, id, pausedUntil);
    await services.queue(id, pausedUntil);
    return;
  }
  if (!row.channel.enabled) return noteDeadDelivery(db, id, 'The channel is switched off.');
  if (row.personId !== null && row.person?.disabledAt !== null)
    return noteDeadDelivery(db, id, 'The person is disabled.');
  try {
    const notice = await noticeOf(db, row.event, { id, publicUrl: services.publicUrl, now });
    if (notice === null) return await noteDelivered(db, row, null, now);
    const { receipt } = await send(services, row, notice, now);
    await noteDelivered(db, row, receipt, now);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const again = await noteFailedDelivery(db, row, error.message, now);
    if (again !== null) await services.queue(id, again);
  }
}

async function send(services: OutboxServices, row: DeliveryRow, notice: Notice, now: Date): Promise<Delivered> {
  const channel = openChannel(services.atRest, row.channel);
  const { mayAsk } = services;
  switch (channel.kind) {
    case 'email': {
      const to = row.person?.email ?? channel.settings.from;
      return sendEmail(notice, to, { settings: channel.settings, password: new Secret(channel.secrets.password) });
    }
    case 'slack': {
      const user = row.person?.slackLink?.slackUserId;
      if (user === undefined || user === null)
        throw new SluiceError('not-found', 'Nobody is linked in Slack for this message.', { audience: 'person' });
      const { settings, secrets } = channel;
      return sendSlack(notice, user, { settings, botToken: new Secret(secrets.botToken), mayAsk });
    }
    case 'webhook':
      return sendWebhook(notice, {
        settings: channel.settings,
        secret: new Secret(channel.secrets.secret),
        mayAsk,
        now,
      });
  }
}

async function pausedUntilOf(db: Db, row: DeliveryRow, now: Date): Promise<Date | null> {
  if (row.personId === null || isUrgent(row.event.kind) || row.event.kind === 'test') return null;
  const [preference] = await listPreferences(db, [row.personId]);
  const until = preference?.pausedUntil ?? null;
  return until !== null && until > now ? until : null;
}

const receiptSchema = z.object({ channel: z.string(), ts: z.string() });

/** Takes the buttons off Slack messages of an approval that is over, and says how it ended. Best effort: a button left over decides nothing. */
async function changeMessages(services: OutboxServices, approvalId: string, now: Date): Promise<void> {
  const { db } = services.database;
  const channelRow = await findChannel(db, { kind: 'slack' });
  const approval = await findApproval(db, approvalId);
  if (channelRow === null || !channelRow.enabled || approval === null) return;
  const channel = openChannel(services.atRest, channelRow);
  if (channel.kind !== 'slack') return;
  const options = {
    settings: channel.settings,
    botToken: new Secret(channel.secrets.botToken),
    mayAsk: services.mayAsk,
  };
  for (const row of await listChangeableDeliveries(db, approvalId, channelRow.id)) {
    const receipt = receiptSchema.safeParse(row.receipt);
    if (!receipt.success) continue;
    const words = approvalWords(approval, services.publicUrl, now);
    try {
      await updateSlack({ id: row.id, kind: row.event.kind, at: row.event.createdAt, ...words }, receipt.data, options);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
    }
  }
}
