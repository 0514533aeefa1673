import { bumpRevocationEpoch, createGroup as createRow } from '@sluice/database';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { mutation } from '../procedure.ts';
import { demandPeople, groupName, ids, refuseNameOfRole } from './identity-inputs.ts';
import { toGroupView } from './identity-views.ts';

export const createGroup = mutation({
  permission: 'identities.write',
  input: z.strictObject({ name: groupName, memberIds: ids }),
  run: async ({ input, tx }) => {
    await demandPeople(tx, input.memberIds);
    await refuseNameOfRole(tx, input.name);
    const view = toGroupView(await createRow(tx, { id: newId<'Group'>(), ...input }));
    await bumpRevocationEpoch(tx);
    return {
      output: view,
      audit: {
        sentence: `added group ${view.name}`,
        subject: { type: 'group', id: view.id, name: view.name },
        after: { members: view.members.map(({ name }) => name) },
      },
    };
  },
});
