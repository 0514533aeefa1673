import { findGatewayByName, findGatewayGroup } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { createEnrolment as createToken } from '@sluice/identity';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import type { EnrolmentView } from './gateway-view.ts';

export const createEnrolment = mutation({
  permission: 'gateways.write',
  input: z.strictObject({ name: slug, groupId: id.optional() }),
  run: async ({ input, tx, caller, services, now }) => {
    if ((await findGatewayByName(tx, input.name)) !== null)
      throw new SluiceError('conflict', `A gateway named ${input.name} is enrolled already.`, {
        audience: 'person',
        hint: 'Choose another name, or revoke that gateway first.',
      });
    const groupId = input.groupId ?? null;
    const group = groupId === null ? null : await findGatewayGroup(tx, groupId);
    if (groupId !== null && group === null) throw notFound('gateway group');
    const request = { name: input.name, createdById: caller.actor.id, groupId };
    const { token, expiresAt } = await createToken(tx, request, now);
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
      audit: {
        sentence: `made an enrolment for gateway ${input.name}`,
        subject: null,
        after: { expiresAt, group: group?.name ?? null },
      },
    };
  },
});
