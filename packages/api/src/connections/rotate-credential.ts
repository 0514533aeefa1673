import { createConnectionTest, publish } from '@sluice/database';
import { credentialPurposes, SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { id } from '../inputs.ts';
import type { NodeNotice } from '../node-notices.ts';
import { mutation } from '../procedure.ts';
import { onlineMember, usableEnvelope } from './members.ts';
import { waitForResult } from './test-connection.ts';
import { writableConnection } from './writable-connection.ts';

/** Logins at the target and requests to the control plane, each with tries of its own (ms). */
const rotationTimeoutMs = 90_000;

/** Has the gateway make a new password, give it to the target and seal it to itself; then tests the connection with it. */
export const rotateCredential = mutation({
  permission: 'connections.write',
  input: z.strictObject({ id, purpose: z.enum(credentialPurposes) }),
  run: async ({ input, tx, services, caller, mayOn, now }) => {
    const row = await writableConnection(tx, input.id, mayOn);
    const gateway = onlineMember(row, caller.actor.id, now);
    if (usableEnvelope(row, gateway, input.purpose) === null)
      throw new SluiceError(
        'not-found',
        `This connection has no ${input.purpose} credential that its gateway can open.`,
        {
          audience: 'person',
          hint: 'Enter it in Settings first.',
        },
      );
    const requestId = newId<'ConnectionTest'>();
    await createConnectionTest(tx, { id: requestId, connectionId: row.id, requestedById: caller.actor.id });
    const notice = { type: 'rotate-credential', requestId, connectionId: row.id, purpose: input.purpose } as const;
    return {
      output: async () => {
        const answer = waitForResult(services.bus, services.database.db, requestId, rotationTimeoutMs);
        await publish(services.database.db, 'sluice_notice', {
          type: 'gateway',
          gatewayId: gateway.id,
          notice,
        } satisfies NodeNotice);
        return answer;
      },
      audit: {
        sentence: `asked for a rotation of the ${input.purpose}’s credential of connection ${row.name}`,
        subject: { type: 'connection', id: row.id, name: row.name },
      },
    };
  },
});
