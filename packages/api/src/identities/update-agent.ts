import { bumpRevocationEpoch, findPerson, findServiceIdentity, updateServiceIdentity } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { toAgentView } from './identity-views.ts';

/** An owner may disable and enable their agents; giving one to somebody else is for admins. */
export const updateAgent = mutation({
  permission: 'identities.write.own',
  input: z.strictObject({ id, disabled: z.boolean().optional(), ownerId: id.optional() }),
  run: async ({ input, tx, caller, may, now }) => {
    const before = await findServiceIdentity(tx, { id: input.id });
    if (before === null || !(may('identities.write') || before.ownerId === caller.actor.id)) throw notFound('agent');
    if (input.ownerId !== undefined && input.ownerId !== before.ownerId) {
      if (!may('identities.write'))
        throw new SluiceError('forbidden', 'Only an admin gives an agent to somebody else.', {
          audience: 'person',
          hint: 'Ask an admin to do it.',
        });
      const owner = await findPerson(tx, { id: input.ownerId });
      if (owner === null || owner.disabledAt !== null) throw notFound('person');
    }
    const row = await updateServiceIdentity(tx, before.id, {
      ...(input.ownerId === undefined ? {} : { ownerId: input.ownerId }),
      ...(input.disabled === undefined ? {} : { disabledAt: input.disabled ? (before.disabledAt ?? now) : null }),
    });
    await bumpRevocationEpoch(tx);
    return {
      output: toAgentView(row),
      audit: {
        sentence: `changed agent ${row.name}`,
        subject: { type: 'agent', id: row.id, name: row.name },
        before: { owner: before.owner.name, disabled: before.disabledAt !== null },
        after: { owner: row.owner.name, disabled: row.disabledAt !== null },
      },
    };
  },
});
