import { appendAuditEvent, findApproval, setUndo } from '@sluice/database';
import { isId, type RevertResult, type revertReportSchema, SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import type { z } from 'zod';
import { revertOf } from '../approvals/undo.ts';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';
import { storableText } from './storable-text.ts';

/** Keeps what became of a revert that was asked for. Telling the same again changes nothing. */
export async function noteRevert(
  services: GatewayServices,
  gateway: GatewayCaller,
  id: string,
  { requestId, result }: z.infer<typeof revertReportSchema>,
  now: Date,
): Promise<void> {
  await services.database.transaction(async (tx) => {
    const row = isId(id) ? await findApproval(tx, id) : null;
    if (row === null || row.gatewayId !== gateway.id)
      throw new SluiceError('not-found', 'This gateway has no such approval.', { audience: 'operator' });
    const revert = revertOf(row);
    if (revert?.requestId !== requestId)
      throw new SluiceError('conflict', 'Nobody asked for this revert, or for another one since.', {
        audience: 'operator',
      });
    if (revert.result !== null) return;
    const kept = storable(result);
    await setUndo(tx, id, {
      revert: { ...revert, result: kept },
      // It is put back: there is nothing left to put back.
      ...(kept.state === 'reverted' ? { undo: null } : {}),
    });
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: revert.by,
      address: null,
      action: 'approvals.revertApproval',
      sentence: `${revert.by.name} ${sentenceOf(kept)} of ${row.command} on ${row.connection.name}`,
      subject: { type: 'approval', id: row.id, name: row.command },
      before: null,
      after: kept,
    });
  });
}

function sentenceOf(result: RevertResult): string {
  switch (result.state) {
    case 'reverted':
      return `reverted ${result.rows} rows`;
    case 'conflict':
      return `did not revert any rows, because ${result.conflicts} were changed since,`;
    case 'failed':
      return 'did not revert the rows';
  }
}

/** PostgreSQL's JSON holds no NUL. */
function storable(result: RevertResult): RevertResult {
  if (result.state === 'conflict') return { ...result, shown: result.shown.map(storableText) };
  return result.state === 'failed' ? { ...result, because: storableText(result.because) } : result;
}
