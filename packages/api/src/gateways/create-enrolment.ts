import { findGatewayByName } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { createEnrolment as createToken } from '@sluice/identity';
import { z } from 'zod';
import { slug } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import type { EnrolmentView } from '../views.ts';

export const createEnrolment = mutation({
  permission: 'gateways.write',
  input: z.strictObject({ name: slug }),
  run: async ({ input, tx, caller, services, now }) => {
    if ((await findGatewayByName(tx, input.name)) !== null)
      throw new SluiceError('conflict', `A gateway named ${input.name} is enrolled already.`, {
        audience: 'person',
        hint: 'Choose another name, or revoke that gateway first.',
      });
    const { token, expiresAt } = await createToken(tx, { name: input.name, createdById: caller.actor.id }, now);
    const command = [
      `SLUICE_URL=${services.publicUrl}`,
      `SLUICE_GATEWAY_NAME=${input.name}`,
      `SLUICE_GATEWAY_DATA=./${input.name}`,
      `SLUICE_ENROL_TOKEN=${token.reveal()}`,
      // Which targets a gateway may dial is decided where it runs; the line starts with the machine's own database.
      'SLUICE_ALLOW_TARGETS=localhost:5432',
      'node gateway.cjs run',
    ].join(' ');
    const output: EnrolmentView = { token: token.reveal(), expiresAt, command };
    return {
      output,
      audit: { sentence: `made an enrolment for gateway ${input.name}`, subject: null, after: { expiresAt } },
    };
  },
});
