import { findApproval, findGateway, lockApproval, publish, setUndo } from '@sluice/database';
import { type Revert, SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { healthOf } from '../gateways/gateway-views.ts';
import { id } from '../inputs.ts';
import type { NodeNotice } from '../node-notices.ts';
import { mutation } from '../procedure.ts';
import { answererOf } from './answerer.ts';
import { maySee, toApprovalDetail } from './approval-views.ts';
import { mayRevert, undoOf } from './undo.ts';

/** Has the gateway put back what an approved change overwrote. The answer says that it was asked for; what became of it follows. */
export const revertApproval = mutation({
  permission: 'approvals.decide',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, services, now }) => {
    const answerer = await answererOf(tx, caller, now);
    const row = await lockApproval(tx, input.id);
    if (row === null || !maySee(answerer, row, now)) throw notFound('approval');
    const right = mayRevert(answerer, row, now);
    if (!right.yes)
      throw new SluiceError('forbidden', right.because ?? 'You may not revert this.', {
        audience: 'person',
        hint: 'Ask somebody who may decide on it.',
      });
    const gateway = await findGateway(tx, row.gatewayId);
    if (gateway === null || healthOf(gateway, now) !== 'online')
      throw new SluiceError('gateway-offline', 'The gateway that keeps the rows is not connected.', {
        audience: 'person',
        hint: 'Start it, wait until the Gateways page shows it online, then try again.',
      });
    const requestId = newId<'Revert'>();
    const { actor } = caller;
    const revert: Revert = { requestId, by: actor, at: now.toISOString(), result: null };
    await setUndo(tx, row.id, { revert });
    const after = (await findApproval(tx, row.id)) ?? row;
    const detail = await toApprovalDetail(tx, after, answerer, now);
    const notice = { type: 'revert', requestId, approvalId: row.id, by: actor } as const;
    return {
      output: async () => {
        await publish(services.database.db, 'sluice_notice', {
          type: 'gateway',
          gatewayId: row.gatewayId,
          notice,
        } satisfies NodeNotice);
        return detail;
      },
      audit: {
        sentence: `asked for a revert of ${row.command} on ${row.connection.name}`,
        subject: { type: 'approval', id: row.id, name: row.command },
        after: { requestId, rows: undoOf(row, now)?.rows ?? null },
      },
    };
  },
});
