import type { PersonRow, Tx } from '@sluice/database';
import {
  bumpRevocationEpoch,
  countActiveAdmins,
  findPerson,
  revokeWebSessionsOfPerson,
  setGroupsOfPerson,
  updatePerson as updateRow,
} from '@sluice/database';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, personName } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { demandGroups, ids, role } from './identity-inputs.ts';
import { toPersonView } from './identity-views.ts';
import { demandMayGiveGroups, demandMayGiveRole } from './role-guards.ts';

/** Disabling ends a person's web sessions, tokens and agents at once, at every gateway too. */
export const updatePerson = mutation({
  permission: 'identities.write',
  input: z.strictObject({
    id,
    name: personName.optional(),
    role: role.optional(),
    disabled: z.boolean().optional(),
    groupIds: ids.optional(),
  }),
  run: async ({ input, tx, caller, now }) => {
    const before = await findPerson(tx, { id: input.id });
    if (before === null) throw notFound('person');
    if (input.disabled === true && before.id === caller.actor.id)
      throw refusedInput('You cannot disable yourself.', 'Ask another admin to do it.');
    await keepAnAdmin(tx, before, input);
    if (input.role !== undefined && input.role !== before.role) {
      await demandMayGiveRole(tx, caller.rights, input.role, {}, null);
      await demandMayGiveRole(tx, caller.rights, before.role, {}, null);
    }
    if (input.groupIds !== undefined) {
      await demandGroups(tx, input.groupIds);
      const had = before.memberships.map(({ group }) => group.id);
      const joined = input.groupIds.filter((groupId) => !had.includes(groupId));
      await demandMayGiveGroups(tx, caller.rights, joined, now);
      await setGroupsOfPerson(tx, before.id, input.groupIds);
    }
    const row = await updateRow(tx, before.id, {
      ...(input.name === undefined ? {} : { name: input.name }),
      ...(input.role === undefined ? {} : { role: input.role }),
      ...(input.disabled === undefined ? {} : { disabledAt: input.disabled ? (before.disabledAt ?? now) : null }),
    });
    if (row.disabledAt !== null) await revokeWebSessionsOfPerson(tx, row.id, now);
    // Name, role and groups are part of the actor that gateways remember.
    await bumpRevocationEpoch(tx);
    return {
      output: toPersonView(row),
      audit: {
        sentence: `changed ${row.name}`,
        subject: { type: 'person', id: row.id, name: row.name },
        before: auditedFields(before),
        after: auditedFields(row),
      },
    };
  },
});

async function keepAnAdmin(
  tx: Tx,
  before: PersonRow,
  change: { role?: string | undefined; disabled?: boolean | undefined },
) {
  const loses = change.disabled === true || (change.role !== undefined && change.role !== 'admin');
  if (before.role !== 'admin' || before.disabledAt !== null || !loses) return;
  if ((await countActiveAdmins(tx)) < 2)
    throw refusedInput('This is the last admin.', 'Make somebody else an admin first.');
}

function auditedFields(row: PersonRow) {
  return {
    name: row.name,
    role: row.role,
    disabled: row.disabledAt !== null,
    groups: row.memberships.map(({ group }) => group.name).sort(),
  };
}
