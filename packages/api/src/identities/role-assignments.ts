import {
  bumpRevocationEpoch,
  countRoleAssignments,
  createRoleAssignment,
  findGroup,
  findPerson,
  findRoleAssignment,
  listRoleAssignments,
  maxRoleAssignments,
  revokeRoleAssignment,
  type Tx,
} from '@sluice/database';
import { labelSelectorSchema, roleNameSchema } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import { demandMayGiveRole } from './role-guards.ts';
import { holderOf, toAssignmentView } from './role-views.ts';

/** Who has which role besides the base roles, and for which connections. */
export const listAssignments = query({
  permission: 'roles.read',
  input: nothing,
  run: async ({ db, now }) => (await listRoleAssignments(db, now)).map(toAssignmentView),
});

/** Gives a person or a group a role, for the connections of a selector. Service identities get none: they have their owner's. */
export const assignRole = mutation({
  permission: 'roles.write',
  input: z.strictObject({
    role: roleNameSchema,
    holder: z.strictObject({ kind: z.enum(['person', 'group']), id }),
    selector: labelSelectorSchema.default({}),
    expiresAt: z.date().nullable().default(null),
  }),
  run: async ({ input, tx, caller, now }) => {
    const { role, holder, selector, expiresAt } = input;
    if (expiresAt !== null && expiresAt <= now) throw refusedInput('This end is past.', 'Choose a later one.');
    await demandMayGiveRole(tx, caller.rights, role, selector, expiresAt);
    await demandHolder(tx, holder);
    if ((await countRoleAssignments(tx, now)) >= maxRoleAssignments)
      throw refusedInput(`There are ${maxRoleAssignments} assignments.`, 'Assign to groups instead of people.');
    const row = await createRoleAssignment(tx, {
      id: newId<'RoleAssignment'>(),
      role,
      holder,
      selector,
      expiresAt,
      createdById: caller.actor.id,
    });
    await bumpRevocationEpoch(tx);
    const view = toAssignmentView(row);
    return {
      output: view,
      audit: {
        sentence: `gave ${view.holder.name} the role ${role} on ${view.where}`,
        subject: { type: view.holder.kind, id: view.holder.id, name: view.holder.name },
        after: { role, selector, expiresAt },
      },
    };
  },
});

/** Takes a role back: gateways ask again for every session that it may have opened. */
export const revokeAssignment = mutation({
  permission: 'roles.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx, now }) => {
    const row = await findRoleAssignment(tx, input.id);
    if (row === null || !(await revokeRoleAssignment(tx, row.id, now))) throw notFound('assignment');
    await bumpRevocationEpoch(tx);
    const view = toAssignmentView(row);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `took the role ${row.role} on ${view.where} from ${view.holder.name}`,
        subject: { type: view.holder.kind, id: view.holder.id, name: view.holder.name },
        before: { role: row.role, selector: row.selector, holder: holderOf(row).name, expiresAt: row.expiresAt },
      },
    };
  },
});

async function demandHolder(tx: Tx, holder: { readonly kind: 'person' | 'group'; readonly id: string }): Promise<void> {
  const found = holder.kind === 'person' ? await findPerson(tx, { id: holder.id }) : await findGroup(tx, holder.id);
  if (found === null) throw notFound(holder.kind);
}
