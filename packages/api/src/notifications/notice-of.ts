import type { ApprovalRow, Db, NotificationEventRow } from '@sluice/database';
import { findAccessRequest, findApproval, findGateway, findGrant, findSession } from '@sluice/database';
import { impactSchema } from '@sluice/domain';
import type { Notice } from '@sluice/jobs';
import { storedActor } from '../actor-views.ts';
import { settledSentence, stateOf } from '../approvals/eligibility.ts';

type Words = Pick<Notice, 'title' | 'facts' | 'statement' | 'url' | 'data' | 'decide'>;

/**
 * The message of an event as things stand now; null when it is no longer worth sending. It holds what the row holds: texts that the
 * gateway masked before it sent them.
 */
export async function noticeOf(
  db: Db,
  event: NotificationEventRow,
  { id, publicUrl, now }: { readonly id: string; readonly publicUrl: string; readonly now: Date },
): Promise<Notice | null> {
  const words = await wordsOf(db, event, publicUrl, now);
  return words === null ? null : { id, kind: event.kind, at: event.createdAt, ...words };
}

async function wordsOf(db: Db, event: NotificationEventRow, publicUrl: string, now: Date): Promise<Words | null> {
  const { kind, subjectId } = event;
  switch (kind) {
    case 'approval-waiting':
    case 'approval-escalated': {
      const row = await findApproval(db, subjectId);
      return row === null || stateOf(row, now) !== 'waiting' ? null : approvalWords(row, publicUrl, now);
    }
    case 'approval-decided':
    case 'approval-over': {
      const row = await findApproval(db, subjectId);
      return row === null ? null : approvalWords(row, publicUrl, now);
    }
    case 'access-requested':
    case 'access-decided':
      return accessWords(db, subjectId, publicUrl);
    case 'break-glass-opened':
    case 'break-glass-closed':
    case 'break-glass-review-due':
      return breakGlassWords(db, kind, subjectId, publicUrl);
    case 'gateway-offline': {
      const gateway = await findGateway(db, subjectId);
      if (gateway === null || gateway.revokedAt !== null) return null;
      const last = gateway.lastSeenAt === null ? 'never' : gateway.lastSeenAt.toISOString();
      const facts = [{ name: 'Last heard of', value: last }];
      return plain(`Gateway ${gateway.name} is offline`, facts, `${publicUrl}/gateways`, { gatewayId: gateway.id });
    }
    case 'gateway-cannot-record': {
      const gateway = await findGateway(db, subjectId);
      // It can again: there is nothing left to do.
      if (gateway === null || gateway.revokedAt !== null || gateway.spoolProblem === null) return null;
      const facts = [{ name: 'Problem', value: gateway.spoolProblem }];
      const title = `Gateway ${gateway.name} cannot record and refuses new statements`;
      return plain(title, facts, `${publicUrl}/gateways`, { gatewayId: gateway.id });
    }
    case 'recording-damaged': {
      const session = await findSession(db, subjectId);
      if (session === null) return null;
      const facts = [
        { name: 'Connection', value: session.connection.name },
        ...session.problems.slice(0, 5).map((problem) => ({ name: 'Problem', value: problem })),
      ];
      return plain('A recording does not verify', facts, `${publicUrl}/sessions/${session.id}`, {
        sessionId: session.id,
      });
    }
    case 'test':
      return plain('A test message from Sluice', [], publicUrl, {});
    default:
      return null;
  }
}

/** What stands on the approval's page, as of now: what waits can be decided, what is over says how it ended. */
export function approvalWords(row: ApprovalRow, publicUrl: string, now: Date): Words {
  const actor = storedActor(row.actor);
  const state = stateOf(row, now);
  const isWaiting = state === 'waiting';
  const who = actor.onBehalfOf === null ? actor.name : `${actor.name} for ${actor.onBehalfOf.name}`;
  const objects = row.objects.slice(0, 3).join(', ');
  const decided = row.decisions.map(
    ({ person, outcome, comment }) =>
      `${person.name} ${outcome === 'approve' ? 'approved' : 'denied'}${comment === null ? '' : `: ${comment}`}`,
  );
  const impact = impactSchema.safeParse(row.impact);
  const estimate = impact.success ? JSON.stringify(impact.data).length > 0 : false;
  return {
    title: isWaiting
      ? `${row.command} on ${row.connection.name} waits for a decision`
      : `${row.command} on ${row.connection.name}: ${settledSentence(state)}`,
    facts: [
      { name: 'Asked by', value: who },
      { name: 'Touches', value: objects === '' ? '—' : objects },
      { name: 'Why it is held', value: row.reason },
      ...(row.statedReason === null ? [] : [{ name: 'Reason given', value: row.statedReason }]),
      ...(row.statedTicket === null ? [] : [{ name: 'Ticket', value: row.statedTicket }]),
      ...(estimate ? [{ name: 'Impact', value: 'is shown on the page' }] : []),
      ...(isWaiting ? [{ name: 'Expires', value: row.expiresAt.toISOString() }] : []),
      ...decided.map((value) => ({ name: 'Decision', value })),
    ],
    statement: row.canonicalText,
    url: `${publicUrl}/approvals/${row.id}`,
    data: { approvalId: row.id, state, connection: row.connection.name, command: row.command, actorId: actor.id },
    decide: isWaiting ? { approvalId: row.id, inWebOnly: row.connection.stepUp === 'passkey' } : null,
  };
}

async function accessWords(db: Db, id: string, publicUrl: string): Promise<Words | null> {
  const request = await findAccessRequest(db, id);
  if (request === null) return null;
  const who = request.person?.name ?? request.serviceIdentity?.name ?? 'somebody';
  const isWaiting = request.state === 'waiting';
  const facts = [
    { name: 'Asked by', value: who },
    { name: 'Reason', value: request.reason },
    { name: 'For', value: `${Math.round(request.seconds / 60)} minutes` },
  ];
  const what = request.kind === 'unmask' ? 'to read unmasked' : 'to connect';
  const title = isWaiting
    ? `${who} asks ${what}: ${request.connection.name}`
    : `The request ${what}, ${request.connection.name}, is ${request.state}`;
  return plain(title, facts, `${publicUrl}/connections/${request.connection.id}`, {
    requestId: id,
    state: request.state,
  });
}

async function breakGlassWords(db: Db, kind: string, id: string, publicUrl: string): Promise<Words | null> {
  const grant = await findGrant(db, id);
  if (grant === null || (kind === 'break-glass-review-due' && grant.reviewedAt !== null)) return null;
  const who = grant.person?.name ?? grant.serviceIdentity?.name ?? 'somebody';
  const what = { 'break-glass-opened': 'took', 'break-glass-closed': 'no longer has' }[kind];
  const title =
    what === undefined ? `Break-glass access of ${who} waits for a review` : `${who} ${what} break-glass access`;
  const facts = [
    { name: 'Connection', value: grant.connection?.name ?? 'several, by label' },
    { name: 'Reason', value: grant.reason },
    { name: 'Until', value: grant.expiresAt.toISOString() },
  ];
  return plain(title, facts, `${publicUrl}/audit`, { grantId: id });
}

function plain(title: string, facts: Notice['facts'], url: string, data: Notice['data']): Words {
  return { title, facts, statement: null, url, data, decide: null };
}
