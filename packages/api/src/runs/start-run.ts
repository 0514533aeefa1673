import { createRun } from '@sluice/database';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { mutation } from '../procedure.ts';
import { toRunView } from './run-views.ts';

const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}]*$/u, 'use one line');

/**
 * Declares a run: what the caller is about to work on. It identifies nobody and gives no rights; it stands on everything that is done
 * with it. Whoever says a task and a purpose is believed no more than anybody who writes a commit message.
 */
export const startRun = mutation({
  permission: 'runs.declare',
  input: z.strictObject({
    purpose: line(300),
    /** The id in the tracker that the task comes from. */
    taskId: line(120).optional(),
    /** Name and version of the program that works. */
    software: line(120).optional(),
  }),
  run: async ({ input, tx, caller }) => {
    const { purpose, taskId = null, software = null } = input;
    const { kind, id } = caller.actor;
    const row = await createRun(tx, { id: newId<'Run'>(), actor: { kind, id }, purpose, taskId, software });
    return {
      output: toRunView(row, undefined),
      audit: {
        sentence: `started a run: ${purpose}`,
        subject: { type: 'run', id: row.id, name: purpose },
        after: { purpose, taskId, software },
      },
    };
  },
});
