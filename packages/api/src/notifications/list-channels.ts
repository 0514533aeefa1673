import type { ChannelRow } from '@sluice/database';
import { listFailedDeliveries, listChannels as listRows, maxDeliveryTries } from '@sluice/database';
import { z } from 'zod';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { ChannelsView, ChannelView } from '../views.ts';
import { channelKinds } from './channels.ts';

/** Every channel with how it does, and what it could not deliver. No secret leaves. */
export const listChannels = query({
  permission: 'notifications.write',
  input: nothing,
  run: async ({ db, services }): Promise<ChannelsView> => ({
    channels: (await listRows(db)).map(toChannelView),
    failed: (await listFailedDeliveries(db)).map((row) => ({
      id: row.id,
      kind: row.event.kind,
      channel: row.channel.name,
      to: row.person?.name ?? null,
      state: row.state === 'dead' ? ('dead' as const) : ('retrying' as const),
      attempts: row.attempts,
      of: maxDeliveryTries,
      error: row.lastError,
      createdAt: row.createdAt,
      nextTryAt: row.state === 'dead' ? null : row.nextTryAt,
    })),
    slackUrl: `${services.publicUrl}/api/slack`,
  }),
});

export function toChannelView(row: ChannelRow): ChannelView {
  return {
    id: row.id,
    kind: z.enum(channelKinds).parse(row.kind),
    name: row.name,
    enabled: row.enabled,
    settings: z.record(z.string(), z.unknown()).parse(row.settings),
    lastSuccessAt: row.lastSuccessAt,
    lastError: row.lastError,
    lastErrorAt: row.lastErrorAt,
  };
}
