import type { ApprovalRow } from '@sluice/database';
import {
  changeWaiting,
  createApproval,
  findApproval,
  findApprovalByEffect,
  findApprovals,
  findConnection,
  lockApproval,
  moveApproval,
  servesConnection,
  setImpact,
  setUndo,
} from '@sluice/database';
import type {
  ApprovalCreate,
  ApprovalStatus,
  approvalCancelSchema,
  approvalConsumeSchema,
  approvalImpactSchema,
  approvalOutcomeSchema,
  HoldDemands,
  Impact,
  settledRequestSchema,
  settledResponseSchema,
} from '@sluice/domain';
import { assertionSchema, impactSchema, isId, SluiceError } from '@sluice/domain';
import { type DeciderRights, rightsOfDeciders, standingOf } from '@sluice/identity';
import { sha256 } from '@sluice/keys';
import type { z } from 'zod';
import { acceptedTicket } from '../approvals/approval-views.ts';
import { settledSentence, stateOf } from '../approvals/eligibility.ts';
import { missingWords } from '../approvals/missing-words.ts';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';
import { storableText } from './storable-text.ts';

/** A hold that asks for longer than this is cut. In ms. */
const maxHoldMs = 7 * 24 * 3_600_000;
/** An approval that nobody used for this long after it was given has lapsed. In ms. */
const approvedLifeMs = 3_600_000;

/**
 * Stores a hold and answers its status. Raising the same id again changes nothing. Where a connection refuses instead of waiting,
 * the same effect asked for again finds the approval that is open or unused.
 */
export async function raiseApproval(
  services: GatewayServices,
  gateway: GatewayCaller,
  request: ApprovalCreate,
  now: Date,
): Promise<ApprovalStatus> {
  const { database } = services;
  const { id, connectionId, sessionId, statementId, gatewayStartId, actor } = request;
  if (![id, connectionId, sessionId, statementId, gatewayStartId, actor.id].every(isId))
    throw new SluiceError('bad-request', 'An id of the approval has a wrong form.', { audience: 'operator' });
  const connection = await findConnection(database.db, { id: connectionId });
  if (connection === null || !servesConnection(connection, gateway.id)) throw noSuchApproval('connection');
  if (request.behaviour === 'refuse') {
    const found = await findApprovalByEffect(
      database.db,
      { gatewayId: gateway.id, connectionId, actorId: actor.id, effectDigest: request.effectDigest },
      { now, approvedAfter: new Date(now.getTime() - approvedLifeMs) },
    );
    if (found !== null) return statusOf(services, await withStated(services, found, request), now);
  }
  const expiresAt = new Date(Math.min(new Date(request.expiresAt).getTime(), now.getTime() + maxHoldMs));
  const { owner, binds, objects, approvers, demands, alike, stated: _, ...rest } = request;
  const stated = statedColumns({ demands: demands ?? null }, request);
  await database.transaction((tx) =>
    createApproval(tx, {
      ...rest,
      gatewayId: gateway.id,
      actorId: actor.id,
      ownerId: actor.onBehalfOf?.id ?? null,
      statementText: storableText(request.statementText),
      canonicalText: storableText(request.canonicalText),
      binds: binds.map((bind) => (bind === null ? null : storableText(bind))),
      objects: objects.map(storableText),
      reason: storableText(request.reason),
      shape: sha256(JSON.stringify([request.command, objects, request.filter])),
      approvers: [...approvers],
      asked: demands?.stages[0]?.approvers.slice() ?? [...approvers],
      demands: demands ?? null,
      alikeOffer: alike ?? null,
      ...stated,
      ...escalationColumns(demands?.escalate ?? null, now),
      ownerCounts: owner,
      ceiling: request.ceiling ?? null,
      createdAt: now,
      expiresAt,
    }),
  );
  return statusOf(services, await ownApproval(services, gateway, id), now);
}

/** The requester's words as they are kept; a ticket that has not the form that the rule asks for is none. */
function statedColumns(row: Pick<ApprovalRow, 'demands'>, { stated }: ApprovalCreate) {
  const ticket = acceptedTicket(row, stated?.ticket ?? null);
  return {
    statedReason: stated?.reason ? storableText(stated.reason) : null,
    statedTicket: ticket === null ? null : storableText(ticket),
  };
}

