import { randomInt } from 'node:crypto';
import {
  findSlackLink,
  keepPreference,
  keepSlackCode,
  listChannels,
  listPreferences,
  removeSlackLink,
} from '@sluice/database';
import { sha256 } from '@sluice/keys';
import { z } from 'zod';
import { nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import type { PreferencesView } from '../views.ts';
import { mutedSchema, notificationKinds } from './kinds.ts';

/** A code is typed by hand, so it is short, and so it lives shortly and works once. In ms. */
const slackCodeMs = 10 * 60_000;
const codeLength = 8;
/** Without letters that look alike. */
const codeAlphabet = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';

/** The caller's own wishes. */
export const showPreferences = query({
  permission: 'notifications.write.own',
  input: nothing,
  run: async ({ db, caller }): Promise<PreferencesView> => {
    const { id: personId } = caller.actor;
    const [preference] = await listPreferences(db, [personId]);
    const link = await findSlackLink(db, personId);
    const ways = (await listChannels(db)).filter(({ enabled }) => enabled).map(({ kind }) => kind);
    return {
      kinds: notificationKinds.map(({ kind, label, urgent }) => ({ kind, label, urgent })),
      muted: mutedSchema.safeParse(preference?.muted ?? {}).data ?? {},
      pausedUntil: preference?.pausedUntil ?? null,
      email: ways.includes('email'),
      slack: ways.includes('slack'),
      slackLinkedAt: link?.slackUserId == null ? null : link.linkedAt,
    };
  },
});

export const savePreferences = mutation({
  permission: 'notifications.write.own',
  input: z.strictObject({ muted: mutedSchema, pausedUntil: z.date().nullable() }),
  run: async ({ input, tx, caller }) => {
    await keepPreference(tx, { personId: caller.actor.id, ...input });
    return {
      output: { ok: true as const },
      audit: {
        sentence: 'changed what they are told of',
        subject: { type: 'person', id: caller.actor.id, name: caller.actor.name },
        after: input,
      },
    };
  },
});

/** A code that links whoever sends it to the bot in Slack. Only its hash is kept. */
export const beginSlackLink = mutation({
  permission: 'notifications.write.own',
  input: nothing,
  run: async ({ tx, caller, now }) => {
    const code = Array.from({ length: codeLength }, () => codeAlphabet.charAt(randomInt(codeAlphabet.length))).join('');
    const expiresAt = new Date(now.getTime() + slackCodeMs);
    await keepSlackCode(tx, caller.actor.id, slackCodeHash(code), expiresAt);
    return {
      output: { code, expiresAt },
      audit: {
        sentence: 'asked for a code to link their Slack user',
        subject: { type: 'person', id: caller.actor.id, name: caller.actor.name },
      },
    };
  },
});

export const endSlackLink = mutation({
  permission: 'notifications.write.own',
  input: nothing,
  run: async ({ tx, caller }) => {
    await removeSlackLink(tx, caller.actor.id);
    return {
      output: { ok: true as const },
      audit: {
        sentence: 'unlinked their Slack user',
        subject: { type: 'person', id: caller.actor.id, name: caller.actor.name },
      },
    };
  },
});

export function slackCodeHash(code: string): string {
  return sha256(`sluice-slack-link ${code.trim().toUpperCase()}`);
}
