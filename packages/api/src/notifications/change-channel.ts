import { randomBytes } from 'node:crypto';
import {
  type ChannelRow,
  createChannel,
  createNotificationEvent,
  dispatchEvent,
  findChannel,
  listChannels as listRows,
  maxNotificationChannels,
  publish,
  removeChannel as removeRow,
  retryDelivery as retryRow,
  updateChannel,
} from '@sluice/database';
import { emailSettingsSchema, slackSettingsSchema, webhookSecretBytes, webhookSettingsSchema } from '@sluice/jobs';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import type { ChannelView } from '../views.ts';
import { openChannel, sealChannel } from './channels.ts';
import { toChannelView } from './list-channels.ts';

const name = z.string().trim().min(1).max(63);
const secretText = z.string().min(1).max(4_096).optional();
const common = { id: id.optional(), name, enabled: z.boolean() };
/** A secret that is left out stays as it is; a webhook's is made here. */
const channelInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('email'), ...common, settings: emailSettingsSchema, password: secretText }),
  z.strictObject({
    kind: z.literal('slack'),
    ...common,
    settings: slackSettingsSchema,
    botToken: secretText,
    signingSecret: secretText,
  }),
  z.strictObject({ kind: z.literal('webhook'), ...common, settings: webhookSettingsSchema }),
]);
type ChannelInput = z.output<typeof channelInput>;

/** Makes or changes a channel. A new webhook's secret is answered this once. */
export const saveChannel = mutation({
  permission: 'notifications.write',
  input: channelInput,
  run: async ({ input, tx, services }) => {
    const before = input.id === undefined ? null : await findChannel(tx, { id: input.id });
    if (input.id !== undefined && before?.kind !== input.kind) throw notFound('channel');
    if (before === null && (await listRows(tx)).length >= maxNotificationChannels)
      throw refusedInput(`An installation has at most ${maxNotificationChannels} channels.`, 'Remove one first.');
    const channelId = before?.id ?? newId<'NotificationChannel'>();
    const kept = before === null ? null : openChannel(services.atRest, before).secrets;
    const { secrets, made } = secretsOf(input, kept);
    const { kind, enabled, settings } = input;
    const fields = {
      kind,
      name: input.name,
      enabled,
      settings,
      secretSealed: sealChannel(services.atRest, channelId, secrets),
    };
    const row = await (before === null ? createChannel(tx, channelId, fields) : updateChannel(tx, channelId, fields));
    return {
      output: { channel: toChannelView(row), secret: made },
      audit: {
        sentence: `${before === null ? 'made' : 'changed'} notification channel ${input.name}`,
        subject: { type: 'notification-channel', id: channelId, name: input.name },
        before: before === null ? null : described(before),
        after: described(row),
      },
    };
  },
});

export const removeChannel = mutation({
  permission: 'notifications.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx }) => {
    const row = await findChannel(tx, { id: input.id });
    if (row === null) throw notFound('channel');
    await removeRow(tx, row.id);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `removed notification channel ${row.name}`,
        subject: { type: 'notification-channel', id: row.id, name: row.name },
        before: described(row),
      },
    };
  },
});

/** Sends a test by this channel, on the way that every message takes: to the caller, or to the webhook. */
export const testChannel = mutation({
  permission: 'notifications.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, now }) => {
    const row = await findChannel(tx, { id: input.id });
    if (row === null) throw notFound('channel');
    const testId = newId<'Test'>();
    await createNotificationEvent(tx, { kind: 'test', subjectId: testId, dedupe: `test ${testId}` });
    const event = await tx.notificationEvent.findUniqueOrThrow({ where: { dedupe: `test ${testId}` } });
    const personId = row.kind === 'webhook' ? null : caller.actor.id;
    const delivery = { id: newId<'NotificationDelivery'>(), eventId: event.id, channelId: row.id, personId };
    await dispatchEvent(tx, event.id, [delivery], now);
    await publish(tx, 'sluice_notice', { type: 'outbox' });
    return {
      output: { deliveryId: delivery.id },
      audit: {
        sentence: `sent a test by notification channel ${row.name}`,
        subject: { type: 'notification-channel', id: row.id, name: row.name },
      },
    };
  },
});

/** Gives a delivery that was given up another round of tries. */
export const retryDelivery = mutation({
  permission: 'notifications.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx, now }) => {
    if (!(await retryRow(tx, input.id, now))) throw notFound('delivery');
    await publish(tx, 'sluice_notice', { type: 'outbox' });
    return {
      output: { ok: true as const },
      audit: {
        sentence: 'tried a notification again',
        subject: { type: 'notification-delivery', id: input.id, name: '' },
      },
    };
  },
});

function secretsOf(
  input: ChannelInput,
  kept: object | null,
): { readonly secrets: object; readonly made: string | null } {
  switch (input.kind) {
    case 'email':
      return { secrets: { password: '', ...kept, ...given({ password: input.password }) }, made: null };
    case 'slack': {
      const secrets = { ...kept, ...given({ botToken: input.botToken, signingSecret: input.signingSecret }) };
      if (!('botToken' in secrets && 'signingSecret' in secrets))
        throw refusedInput('Slack needs a bot token and a signing secret.', 'Copy both from your Slack app’s pages.');
      return { secrets, made: null };
    }
    case 'webhook': {
      if (kept !== null) return { secrets: kept, made: null };
      const secret = `whsec_${randomBytes(webhookSecretBytes).toString('base64')}`;
      return { secrets: { secret }, made: secret };
    }
  }
}

function given(secrets: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).filter((one): one is [string, string] => one[1] !== undefined));
}

function described(row: ChannelRow): Omit<ChannelView, 'lastSuccessAt' | 'lastError' | 'lastErrorAt'> {
  const { id: channelId, kind, name: called, enabled, settings } = toChannelView(row);
  return { id: channelId, kind, name: called, enabled, settings };
}
