import type { ApprovalRow } from '@sluice/database';
import {
  createApproval,
  findApproval,
  findApprovalByEffect,
  findConnection,
  moveApproval,
  setImpact,
} from '@sluice/database';
import type {
  ApprovalCreate,
  ApprovalStatus,
  approvalCancelSchema,
  approvalConsumeSchema,
  approvalImpactSchema,
  approvalOutcomeSchema,
  Impact,
} from '@sluice/domain';
import { impactSchema, isId, SluiceError } from '@sluice/domain';
import { sha256 } from '@sluice/keys';
import type { z } from 'zod';
import { settledSentence, stateOf } from '../approvals/eligibility.ts';
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
  if (connection === null || connection.gatewayId !== gateway.id) throw noSuchApproval('connection');
  if (request.behaviour === 'refuse') {
    const found = await findApprovalByEffect(
      database.db,
      { gatewayId: gateway.id, connectionId, actorId: actor.id, effectDigest: request.effectDigest },
      { now, approvedAfter: new Date(now.getTime() - approvedLifeMs) },
    );
    if (found !== null) return statusOf(services, found, now);
  }
  const expiresAt = new Date(Math.min(new Date(request.expiresAt).getTime(), now.getTime() + maxHoldMs));
  const { owner, binds, objects, approvers, ...rest } = request;
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
      ownerCounts: owner,
      createdAt: now,
      expiresAt,
    }),
  );
  return statusOf(services, await ownApproval(services, gateway, id), now);
}

export async function showStatus(
  services: GatewayServices,
  gateway: GatewayCaller,
  id: string,
  now: Date,
): Promise<ApprovalStatus> {
  return statusOf(services, await ownApproval(services, gateway, id), now);
}

/** approved → consumed, for one caller only. Throws SluiceError `conflict` when it was anything else, or approved another effect. */
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
  const consumed = await moveApproval(
    services.database.db,
    id,
    { from: ['approved'], to: 'consumed' },
    { consumedAt: now, consumedByStartId: request.gatewayStartId },
    { settledAt: { gt: new Date(now.getTime() - approvedLifeMs) } },
  );
  if (!consumed) throw conflict(notApproved(await ownApproval(services, gateway, id), now));
  return showStatus(services, gateway, id, now);
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
