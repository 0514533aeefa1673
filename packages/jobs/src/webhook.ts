/** Webhooks after the Standard Webhooks specification: id, time and an HMAC over both and the body, so that nobody can forge or replay. */
import { createHmac } from 'node:crypto';
import { type Secret, SluiceError } from '@sluice/domain';
import { z } from 'zod';
import { type AddressGuard, guardedPost } from './guarded-request.ts';
import type { Delivered, Notice } from './notice.ts';
import { safeLine, safeStatement } from './safe-text.ts';

const secretPrefix = 'whsec_';
export const webhookSecretBytes = 32;

export const webhookSettingsSchema = z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(2_000) });
export type WebhookSettings = z.infer<typeof webhookSettingsSchema>;

export interface WebhookOptions {
  readonly settings: WebhookSettings;
  /** `whsec_` and base64. */
  readonly secret: Secret;
  readonly mayAsk: AddressGuard;
  readonly now: Date;
}

/** Sends one. The id stays the same over every try: a receiver that has seen it has nothing to do. Throws SluiceError. */
export async function sendWebhook(notice: Notice, options: WebhookOptions): Promise<Delivered> {
  const body = JSON.stringify({
    type: notice.kind,
    timestamp: notice.at.toISOString(),
    data: {
      title: safeLine(notice.title),
      facts: notice.facts.map(({ name, value }) => ({ name, value: safeLine(value, 1_000) })),
      statement: notice.statement === null ? null : safeStatement(notice.statement),
      url: notice.url,
      ...notice.data,
    },
  });
  const timestamp = String(Math.floor(options.now.getTime() / 1_000));
  const answer = await guardedPost({
    url: options.settings.url,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Sluice',
      'webhook-id': notice.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${webhookSignature(options.secret, notice.id, timestamp, body)}`,
    },
    body,
    mayAsk: options.mayAsk,
  });
  if (answer.status < 200 || answer.status >= 300)
    throw new SluiceError('unavailable', `The webhook answered ${answer.status}.`, { audience: 'person' });
  return { receipt: null };
}

/** base64 of HMAC-SHA-256 over `id.timestamp.body`. Throws when the secret is none. */
export function webhookSignature(secret: Secret, id: string, timestamp: string, body: string): string {
  const text = secret.reveal();
  const key = text.startsWith(secretPrefix) ? Buffer.from(text.slice(secretPrefix.length), 'base64') : Buffer.alloc(0);
  if (key.length < webhookSecretBytes) throw new Error('the webhook secret is no secret');
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64');
}
