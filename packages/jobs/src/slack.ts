/** Slack: messages with buttons (Block Kit), what comes back from them, and how to tell that it comes from Slack. */
import { createHmac } from 'node:crypto';
import { type Secret, SluiceError } from '@sluice/domain';
import { equalConstantTime } from '@sluice/keys';
import { z } from 'zod';
import { type AddressGuard, guardedPost } from './guarded-request.ts';
import type { Delivered, Notice } from './notice.ts';
import { safeLine, safeStatement, slackCode, slackText } from './safe-text.ts';

/** How old a signed request of Slack's may be, as Slack itself asks. In seconds. */
const signatureWindowSeconds = 300;
/** Slack cuts a section's text at 3,000 characters. */
const maxSectionCharacters = 2_900;

export const slackSettingsSchema = z.strictObject({
  /** Where its Web API is: Slack's own, or a stand-in. */
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .max(200)
    .default('https://slack.com/api'),
});
export type SlackSettings = z.infer<typeof slackSettingsSchema>;

export interface SlackOptions {
  readonly settings: SlackSettings;
  readonly botToken: Secret;
  readonly mayAsk: AddressGuard;
}

const answerSchema = z.looseObject({
  ok: z.boolean(),
  error: z.string().optional(),
  channel: z.string().optional(),
  ts: z.string().optional(),
});

/** Calls one method of the Web API. Throws SluiceError with Slack's own word for what went wrong. */
export async function callSlack(
  method: string,
  argument: object,
  options: SlackOptions,
): Promise<z.infer<typeof answerSchema>> {
  const answer = await guardedPost({
    url: `${options.settings.apiUrl}/${method}`,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      authorization: `Bearer ${options.botToken.reveal()}`,
    },
    body: JSON.stringify(argument),
    mayAsk: options.mayAsk,
  });
  if (answer.status === 429) throw new SluiceError('too-many', 'Slack asks to wait.', { audience: 'person' });
  let read: unknown = null;
  try {
    read = JSON.parse(answer.text);
  } catch {
    // The status then says what can be said.
  }
  const parsed = answerSchema.safeParse(read);
  if (answer.status !== 200 || !parsed.success)
    throw new SluiceError('unavailable', `Slack answered ${answer.status}.`, { audience: 'person' });
  if (!parsed.data.ok)
    throw new SluiceError(
      'unavailable',
      `Slack refused ${method}: ${safeLine(parsed.data.error ?? 'no reason given', 100)}.`,
      {
        audience: 'person',
      },
    );
  return parsed.data;
}

/** Sends a message to one person. The receipt says which it was, so that it can be changed. */
export async function sendSlack(notice: Notice, slackUserId: string, options: SlackOptions): Promise<Delivered> {
  const sent = await callSlack('chat.postMessage', { channel: slackUserId, ...slackMessage(notice) }, options);
  return {
    receipt: sent.channel === undefined || sent.ts === undefined ? null : { channel: sent.channel, ts: sent.ts },
  };
}

/** Puts other words in a message's place: what became of it, without buttons. */
export async function updateSlack(
  notice: Notice,
  receipt: { readonly channel: string; readonly ts: string },
  options: SlackOptions,
): Promise<void> {
  await callSlack('chat.update', { ...receipt, ...slackMessage(notice) }, options);
}

/** Block Kit. `text` is what a notification shows, and is escaped like the rest. */
export function slackMessage(notice: Notice): {
  readonly text: string;
  readonly blocks: readonly object[];
  readonly unfurl_links: false;
} {
  const title = slackText(safeLine(notice.title));
  const facts = notice.facts.map(({ name, value }) => `${slackText(name)}: ${slackText(safeLine(value, 300))}`);
  const section = (text: string) => ({
    type: 'section',
    text: { type: 'mrkdwn', text: text.slice(0, maxSectionCharacters), verbatim: true },
  });
  const statement =
    notice.statement === null ? [] : [section(`\`\`\`${slackCode(safeStatement(notice.statement))}\`\`\``)];
  return {
    text: title,
    blocks: [
      section(`*${title}*\n${facts.join('\n')}`),
      ...statement,
      { type: 'actions', elements: buttonsOf(notice) },
    ],
    unfurl_links: false,
  };
}

function buttonsOf({ decide, url }: Notice): object[] {
  const button = (text: string, more: object) => ({ type: 'button', text: { type: 'plain_text', text }, ...more });
  const open = button(decide?.inWebOnly === true ? 'Decide in Sluice' : 'Open in Sluice', { action_id: 'open', url });
  if (decide === null || decide.inWebOnly) return [open];
  const value = decide.approvalId;
  return [
    button('Approve', { action_id: 'approve', value, style: 'primary' }),
    button('Deny', { action_id: 'deny', value, style: 'danger' }),
    open,
  ];
}

/** The window that asks for a comment. */
export function slackCommentView(request: {
  readonly approvalId: string;
  readonly outcome: 'approve' | 'deny';
  readonly title: string;
  readonly required: boolean;
}): object {
  const { approvalId, outcome, title, required } = request;
  const word = outcome === 'approve' ? 'Approve' : 'Deny';
  return {
    type: 'modal',
    callback_id: 'decide',
    private_metadata: JSON.stringify({ approvalId, outcome }),
    title: { type: 'plain_text', text: word },
    submit: { type: 'plain_text', text: word },
    close: { type: 'plain_text', text: 'Cancel' },
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: slackText(safeLine(title)), verbatim: true } },
      {
        type: 'input',
        block_id: 'comment',
        optional: !required,
        label: { type: 'plain_text', text: 'Comment, sent to whoever asked' },
        element: { type: 'plain_text_input', action_id: 'comment', multiline: true, max_length: 2_000 },
      },
    ],
  };
}

/** Whether a request was signed by Slack with this secret, now (v0: HMAC-SHA-256 over `v0:timestamp:body`). */
export function isSignedBySlack(request: {
  readonly signingSecret: Secret;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly body: string;
  readonly now: Date;
}): boolean {
  const { signingSecret, timestamp, signature, body, now } = request;
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now.getTime() / 1_000 - Number(timestamp)) > signatureWindowSeconds) return false;
  const expected = createHmac('sha256', signingSecret.reveal()).update(`v0:${timestamp}:${body}`, 'utf8').digest('hex');
  return equalConstantTime(signature, `v0=${expected}`);
}
