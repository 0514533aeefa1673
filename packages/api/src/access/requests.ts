/** Access for a time: asked for with a reason, granted by named people, gone by itself. */
import {
  countWaitingAccessRequests,
  createAccessDecision,
  createAccessRequest,
  createGrant,
  findAccessRequest,
  findConnection,
  type Holder,
  listAccessRules,
  listAccessRequests as listRows,
  lockAccessRequest,
  settleAccessRequest,
} from '@sluice/database';
import { labelsSchema, maxRequestSeconds, rulesFor, SluiceError } from '@sluice/domain';
import { toAccessRule } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import { tellAccessEvent } from './access-events.ts';
import { describeSeconds, isMine, requestState, toRequestView, whyNotDecide } from './access-views.ts';

/** Requests of one requester that wait at once. */
const maxWaiting = 10;
/** How long a request waits for its answer, in ms. */
const answerWithinMs = 24 * 3_600_000;
const listed = 200;
const reason = z.string().trim().min(3, 'say why').max(2_000);

export const requestAccess = mutation({
  permission: 'access.request',
  input: z.strictObject({
    connection: z.union([z.strictObject({ id }), z.strictObject({ name: slug })]),
    kind: z.enum(['just-in-time', 'unmask']).default('just-in-time'),
    reason,
    seconds: z.int().min(60).max(maxRequestSeconds),
  }),
  run: async ({ input, tx, caller, now }) => {
    const { actor } = caller;
    const connection = await findConnection(tx, input.connection);
    if (connection === null) throw notFound('connection');
    if (input.kind === 'unmask' && actor.kind !== 'person')
      throw new SluiceError('forbidden', 'Only a person may read unmasked.', {
        audience: 'person',
        hint: 'Ask for it yourself, with your own sign-in.',
      });
    const rows = await listAccessRules(tx);
    const rules = rows.flatMap((row) => toAccessRule(row) ?? []);
    const labels = labelsSchema.parse(connection.labels);
    const question = { actor, connection: { id: connection.id, labels }, now: now.getTime() };
    const [rule] = rulesFor(rules, 'request', question);
    const row = rows.find((one) => one.id === rule?.id);
    // Whoever may ask for nothing here learns nothing of the connection either.
    if (row === undefined) throw notFound('connection');
    if (row.maxSeconds !== null && input.seconds > row.maxSeconds)
      throw refusedInput(
        `At most ${describeSeconds(row.maxSeconds)} can be asked for here.`,
        'Ask for a shorter time.',
      );
    const requester: Holder = { kind: actor.kind, id: actor.id };
    if ((await countWaitingAccessRequests(tx, requester, now)) >= maxWaiting)
      throw new SluiceError('too-many', `${maxWaiting} of your requests wait for an answer.`, {
        audience: 'person',
        hint: 'Cancel some of them first.',
      });
    const made = await createAccessRequest(tx, {
      id: newId<'AccessRequest'>(),
      kind: input.kind,
      requester,
      connectionId: connection.id,
      reason: input.reason,
      seconds: input.seconds,
      approvers: row.approvers,
      approvalCount: row.approvalCount,
      expiresAt: new Date(now.getTime() + answerWithinMs),
    });
    await tellAccessEvent(tx, 'requested', made.id);
    const what = input.kind === 'unmask' ? 'to read unmasked on' : 'for access to';
    return {
      output: toRequestView(made, caller, now),
      audit: {
        sentence: `asked ${what} ${connection.name} for ${describeSeconds(input.seconds)}`,
        subject: { type: 'access-request', id: made.id, name: connection.name },
        after: { kind: input.kind, reason: input.reason, seconds: input.seconds, approvers: row.approvers },
      },
    };
  },
});

