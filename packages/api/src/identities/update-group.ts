import { bumpRevocationEpoch, findGroup, updateGroup as updateRow } from '@sluice/database';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { demandPeople, groupName, ids } from './identity-inputs.ts';
import { toGroupView } from './identity-views.ts';

export const updateGroup = mutation({
  permission: 'identities.write',
  input: z.strictObject({ id, name: groupName.optional(), memberIds: ids.optional() }),
  run: async ({ input, tx }) => {
    const row = await findGroup(tx, input.id);
    if (row === null) throw notFound('group');
    const before = toGroupView(row);
    if (input.memberIds !== undefined) await demandPeople(tx, input.memberIds);
    const after = toGroupView(
      await updateRow(tx, row.id, {
        ...(input.name === undefined ? {} : { name: input.name }),
        ...(input.memberIds === undefined ? {} : { memberIds: input.memberIds }),
      }),
    );
    await bumpRevocationEpoch(tx);
    return {
      output: after,
      audit: {
        sentence: `changed group ${after.name}`,
        subject: { type: 'group', id: after.id, name: after.name },
        before: { name: before.name, members: before.members.map(({ name }) => name) },
        after: { name: after.name, members: after.members.map(({ name }) => name) },
      },
    };
  },
});
