/** What comes back from Slack: buttons, the window for a comment, and the command that links a user. Decisions are the API's own. */
import {
  appendAuditEvent,
  findApproval,
  findChannel,
  findPersonBySlack,
  type SlackLinkRow,
  useSlackCode,
} from '@sluice/database';
import { Secret, SluiceError } from '@sluice/domain';
import { type Caller, demandsOf, standingOfPerson } from '@sluice/identity';
import { type AddressGuard, callSlack, isSignedBySlack, safeLine, slackCommentView } from '@sluice/jobs';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import type { ApiServices } from '../context.ts';
import { createCaller } from '../router.ts';
import { openChannel } from './channels.ts';
import { slackCodeHash } from './preferences.ts';

/** Slack's own bodies are far below this. Bytes. */
export const maxSlackBodyBytes = 256 * 1_024;

const user = z.looseObject({ id: z.string().max(64), team_id: z.string().max(64).optional() });
const team = z.looseObject({ id: z.string().max(64) }).nullish();
const actionsSchema = z.looseObject({
  type: z.literal('block_actions'),
  user,
  team,
  trigger_id: z.string().max(255),
  channel: z.looseObject({ id: z.string().max(64) }).nullish(),
  actions: z
    .array(z.looseObject({ action_id: z.string().max(255), value: z.string().max(64).optional() }))
    .min(1)
    .max(8),
});
const submissionSchema = z.looseObject({
  type: z.literal('view_submission'),
  user,
  team,
  view: z.looseObject({
    callback_id: z.literal('decide'),
    private_metadata: z.string().max(1_000),
    state: z.looseObject({
      values: z.record(z.string(), z.record(z.string(), z.looseObject({ value: z.string().nullish() }))),
    }),
  }),
});
const subjectSchema = z.strictObject({ approvalId: z.string(), outcome: z.enum(['approve', 'deny']) });
const commandSchema = z.looseObject({
  team_id: z.string().max(64),
  user_id: z.string().max(64),
  text: z.string().max(255).default(''),
});

export interface SlackRequest {
  readonly body: string;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly address: string | null;
}

interface Context {
  readonly services: ApiServices;
  readonly mayAsk: AddressGuard;
  readonly now: Date;
  readonly address: string | null;
}

interface Slack {
  readonly settings: { readonly apiUrl: string };
  readonly botToken: Secret;
  readonly mayAsk: AddressGuard;
}

/** Answers one request of Slack's with the JSON that Slack shows. Throws SluiceError `unauthenticated` for what Slack did not sign. */
export async function answerSlack(
  request: SlackRequest,
  { services, mayAsk, now }: { readonly services: ApiServices; readonly mayAsk: AddressGuard; readonly now: Date },
): Promise<object> {
  const row = await findChannel(services.database.db, { kind: 'slack' });
  const channel = row === null || !row.enabled ? null : openChannel(services.atRest, row);
  if (channel === null || channel.kind !== 'slack') throw notSlack();
  const { body, timestamp, signature, address } = request;
  const signingSecret = new Secret(channel.secrets.signingSecret);
  if (!isSignedBySlack({ signingSecret, timestamp, signature, body, now })) throw notSlack();
  const slack: Slack = { settings: channel.settings, botToken: new Secret(channel.secrets.botToken), mayAsk };
  const context: Context = { services, mayAsk, now, address };
  const form = new URLSearchParams(body);
  const payload = form.get('payload');
  if (payload === null) return linkUser(commandSchema.parse(Object.fromEntries(form)), context);
  const read: unknown = JSON.parse(payload);
  const actions = actionsSchema.safeParse(read);
  if (actions.success) return pressed(actions.data, slack, context);
  return submitted(submissionSchema.parse(read), context);
}

