import type { Db, Tx } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withPerson = {
  person: { include: { memberships: { include: { group: true } } } },
} satisfies Prisma.SlackLinkInclude;
export type SlackLinkRow = Prisma.SlackLinkGetPayload<{ include: typeof withPerson }>;

/** The link of a person, whether or not it is proved yet. */
export function findSlackLink(db: Db, personId: string): Promise<SlackLinkRow | null> {
  return db.slackLink.findUnique({ where: { personId }, include: withPerson });
}

/** Who a Slack user is here; null when nobody said so, or they are disabled. */
export function findPersonBySlack(db: Db, teamId: string, userId: string): Promise<SlackLinkRow | null> {
  return db.slackLink.findFirst({
    where: { slackTeamId: teamId, slackUserId: userId, person: { disabledAt: null } },
    include: withPerson,
  });
}

/** People who are linked, of these. */
export async function listSlackLinked(db: Db, personIds: readonly string[]): Promise<Set<string>> {
  const rows = await db.slackLink.findMany({
    where: { personId: { in: [...personIds] }, slackUserId: { not: null } },
    select: { personId: true },
  });
  return new Set(rows.map(({ personId }) => personId));
}

/** Puts a code out that links whoever sends it. A link that is there stays until the code is used. */
export async function keepSlackCode(tx: Tx, personId: string, codeHash: string, codeExpiresAt: Date): Promise<void> {
  const code = { codeHash, codeExpiresAt };
  await tx.slackLink.upsert({ where: { personId }, create: { personId, ...code }, update: code });
}

/** Spends a code. Returns whose it was, or null when it is unknown, spent or too old, or the Slack user is linked to somebody else. */
export async function useSlackCode(
  tx: Tx,
  codeHash: string,
  slack: { readonly teamId: string; readonly userId: string },
  now: Date,
): Promise<SlackLinkRow | null> {
  const { teamId: slackTeamId, userId: slackUserId } = slack;
  const linked = await tx.slackLink.findFirst({ where: { slackTeamId, slackUserId } });
  if (linked !== null && linked.codeHash !== codeHash) return null;
  const { count } = await tx.slackLink.updateMany({
    where: { codeHash, codeExpiresAt: { gt: now }, person: { disabledAt: null } },
    data: { slackTeamId, slackUserId, codeHash: null, codeExpiresAt: null, linkedAt: now },
  });
  if (count === 0) return null;
  return tx.slackLink.findFirst({ where: { slackTeamId, slackUserId }, include: withPerson });
}

export async function removeSlackLink(tx: Tx, personId: string): Promise<void> {
  await tx.slackLink.deleteMany({ where: { personId } });
}
