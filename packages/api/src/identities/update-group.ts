import { bumpRevocationEpoch, findGroup, listServiceIdentities, updateGroup as updateRow } from '@sluice/database';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { demandPeople, groupName, ids, refuseNameOfRole } from './identity-inputs.ts';
import { toGroupView } from './identity-views.ts';
import { demandMayGiveGroups } from './role-guards.ts';

export const updateGroup = mutation({
  permission: 'identities.write',
  input: z.strictObject({ id, name: groupName.optional(), memberIds: ids.optional() }),
  run: async ({ input, tx, caller, now }) => {
    const row = await findGroup(tx, input.id);
    if (row === null) throw notFound('group');
    const before = toGroupView(row);
    if (input.name !== undefined && input.name !== row.name) {
      await refuseNameOfRole(tx, input.name);
      if ((await listServiceIdentities(tx, [row.id])).length > 0)
        throw refusedInput('This team owns agents, and what they did stands under its name.', 'Keep the name.');
    }
    if (input.memberIds !== undefined) {
      await demandPeople(tx, input.memberIds);
      const had = row.memberships.map(({ personId }) => personId);
      const joins = input.memberIds.some((memberId) => !had.includes(memberId));
      if (joins) await demandMayGiveGroups(tx, caller.rights, [row.id], now);
    }
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