/** A button. Where a comment may or must be given a window asks for it; where the web must be used the message says so. */
async function pressed(event: z.infer<typeof actionsSchema>, slack: Slack, context: Context): Promise<object> {
  const [action] = event.actions;
  const outcome = z.enum(['approve', 'deny']).safeParse(action?.action_id);
  if (!outcome.success || action?.value === undefined) return {};
  const tell = (text: string) => tellPrivately(event, text, slack);
  const link = await findPersonBySlack(context.services.database.db, teamOf(event), event.user.id);
  if (link === null) {
    await tell('You are not linked to a person in Sluice. Open your account page there and send me the code.');
    return {};
  }
  const approval = await findApproval(context.services.database.db, action.value);
  if (approval === null) return {};
  if (approval.connection.stepUp === 'passkey') {
    await tell(`This one is signed with a passkey: ${context.services.publicUrl}/approvals/${approval.id}`);
    return {};
  }
  const required = demandsOf(approval)?.comment === true;
  if (required || outcome.data === 'deny') {
    const title = `${approval.command} on ${approval.connection.name}`;
    const view = slackCommentView({ approvalId: approval.id, outcome: outcome.data, title, required });
    await callSlack('views.open', { trigger_id: event.trigger_id, view }, slack);
    return {};
  }
  const problem = await decide(link, { approvalId: approval.id, outcome: outcome.data, comment: null }, context);
  if (problem !== null) await tell(problem);
  return {};
}

async function submitted(event: z.infer<typeof submissionSchema>, context: Context): Promise<object> {
  const refused = (text: string) => ({ response_action: 'errors', errors: { comment: text } });
  const link = await findPersonBySlack(context.services.database.db, teamOf(event), event.user.id);
  if (link === null) return refused('You are not linked to a person in Sluice.');
  const { approvalId, outcome } = subjectSchema.parse(JSON.parse(event.view.private_metadata));
  const comment = event.view.state.values.comment?.comment?.value ?? null;
  const problem = await decide(link, { approvalId, outcome, comment }, context);
  return problem === null ? { response_action: 'clear' } : refused(problem);
}

/** The decision itself, by the one procedure there is: the same rights, the same audit event. Null when it was taken. */
async function decide(
  link: SlackLinkRow,
  decision: { readonly approvalId: string; readonly outcome: 'approve' | 'deny'; readonly comment: string | null },
  { services, address, now }: Context,
): Promise<string | null> {
  const caller: Caller = {
    ...(await standingOfPerson(services.database.db, link.person, now)),
    email: link.person.email,
    by: 'slack',
    credentialId: `${link.slackTeamId} ${link.slackUserId}`,
    expiresAt: null,
  };
  const api = createCaller({ services, caller, refusal: null, address, software: null });
  const { approvalId: id, outcome, comment } = decision;
  try {
    await api.approvals.decideApproval({ id, outcome, ...(comment === null ? {} : { comment }) });
    return null;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof SluiceError) return cause.message;
    throw error;
  }
}

/** `/sluice link CODE`: proves that a Slack user is the person who read the code on their account page. */
async function linkUser(command: z.infer<typeof commandSchema>, { services, now, address }: Context): Promise<object> {
  const [, code] = /^\s*(?:link\s+)?([A-Za-z0-9]{8})\s*$/.exec(command.text) ?? [];
  const say = (text: string) => ({ response_type: 'ephemeral', text });
  if (code === undefined) return say('Send “link” and the code that your account page in Sluice shows.');
  const slack = { teamId: command.team_id, userId: command.user_id };
  const name = await services.database.transaction(async (tx) => {
    const link = await useSlackCode(tx, slackCodeHash(code), slack, now);
    if (link === null) return null;
    const { id, name: called, role } = link.person;
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: { kind: 'person', id, name: called, role, onBehalfOf: null },
      action: 'notifications.linkSlack',
      sentence: `${called} linked their Slack user`,
      subject: { type: 'person', id, name: called },
      before: null,
      after: slack,
      address,
      through: { by: 'slack', id: `${slack.teamId} ${slack.userId}`, run: null, software: null },
    });
    return called;
  });
  if (name === null) return say('That code is not known, was used, or is too old. Ask for a new one in Sluice.');
  return say(`You are ${safeLine(name, 63)} in Sluice now.`);
}

async function tellPrivately(event: z.infer<typeof actionsSchema>, text: string, slack: Slack): Promise<void> {
  const channel = event.channel?.id ?? event.user.id;
  await callSlack('chat.postEphemeral', { channel, user: event.user.id, text: safeLine(text, 500) }, slack);
}

function teamOf(event: { readonly user: z.infer<typeof user>; readonly team?: z.infer<typeof team> }): string {
  return event.team?.id ?? event.user.team_id ?? '';
}

function notSlack(): SluiceError {
  return new SluiceError('unauthenticated', 'The request is not signed by Slack.', { audience: 'operator' });
}
