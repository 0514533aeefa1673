import type { ApprovalRow, ApprovalScope, Db } from '@sluice/database';
import { countEarlier, findPolicyVersion } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { impactSchema, labelsSchema } from '@sluice/domain';
import { z } from 'zod';
import { personActorView, storedActor, toActorView } from '../actor-views.ts';
import { checkSource } from '../policies/policy-views.ts';
import type { ApprovalDetail, ApprovalSummary } from '../views.ts';
import { approverNames, isOwn, ownIds } from '../visibility.ts';
import { mayAnswer, mayDecide, stateOf } from './eligibility.ts';

const dayMs = 24 * 3_600_000;

export function toApprovalSummary(row: ApprovalRow, now: Date): ApprovalSummary {
  return {
    id: row.id,
    state: stateOf(row, now),
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    command: row.command,
    kind: row.kind,
    objects: row.objects,
    filter: row.filter,
    connection: { ...row.connection, labels: labelsSchema.parse(row.connection.labels) },
    actor: toActorView(storedActor(row.actor)),
    rule: row.rule,
    sessionId: row.sessionId,
  };
}

export async function toApprovalDetail(db: Db, row: ApprovalRow, viewer: Actor, now: Date): Promise<ApprovalDetail> {
  return {
    ...toApprovalSummary(row, now),
    statementId: row.statementId,
    statementText: row.statementText,
    canonicalText: row.canonicalText,
    binds: z.array(z.string().nullable()).parse(row.binds),
    reason: row.reason,
    ruleDescription: await describeRuleOf(db, row),
    approvers: row.ownerCounts ? [...row.approvers, 'the agent’s owner'] : row.approvers,
    count: row.count,
    behaviour: row.behaviour === 'refuse' ? 'refuse' : 'wait',
    decisions: row.decisions.map((decision) => ({
      by: personActorView(decision.person),
      outcome: decision.outcome === 'approve' ? ('approve' as const) : ('deny' as const),
      comment: decision.comment,
      at: decision.at,
    })),
    outcome:
      row.outcomeAt === null
        ? null
        : {
            rows: row.outcomeRows === null ? null : Number(row.outcomeRows),
            durationMs: row.outcomeMs ?? 0,
            error: row.outcomeError,
            at: row.outcomeAt,
          },
    mayDecide: mayDecide(viewer, row, now),
    impact: readImpact(row.impact),
    earlier: await countEarlier(db, row, new Date(now.getTime() - dayMs)),
    policyVersion: row.policyVersion,
  };
}

/** One in a form of before or after this version's shows nothing. */
function readImpact(stored: unknown): ApprovalDetail['impact'] {
  const read = impactSchema.safeParse(stored);
  return read.success ? read.data : null;
}

/** What a caller without the wide permission sees: their own, their agents', and those on which they may be asked. */
export function approvalScope(actor: Actor): ApprovalScope {
  return { actorIds: ownIds(actor), approverNames: approverNames(actor) };
}

export function maySee(actor: Actor, row: ApprovalRow): boolean {
  return isOwn(actor, row) || mayAnswer(actor, row).yes;
}

/** The rule's sentence in the version that held, for people who decide. */
async function describeRuleOf(db: Db, row: ApprovalRow): Promise<string | null> {
  if (row.rule === null) return null;
  const version = await findPolicyVersion(db, row.policyVersion);
  if (version === null) return null;
  return checkSource(version.source).rules.find((rule) => rule.name === row.rule)?.sentence ?? null;
}
