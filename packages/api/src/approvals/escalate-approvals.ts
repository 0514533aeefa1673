import { appendAuditEvent, changeWaiting, lockDueEscalations, type Tx } from '@sluice/database';
import { rightsOfDeciders, stagesOf, standingOf } from '@sluice/identity';
import { newId } from '@sluice/keys';

/** Escalations noted in one round; the rest waits for the next. */
const maxPerRound = 100;

/**
 * Notes the escalations that are due: lists and messages then name who may answer as well, and the audit chain says so. They count
 * from their time on, noted or not, so that a late round takes nobody's right. Any node may do it; rows are locked.
 */
export async function escalateApprovals(tx: Tx, now: Date): Promise<number> {
  const due = await lockDueEscalations(tx, now, maxPerRound);
  const deciders = await rightsOfDeciders(tx, due, now);
  for (const row of due) {
    const stages = stagesOf(row, now);
    await changeWaiting(tx, row.id, {
      escalatedAt: now,
      approvers: [...new Set(stages.flatMap((stage) => stage.approvers))],
      asked: stages[standingOf(row, deciders, now).open ?? 0]?.approvers.slice() ?? [],
    });
  }
  for (const row of due) {
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: { kind: 'system', name: 'Sluice' },
      action: 'approvals.escalated',
      sentence: `Sluice asked ${row.escalateTo.join(', ')} as well about ${row.command} on ${row.connection.name}: nobody had answered`,
      subject: { type: 'approval', id: row.id, name: row.command },
      before: null,
      after: { to: row.escalateTo },
      address: null,
    });
  }
  return due.length;
}
