import { findGateway, publish } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { z } from 'zod';
import { healthOf } from '../gateways/gateway-views.ts';
import { id } from '../inputs.ts';
import type { NodeNotice } from '../node-notices.ts';
import { mutation } from '../procedure.ts';
import { visibleSession } from './visible-session.ts';

/** Ends a running session: its gateway cancels what runs and closes both sides. */
export const terminateSession = mutation({
  permission: 'sessions.terminate.own',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, now }) => {
    const row = await visibleSession(tx, input.id, caller, 'sessions.terminate');
    if (row.state !== 'live')
      throw new SluiceError('conflict', 'The session has ended already.', {
        audience: 'person',
        hint: 'Reload to see how it ended.',
      });
    const gateway = await findGateway(tx, row.gateway.id);
    if (gateway === null || healthOf(gateway, now) !== 'online')
      throw new SluiceError('gateway-offline', `Gateway ${row.gateway.name} is not connected, so it cannot be told.`, {
        audience: 'person',
        hint: 'Disable the actor instead: the gateway refuses new statements once its offline lease ends.',
      });
    // Heard by the nodes when this transaction commits.
    await publish(tx, 'sluice_notice', {
      type: 'gateway',
      gatewayId: row.gateway.id,
      notice: { type: 'terminate', sessionId: row.id, reason: `terminated by ${caller.actor.name}` },
    } satisfies NodeNotice);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `terminated a session on ${row.connection.name}`,
        subject: { type: 'session', id: row.id, name: row.connection.name },
      },
    };
  },
});
