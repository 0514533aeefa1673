/** Maintenance windows: named times that rules can test as `maintenance`. */
import {
  countMaintenanceWindows,
  createMaintenanceWindow as createRow,
  deleteMaintenanceWindow as deleteRow,
  listMaintenanceWindows as listRows,
  maxMaintenanceWindows,
} from '@sluice/database';
import { grantNameSchema, labelSelectorSchema, singleWindowSchema, weeklyWindowSchema } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import { toWindowView } from './access-views.ts';

export const listMaintenanceWindows = query({
  permission: 'connections.read',
  input: nothing,
  run: async ({ db }) => (await listRows(db)).map(toWindowView),
});

export const createMaintenanceWindow = mutation({
  permission: 'access.write',
  input: z.strictObject({
    name: grantNameSchema,
    selector: labelSelectorSchema,
    schedule: z.union([weeklyWindowSchema, singleWindowSchema]),
    note: z.string().trim().max(500).optional(),
  }),
  run: async ({ input, tx, caller }) => {
    if ((await countMaintenanceWindows(tx)) >= maxMaintenanceWindows)
      throw refusedInput(
        `An installation has at most ${maxMaintenanceWindows} windows.`,
        'Remove those that are over.',
      );
    const row = await createRow(tx, {
      id: newId<'MaintenanceWindow'>(),
      ...input,
      note: input.note ?? '',
      createdById: caller.actor.kind === 'person' ? caller.actor.id : null,
    });
    const view = toWindowView(row);
    return {
      output: view,
      audit: {
        sentence: `added maintenance window ${view.name} (${view.when}) for ${view.chosen}`,
        subject: { type: 'maintenance-window', id: row.id, name: row.name },
        after: view,
      },
    };
  },
});

export const deleteMaintenanceWindow = mutation({
  permission: 'access.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx }) => {
    const row = await deleteRow(tx, input.id);
    if (row === null) throw notFound('maintenance window');
    const view = toWindowView(row);
    return {
      output: { id: row.id },
      audit: {
        sentence: `removed maintenance window ${view.name}`,
        subject: { type: 'maintenance-window', id: row.id, name: row.name },
        before: view,
      },
    };
  },
});