/** One denial ends it; it is granted when as many distinct people as the rule asks for agree. The time begins then. */
export const decideAccessRequest = mutation({
  permission: 'approvals.decide',
  input: z.strictObject({ id, outcome: z.enum(['approve', 'deny']), comment: z.string().trim().max(2_000).optional() }),
  run: async ({ input, tx, caller, may, now }) => {
    const { actor } = caller;
    const row = await lockAccessRequest(tx, input.id);
    const why = row === null ? null : whyNotDecide(row, caller, now);
    if (row === null || (why !== null && !may('access.read') && !isMine(row, actor))) throw notFound('request');
    if (why !== null)
      throw new SluiceError(requestState(row, now) === 'waiting' ? 'forbidden' : 'conflict', why, {
        audience: 'person',
        hint: 'Reload to see what became of it.',
      });
    const comment = input.comment === undefined || input.comment === '' ? null : input.comment;
    const { outcome } = input;
    await createAccessDecision(tx, {
      id: newId<'AccessDecision'>(),
      requestId: row.id,
      personId: actor.id,
      outcome,
      comment,
    });
    const agreed = row.decisions.filter((one) => one.outcome === 'approve').length + (outcome === 'approve' ? 1 : 0);
    if (outcome === 'deny') {
      await settleAccessRequest(tx, row.id, { state: 'denied', settledAt: now });
      await tellAccessEvent(tx, 'denied', row.id);
    } else if (agreed >= row.approvalCount) {
      const holder: Holder =
        row.personId === null
          ? { kind: 'service', id: row.serviceIdentity?.id ?? '' }
          : { kind: 'person', id: row.personId };
      const grant = await createGrant(tx, {
        id: newId<'Grant'>(),
        kind: row.kind === 'unmask' ? 'unmask' : 'just-in-time',
        name: row.kind,
        holder,
        scope: { connectionId: row.connectionId },
        bounds: null,
        reason: row.reason,
        grantedById: actor.id,
        startsAt: now,
        expiresAt: new Date(now.getTime() + row.seconds * 1_000),
      });
      await settleAccessRequest(tx, row.id, { state: 'granted', settledAt: now, grantId: grant.id });
      await tellAccessEvent(tx, 'granted', row.id);
    }
    const after = await findAccessRequest(tx, row.id);
    if (after === null) throw notFound('request');
    const view = toRequestView(after, caller, now);
    return {
      output: view,
      audit: {
        sentence: `${outcome === 'approve' ? 'agreed to' : 'refused'} ${view.requester.name}'s request for ${row.connection.name}`,
        subject: { type: 'access-request', id: row.id, name: row.connection.name },
        before: { state: 'waiting', agreed: row.decisions.length, of: row.approvalCount },
        after: { state: view.state, outcome, comment, grantId: after.grantId },
      },
    };
  },
});

export const cancelAccessRequest = mutation({
  permission: 'access.request',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, now }) => {
    const row = await lockAccessRequest(tx, input.id);
    if (row === null || !isMine(row, caller.actor)) throw notFound('request');
    if (requestState(row, now) !== 'waiting')
      throw new SluiceError('conflict', 'It waits for no answer any more.', {
        audience: 'person',
        hint: 'Reload to see what became of it.',
      });
    await settleAccessRequest(tx, row.id, { state: 'cancelled', settledAt: now });
    return {
      output: { id: row.id },
      audit: {
        sentence: `cancelled the request for ${row.connection.name}`,
        subject: { type: 'access-request', id: row.id, name: row.connection.name },
        before: { state: 'waiting' },
        after: { state: 'cancelled' },
      },
    };
  },
});

/** Everybody's for who may read access; else what is the caller's, and what waits for their answer. Newest first. */
export const listAccessRequests = query({
  permission: 'connections.read',
  input: z.strictObject({ connectionId: id.optional(), waiting: z.boolean().optional() }).optional(),
  run: async ({ input, db, caller, may, now }) => {
    const filter = {
      ...(input?.connectionId === undefined ? {} : { connectionId: input.connectionId }),
      ...(input?.waiting === true ? { waitingAt: now } : {}),
    };
    const views = (await listRows(db, filter, listed)).map((row) => toRequestView(row, caller, now));
    return views.filter((view) => may('access.read') || view.mine || view.mayDecide);
  },
});
