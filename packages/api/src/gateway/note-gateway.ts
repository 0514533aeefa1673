import type { Database } from '@sluice/database';
import {
  answerExplainRequest,
  appendAuditEvent,
  createNotificationEvent,
  endApprovalsOfEarlierStarts,
  findExplainRequest,
  finishConnectionTest,
  interruptSessionsOfEarlierStarts,
  noteGatewayStart,
  noteGatewayState,
  noteOtherSessions,
  publish,
} from '@sluice/database';
import type { GatewayState, TargetSessionsReport, TestResult } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import type { NodeNotice } from '../node-notices.ts';

/** Keeps what a gateway says of itself; when it is a new process, ends what its earlier ones left open. */
export async function noteState(database: Database, gatewayId: string, state: GatewayState, now: Date): Promise<void> {
  await database.transaction(async (tx) => {
    const { previousStartId, previousProblem, name } = await noteGatewayState(tx, gatewayId, state, now);
    if (previousStartId !== state.startId) await endEarlierStarts(tx, gatewayId, state.startId, now);
    const problem = state.spoolProblem ?? null;
    if ((previousProblem === null) !== (problem === null)) await tellSpool(tx, { id: gatewayId, name }, problem, now);
  });
}

/** That a gateway cannot record, and refuses statements for it, is an event that people are told of; that it can again is an event. */
async function tellSpool(
  tx: Parameters<typeof appendAuditEvent>[0],
  gateway: { readonly id: string; readonly name: string },
  problem: string | null,
  now: Date,
): Promise<void> {
  await appendAuditEvent(tx, {
    id: newId<'AuditEvent'>(),
    at: now,
    actor: { kind: 'system', name: gateway.name },
    action: problem === null ? 'gateway.recordsAgain' : 'gateway.cannotRecord',
    sentence:
      problem === null
        ? `gateway ${gateway.name} can record again and takes statements`
        : `gateway ${gateway.name} cannot record and refuses new statements`,
    subject: { type: 'gateway', ...gateway },
    before: null,
    after: { problem },
    address: null,
  });
  if (problem === null) return;
  const dedupe = `gateway-cannot-record ${gateway.id} ${now.toISOString()}`;
  await createNotificationEvent(tx, { kind: 'gateway-cannot-record', subjectId: gateway.id, dedupe });
  await publish(tx, 'sluice_notice', { type: 'outbox' } satisfies NodeNotice);
}

/** The same for the hello with which a gateway opens a tunnel. */
export async function noteHello(
  database: Database,
  gatewayId: string,
  hello: { readonly startId: string; readonly version: string; readonly capabilities: readonly string[] },
  now: Date,
): Promise<void> {
  await database.transaction(async (tx) => {
    const { previousStartId } = await noteGatewayStart(tx, gatewayId, hello, now);
    if (previousStartId !== hello.startId) await endEarlierStarts(tx, gatewayId, hello.startId, now);
  });
}

async function endEarlierStarts(
  tx: Parameters<typeof endApprovalsOfEarlierStarts>[0],
  gatewayId: string,
  startId: string,
  now: Date,
): Promise<void> {
  await endApprovalsOfEarlierStarts(tx, gatewayId, startId, now);
  await interruptSessionsOfEarlierStarts(tx, gatewayId, startId, now);
}

/** Keeps who else is at a target, and puts those who are new into the audit chain: each came by another road. */
export async function noteTargetSessions(
  database: Database,
  gatewayId: string,
  report: TargetSessionsReport,
  now: Date,
): Promise<void> {
  await database.transaction(async (tx) => {
    const noted = await noteOtherSessions(tx, gatewayId, report, now);
    if (noted === null)
      throw new SluiceError('not-found', 'This connection is not this gateway’s.', { audience: 'operator' });
    const appeared = noted.appeared.filter((session) => !session.claims);
    if (appeared.length === 0) return;
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: { kind: 'system', name: noted.gatewayName },
      action: 'gateway.otherSessions',
      sentence: `found ${appeared.length} ${appeared.length === 1 ? 'session' : 'sessions'} at the target of ${noted.name} that did not come through Sluice`,
      subject: { type: 'connection', id: report.connectionId, name: noted.name },
      before: null,
      after: { sessions: appeared },
      address: null,
    });
  });
}

/** Keeps the result of a connection test that somebody asked for, and wakes who waits for it. */
export async function noteTestResult(
  database: Database,
  gatewayId: string,
  result: TestResult,
  now: Date,
): Promise<void> {
  await database.transaction(async (tx) => {
    if (!(await finishConnectionTest(tx, gatewayId, result, now)))
      throw new SluiceError('not-found', 'Nobody waits for this test of this gateway’s connections.', {
        audience: 'operator',
      });
    await publish(tx, 'sluice_notice', { type: 'test-result', requestId: result.requestId } satisfies NodeNotice);
  });
}

/** The sealed request that a gateway was told of. Throws SluiceError `not-found` when it is answered, gone or another's. */
export async function showExplainRequest(
  database: Database,
  gatewayId: string,
  requestId: string,
): Promise<{ readonly sealed: string }> {
  const sealed = await findExplainRequest(database.db, gatewayId, requestId);
  if (sealed === null) throw nobodyWaits();
  return { sealed };
}

/** Keeps a gateway's sealed answer, and wakes who waits for it. */
export async function noteExplanation(
  database: Database,
  gatewayId: string,
  answer: { readonly requestId: string; readonly sealed: string },
): Promise<void> {
  const { requestId, sealed } = answer;
  await database.transaction(async (tx) => {
    if (!(await answerExplainRequest(tx, gatewayId, requestId, sealed))) throw nobodyWaits();
    await publish(tx, 'sluice_notice', { type: 'explained', requestId } satisfies NodeNotice);
  });
}

function nobodyWaits(): SluiceError {
  return new SluiceError('not-found', 'Nobody waits for this explanation.', { audience: 'operator' });
}