/** When the rule's escalation is due, and to whom. */
function escalationColumns(escalate: HoldDemands['escalate'], now: Date) {
  return escalate === null
    ? {}
    : { escalateAt: new Date(now.getTime() + escalate.afterSeconds * 1_000), escalateTo: [...escalate.to] };
}

/** Asked again, a requester may add the words that were missing. What was said before stays: somebody may rely on it. */
async function withStated(
  services: GatewayServices,
  found: ApprovalRow,
  request: ApprovalCreate,
): Promise<ApprovalRow> {
  const stated = statedColumns(found, request);
  const added = {
    ...(found.statedReason === null && stated.statedReason !== null ? { statedReason: stated.statedReason } : {}),
    ...(found.statedTicket === null && stated.statedTicket !== null ? { statedTicket: stated.statedTicket } : {}),
  };
  if (Object.keys(added).length === 0 || !(await changeWaiting(services.database.db, found.id, added))) return found;
  return { ...found, ...added };
}

export async function showStatus(
  services: GatewayServices,
  gateway: GatewayCaller,
  id: string,
  now: Date,
): Promise<ApprovalStatus> {
  return statusOf(services, await ownApproval(services, gateway, id), now);
}

/** Those of the gateway’s own approvals that no longer wait. Whatever else is asked for is left out, not told apart. */
export async function showSettled(
  services: GatewayServices,
  gateway: GatewayCaller,
  { ids }: z.infer<typeof settledRequestSchema>,
  now: Date,
): Promise<z.infer<typeof settledResponseSchema>> {
  const rows = await findApprovals(services.database.db, ids.filter(isId));
  const settled = rows.filter((row) => row.gatewayId === gateway.id).map((row) => statusOf(services, row, now));
  return { settled: settled.filter(({ state }) => state !== 'waiting') };
}

/**
 * approved → consumed, for one caller only, under the row's lock. Who approved is judged once more as they stand now, and the
 * connection must be the one that was approved for: else the approval is void. Throws SluiceError `conflict` when it may not be used.
 */
export async function consumeApproval(
  services: GatewayServices,
  gateway: GatewayCaller,
  id: string,
  request: z.infer<typeof approvalConsumeSchema>,
  now: Date,
): Promise<ApprovalStatus> {
  const row = await ownApproval(services, gateway, id);
  if (row.effectDigest !== request.effectDigest) throw conflict('Another effect was approved than the one to run.');
  if (row.behaviour === 'wait' && row.gatewayStartId !== request.gatewayStartId)
    throw conflict('The hold belongs to an earlier start of the gateway.');
  const problem = await services.database.transaction(async (tx) => {
    const locked = await lockApproval(tx, id);
    if (locked === null) throw noSuchApproval('approval');
    const isFresh = locked.settledAt !== null && locked.settledAt.getTime() > now.getTime() - approvedLifeMs;
    if (locked.state !== 'approved' || !isFresh) return notApproved(locked, now);
    const moved = movedSinceApproved(locked, await rightsOfDeciders(tx, [locked], now), now);
    if (moved !== null) {
      await moveApproval(tx, id, { from: ['approved'], to: 'void' }, { comment: moved });
      return moved;
    }
    const consumed = { consumedAt: now, consumedByStartId: request.gatewayStartId };
    await moveApproval(tx, id, { from: ['approved'], to: 'consumed' }, consumed);
    return null;
  });
  if (problem !== null) throw conflict(problem);
  return showStatus(services, gateway, id, now);
}

/** What has changed at the control plane so that the approval holds no more, as a sentence; null: nothing. */
function movedSinceApproved(row: ApprovalRow, deciders: DeciderRights, now: Date): string | null {
  if (row.connection.deletedAt !== null || row.connection.revision !== row.connectionRevision)
    return 'The connection has changed since it was asked for.';
  const { open, lapsed } = standingOf(row, deciders, now);
  if (open === null) return null;
  const [because = 'too few people approve it'] = lapsed.values();
  return `The approval no longer counts: ${because}.`;
}

