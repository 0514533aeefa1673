import type { RoleRow, Tx } from '@sluice/database';
import {
  bumpRevocationEpoch,
  countUsesOfRole,
  createRole as createRow,
  deleteRole as deleteRow,
  findRole,
  listRoles as listRows,
  maxRoles,
  updateRole as updateRow,
} from '@sluice/database';
import { builtInRoles, permissionSchema, permissions, roleNameSchema } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import { groupNameIsTaken } from './identity-inputs.ts';
import { demandHolds } from './role-guards.ts';
import { builtInRoleViews, toRoleView } from './role-views.ts';

const description = z.string().trim().min(1).max(300);
const permissionList = z
  .array(permissionSchema)
  .max(permissions.length)
  .transform((list) => permissions.filter((permission) => list.includes(permission)));
const newName = roleNameSchema.refine(
  (name) => !builtInRoles.some((known) => known === name),
  'this is the name of a built-in role; choose another',
);

/** The built-in roles and the installation's own, with what each may do. */
export const listRoles = query({
  permission: 'roles.read',
  input: nothing,
  run: async ({ db }) => [...builtInRoleViews(), ...(await listRows(db)).map(toRoleView)],
});

/** Makes a role of permissions that its maker holds. */
export const createRole = mutation({
  permission: 'roles.write',
  input: z.strictObject({ name: newName, description, permissions: permissionList }),
  run: async ({ input, tx, caller }) => {
    demandHolds(caller.rights, input.permissions, {}, null);
    if ((await listRows(tx)).length >= maxRoles)
      throw refusedInput(`An installation has at most ${maxRoles} roles.`, 'Delete some that nobody has.');
    if (await groupNameIsTaken(tx, input.name))
      throw refusedInput('A group has this name, and a rule names both alike.', 'Choose another name.');
    const row = await createRow(tx, { id: newId<'Role'>(), ...input });
    return {
      output: toRoleView(row),
      audit: {
        sentence: `made role ${row.name}`,
        subject: { type: 'role', id: row.id, name: row.name },
        after: { description: row.description, permissions: row.permissions },
      },
    };
  },
});

/** Changes what everybody who has the role may do. What is added must be held by who adds it. */
export const updateRole = mutation({
  permission: 'roles.write',
  input: z.strictObject({ id, description: description.optional(), permissions: permissionList.optional() }),
  run: async ({ input, tx, caller }) => {
    const before = await existingRole(tx, input.id);
    demandHolds(caller.rights, [...(input.permissions ?? []), ...toRoleView(before).permissions], {}, null);
    const row = await updateRow(tx, before.id, {
      ...(input.description === undefined ? {} : { description: input.description }),
      ...(input.permissions === undefined ? {} : { permissions: input.permissions }),
    });
    await bumpRevocationEpoch(tx);
    return {
      output: toRoleView(row),
      audit: {
        sentence: `changed role ${row.name}`,
        subject: { type: 'role', id: row.id, name: row.name },
        before: { description: before.description, permissions: before.permissions },
        after: { description: row.description, permissions: row.permissions },
      },
    };
  },
});

/** Deletes a role that nobody has. */
export const deleteRole = mutation({
  permission: 'roles.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx, now }) => {
    const row = await existingRole(tx, input.id);
    const uses = await countUsesOfRole(tx, row.name);
    if (uses > 0)
      throw refusedInput(
        `${uses} ${uses === 1 ? 'person or group has' : 'people or groups have'} this role.`,
        'Take it from them first.',
      );
    await deleteRow(tx, row.id, now);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `deleted role ${row.name}`,
        subject: { type: 'role', id: row.id, name: row.name },
        before: { description: row.description, permissions: row.permissions },
      },
    };
  },
});

async function existingRole(tx: Tx, roleId: string): Promise<RoleRow> {
  const row = await findRole(tx, roleId);
  if (row === null) throw notFound('role');
  return row;
}
