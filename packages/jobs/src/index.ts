export type { EmailSettings } from './email.ts';
export { emailSettingsSchema, sendEmail } from './email.ts';
export type { AddressGuard } from './guarded-request.ts';
export { addressGuard } from './guarded-request.ts';
export type { Delivered, Notice } from './notice.ts';
export type { JobOptions, Queue, QueueOptions, Task } from './queue.ts';
export { startQueue } from './queue.ts';
export { safeLine } from './safe-text.ts';
export type { SlackOptions, SlackSettings } from './slack.ts';
export {
  callSlack,
  isSignedBySlack,
  sendSlack,
  slackCommentView,
  slackMessage,
  slackSettingsSchema,
  updateSlack,
} from './slack.ts';
export type { WebhookSettings } from './webhook.ts';
export { sendWebhook, webhookSecretBytes, webhookSettingsSchema } from './webhook.ts';
