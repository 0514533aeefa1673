import { createServiceIdentity, findPerson } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { toAgentView } from './identity-views.ts';

export const createAgent = mutation({
  permission: 'identities.write.own',
  input: z.strictObject({ name: slug, ownerId: id }),
  run: async ({ input, tx, caller, may }) => {
    if (input.ownerId !== caller.actor.id && !may('identities.write'))
      throw new SluiceError('forbidden', 'You may make agents for yourself only.', {
        audience: 'person',
        hint: 'Ask an admin to make an agent for somebody else.',
      });
    const owner = await findPerson(tx, { id: input.ownerId });
    if (owner === null || owner.disabledAt !== null) throw notFound('person');
    const row = await createServiceIdentity(tx, { id: newId<'ServiceIdentity'>(), ...input });
    return {
      output: toAgentView(row),
      audit: {
        sentence: `added agent ${row.name} of ${owner.name}`,
        subject: { type: 'agent', id: row.id, name: row.name },
        after: { name: row.name, owner: owner.name },
      },
    };
  },
});