/** consumed → what became of it, told by the process that consumed it. Telling the same again changes nothing. */
export async function noteOutcome(
  services: GatewayServices,
  gateway: GatewayCaller,
  id: string,
  request: z.infer<typeof approvalOutcomeSchema>,
  now: Date,
): Promise<ApprovalStatus> {
  await ownApproval(services, gateway, id);
  const noted = await moveApproval(
    services.database.db,
    id,
    { from: ['consumed'], to: request.outcome },
    {
      outcomeAt: now,
      outcomeRows: request.rows === null ? null : BigInt(request.rows),
      outcomeMs: request.durationMs,
      outcomeError: request.error === null ? null : storableText(request.error),
    },
    { consumedByStartId: request.gatewayStartId },
  );
  if (noted && request.undo !== undefined) await setUndo(services.database.db, id, { undo: request.undo });
  const status = await showStatus(services, gateway, id, now);
  if (!noted && status.state !== request.outcome) throw conflict(`The approval is ${status.state}, not consumed.`);
  return status;
}

/** Keeps what the gateway found the statement would touch: for its own approval of this start, until somebody has decided. */
export async function noteImpact(
  services: GatewayServices,
  gateway: GatewayCaller,
  id: string,
  request: z.infer<typeof approvalImpactSchema>,
): Promise<void> {
  const row = await ownApproval(services, gateway, id);
  if (row.behaviour === 'wait' && row.gatewayStartId !== request.gatewayStartId)
    throw conflict('The hold belongs to an earlier start of the gateway.');
  if (!(await setImpact(services.database.db, id, storable(request.impact))))
    throw conflict('The approval is decided upon already.');
}

/** PostgreSQL's JSON holds no NUL. */
function storable(impact: Impact): Impact {
  return impactSchema.parse(
    JSON.parse(
      JSON.stringify(impact, (_, value: unknown) => (typeof value === 'string' ? storableText(value) : value)),
    ),
  );
}

/** waiting or approved → over, because nothing waits for it any more. */
export async function cancelApproval(
  services: GatewayServices,
  gateway: GatewayCaller,
  id: string,
  request: z.infer<typeof approvalCancelSchema>,
  now: Date,
): Promise<ApprovalStatus> {
  await ownApproval(services, gateway, id);
  const moved = await moveApproval(
    services.database.db,
    id,
    { from: ['waiting', 'approved'], to: request.state },
    { settledAt: now, comment: storableText(request.reason) },
  );
  const status = await showStatus(services, gateway, id, now);
  const over = status.state === 'cancelled' || status.state === 'expired' || status.state === 'void';
  if (!moved && !over) throw conflict(`The approval is ${status.state} already.`);
  return status;
}

async function ownApproval(services: GatewayServices, gateway: GatewayCaller, id: string): Promise<ApprovalRow> {
  const row = isId(id) ? await findApproval(services.database.db, id) : null;
  if (row === null || row.gatewayId !== gateway.id) throw noSuchApproval('approval');
  return row;
}

function statusOf(services: GatewayServices, row: ApprovalRow, now: Date): ApprovalStatus {
  return {
    id: row.id,
    state: stateOf(row, now),
    decidedBy: row.decisions.map((decision) => decision.person.name),
    comment: row.comment,
    missing: missingWords(row),
    decisions: row.decisions.map((decision) => ({
      personId: decision.personId,
      name: decision.person.name,
      outcome: decision.outcome === 'approve' ? ('approve' as const) : ('deny' as const),
      assertion: assertionSchema.nullable().parse(decision.assertion),
    })),
    url: `${services.publicUrl}/approvals/${row.id}`,
  };
}

function notApproved(row: ApprovalRow, now: Date): string {
  return row.state === 'approved' ? 'The approval has lapsed unused.' : settledSentence(stateOf(row, now));
}

function conflict(message: string): SluiceError {
  return new SluiceError('conflict', message, { audience: 'operator', hint: 'Ask for approval again.' });
}

function noSuchApproval(what: string): SluiceError {
  return new SluiceError('not-found', `This gateway has no such ${what}.`, { audience: 'operator' });
}
