/** "The same for an hour": what a decision may cover beside its statement, and the grant that comes of it. */
import type { ApprovalRow, GrantRow, Tx } from '@sluice/database';
import { createGrant, findGrant, listGrantsInForce, revokeGrant } from '@sluice/database';
import {
  type AlikeBounds,
  type AlikeOffer,
  alikeBoundsSchema,
  alikeGrantName,
  alikeOfferSchema,
  defaultAlikeMinutes,
  maxAlikeMinutes,
  maxAlikeRows,
  SluiceError,
} from '@sluice/domain';
import { type ApprovalStanding, type Caller, demandsOf, onlyStanding } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { actsFor } from '../access/access-views.ts';
import { storedActor } from '../actor-views.ts';
import { notFound } from '../errors.ts';
import { id, nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import type { AlikeGrantView } from '../views.ts';

const minuteMs = 60_000;
/** Grants that a list shows. */
const maxListed = 100;

/** What a decision gives beside the one statement. */
export const alikeInput = z.strictObject({
  minutes: z.int().min(1).max(maxAlikeMinutes),
  rows: z.int().min(1).max(maxAlikeRows),
});
export type Alike = z.infer<typeof alikeInput>;

function offerOf(row: Pick<ApprovalRow, 'alikeOffer'>): AlikeOffer | null {
  const offer = alikeOfferSchema.safeParse(row.alikeOffer);
  return offer.success ? offer.data : null;
}

/** For how long a decision may cover others like it, and which; null: it covers its statement only. */
export function alikeChoice(row: ApprovalRow): { readonly maxMinutes: number; readonly covers: string } | null {
  const offer = offerOf(row);
  const maxMinutes = demandsOf(row)?.alikeMinutes ?? defaultAlikeMinutes;
  if (offer === null || maxMinutes === 0) return null;
  return { maxMinutes, covers: coverSentence(offer, row) };
}

/** Throws SluiceError `bad-request` where the statement's facts or the rule allow no such thing. */
export function checkAlike(row: ApprovalRow, alike: Alike): void {
  const choice = alikeChoice(row);
  if (choice !== null && alike.minutes <= choice.maxMinutes) return;
  const message =
    choice === null
      ? 'A decision on this statement covers it alone.'
      : `A decision covers others like it for at most ${choice.maxMinutes} minutes.`;
  throw new SluiceError('bad-request', message, { audience: 'person' });
}

/**
 * The grant that an approval's decisions give together, once they suffice: only where everybody whose consent counts gave it, and no
 * more than each of them did. Null where somebody did not.
 */
export async function grantAlike(
  tx: Tx,
  row: ApprovalRow,
  standing: ApprovalStanding,
  grantedById: string,
  now: Date,
): Promise<GrantRow | null> {
  const offer = offerOf(row);
  const given = standing.stages.flatMap((stage) => stage.given);
  const minutes = given.flatMap((decision) => decision.alikeMinutes ?? []);
  const rows = given.flatMap((decision) => decision.alikeRows ?? []);
  if (offer === null || minutes.length === 0 || minutes.length < given.length) return null;
  const actor = storedActor(row.actor);
  const bounds: AlikeBounds = {
    ...offer,
    approvalId: row.id,
    connectionId: row.connectionId,
    connectionRevision: row.connectionRevision,
    runId: actor.runId,
    rows: Math.min(...rows),
  };
  return createGrant(tx, {
    id: newId<'Grant'>(),
    kind: 'alike',
    name: alikeGrantName,
    holder: { kind: actor.kind, id: actor.id },
    scope: { connectionId: row.connectionId },
    bounds,
    reason: coverSentence(offer, row),
    grantedById,
    startsAt: now,
    expiresAt: new Date(now.getTime() + Math.min(...minutes) * minuteMs),
  });
}

/** What a reviewer reads before they tick the box: `UPDATE of public.customers (id, phone), rows chosen by a filter, by … on …`. */
function coverSentence({ statements }: AlikeOffer, row: Pick<ApprovalRow, 'actor' | 'connection'>): string {
  const actor = storedActor(row.actor);
  const what = statements.map(({ command, writes, reads, columns, filter }) => {
    const objects = writes.length > 0 ? writes : reads;
    const of = objects.length === 0 ? '' : ` of ${objects.join(', ')}`;
    const names = [...new Set(columns.map((column) => column.slice(column.lastIndexOf('.') + 1)))];
    const only = names.length === 0 ? '' : ` (columns ${names.join(', ')})`;
    return `${command}${of}${only}${filter === 'present' ? ', rows chosen by a filter' : ''}`;
  });
  const run = actor.runId === null ? '' : ' in this run';
  return `${what.join(' with ')}, by ${actor.name} on ${row.connection.name}${run}`;
}

function toView(row: GrantRow): AlikeGrantView {
  const bounds = alikeBoundsSchema.safeParse(row.bounds);
  return {
    id: row.id,
    covers: row.reason,
    rows: bounds.success ? bounds.data.rows : 0,
    approvalId: bounds.success ? bounds.data.approvalId : null,
    holder: row.person?.name ?? row.serviceIdentity?.name ?? '',
    connection: row.connection === null ? null : { id: row.connection.id, name: row.connection.name },
    grantedBy: row.grantedBy?.name ?? null,
    startsAt: row.startsAt,
    expiresAt: row.expiresAt,
  };
}

/** Whether the caller gave it, holds it, or owns the agent that does. */
function isOfCaller(row: GrantRow, caller: Caller): boolean {
  const { id } = caller.actor;
  return row.personId === id || row.grantedById === id || actsFor(row.serviceIdentity, caller.actor);
}

/** Grants of this kind that are in force: the caller's, or with the wide permission everybody's. */
export const listAlikeGrants = query({
  permission: 'approvals.read.own',
  input: nothing,
  run: async ({ db, caller, may, now }) => {
    const rows = await onlyStanding(db, await listGrantsInForce(db, { now, kinds: ['alike'] }, maxListed), now);
    const own = rows.filter((row) => isOfCaller(row, caller) || row.serviceIdentityId === caller.actor.id);
    return (may('approvals.read') ? rows : own).map(toView);
  },
});

/** Ends one early: leave is taken back by whoever gave it, whose it is, or anybody who sees all approvals. */
export const endAlikeGrant = mutation({
  permission: 'approvals.decide',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, may, now }) => {
    const row = await findGrant(tx, input.id);
    if (row === null || row.kind !== 'alike' || !(may('approvals.read') || isOfCaller(row, caller)))
      throw notFound('grant');
    if (!(await revokeGrant(tx, row.id, caller.actor.id, now)))
      throw new SluiceError('conflict', 'It has ended already.', { audience: 'person' });
    return {
      output: toView(row),
      audit: {
        sentence: `ended the leave for ${row.reason}`,
        subject: { type: 'grant', id: row.id, name: row.name },
        before: { expiresAt: row.expiresAt.toISOString() },
        after: { revokedAt: now.toISOString() },
      },
    };
  },
});
