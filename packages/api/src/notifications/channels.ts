import type { ChannelRow } from '@sluice/database';
import { Secret, SluiceError } from '@sluice/domain';
import { emailSettingsSchema, slackSettingsSchema, webhookSettingsSchema } from '@sluice/jobs';
import { type AtRest, channelSecretContext } from '@sluice/keys';
import { z } from 'zod';

export const channelKinds = ['email', 'slack', 'webhook'] as const;
export type ChannelKind = (typeof channelKinds)[number];

const secret = z.string().min(1).max(4_096);
/** What each kind keeps sealed. */
export const channelSecrets = {
  email: z.strictObject({ password: z.string().max(4_096) }),
  slack: z.strictObject({ botToken: secret, signingSecret: secret }),
  webhook: z.strictObject({ secret }),
} as const;

/** An opened channel: settings as their kind has them, and its secrets. */
export type OpenChannel =
  | {
      readonly kind: 'email';
      readonly settings: z.infer<typeof emailSettingsSchema>;
      readonly secrets: z.infer<typeof channelSecrets.email>;
    }
  | {
      readonly kind: 'slack';
      readonly settings: z.infer<typeof slackSettingsSchema>;
      readonly secrets: z.infer<typeof channelSecrets.slack>;
    }
  | {
      readonly kind: 'webhook';
      readonly settings: z.infer<typeof webhookSettingsSchema>;
      readonly secrets: z.infer<typeof channelSecrets.webhook>;
    };

export function sealChannel(atRest: AtRest, id: string, secrets: object): string {
  return atRest.seal(new Secret(JSON.stringify(secrets)), channelSecretContext(id));
}

/** Throws SluiceError `internal` when the master key is another one. */
export function openChannel(atRest: AtRest, row: ChannelRow): OpenChannel {
  const secrets: unknown = JSON.parse(atRest.open(row.secretSealed, channelSecretContext(row.id)).reveal());
  switch (row.kind) {
    case 'email':
      return {
        kind: 'email',
        settings: emailSettingsSchema.parse(row.settings),
        secrets: channelSecrets.email.parse(secrets),
      };
    case 'slack':
      return {
        kind: 'slack',
        settings: slackSettingsSchema.parse(row.settings),
        secrets: channelSecrets.slack.parse(secrets),
      };
    case 'webhook':
      return {
        kind: 'webhook',
        settings: webhookSettingsSchema.parse(row.settings),
        secrets: channelSecrets.webhook.parse(secrets),
      };
    default:
      throw new SluiceError('internal', `A channel is of the unknown kind ${row.kind}.`, { audience: 'operator' });
  }
}
