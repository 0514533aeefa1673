import type { Bus, Db } from '@sluice/database';
import { createConnectionTest, findTestResult, publish } from '@sluice/database';
import type { TestResult } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { id } from '../inputs.ts';
import type { NodeNotice } from '../node-notices.ts';
import { mutation } from '../procedure.ts';
import { waitForNotice } from '../wait-for-notice.ts';
import { onlineMember } from './members.ts';
import { writableConnection } from './writable-connection.ts';

/** How long a gateway may take, in ms. */
const testTimeoutMs = 20_000;

export const testConnection = mutation({
  permission: 'connections.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx, services, caller, mayOn, now }) => {
    const row = await writableConnection(tx, input.id, mayOn);
    const gateway = onlineMember(row, caller.actor.id, now);
    const requestId = newId<'ConnectionTest'>();
    await createConnectionTest(tx, { id: requestId, connectionId: row.id, requestedById: caller.actor.id });
    const output = async () => {
      const answer = waitForResult(services.bus, services.database.db, requestId);
      const notice = { type: 'test-connection', requestId, connectionId: row.id } as const;
      await publish(services.database.db, 'sluice_notice', {
        type: 'gateway',
        gatewayId: gateway.id,
        notice,
      } satisfies NodeNotice);
      return answer;
    };
    return {
      output,
      audit: {
        sentence: `tested connection ${row.name}`,
        subject: { type: 'connection', id: row.id, name: row.name },
      },
    };
  },
});

/** Waits for what a gateway found. Throws SluiceError `timed-out`. */
export async function waitForResult(
  bus: Bus,
  db: Db,
  requestId: string,
  timeoutMs = testTimeoutMs,
): Promise<TestResult> {
  await waitForNotice(
    bus,
    (notice) => notice.type === 'test-result' && notice.requestId === requestId,
    async () => (await findTestResult(db, requestId)) !== null,
    testTimeoutMs,
  );
  const result = await findTestResult(db, requestId);
  if (result !== null) return result;
  throw new SluiceError('timed-out', `The gateway did not answer within ${timeoutMs / 1000} seconds.`, {
    audience: 'person',
    hint: 'Look at the gateway’s log, then test again.',
  });
}
