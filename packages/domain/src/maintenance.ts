import { z } from 'zod';
import { grantNameSchema } from './grant.ts';
import { labelSelectorSchema, matchesLabels } from './label-selector.ts';
import { openUntil, singleWindowSchema, weeklyWindowSchema } from './time-window.ts';

/** Windows that one bundle carries. */
export const maxBundleWindows = 100;

/** A named time, weekly or once, in which rules may decide otherwise on the connections that the selector chooses. */
export const maintenanceWindowSchema = z.strictObject({
  name: grantNameSchema,
  selector: labelSelectorSchema,
  schedule: z.union([weeklyWindowSchema, singleWindowSchema]),
});
export type MaintenanceWindow = z.infer<typeof maintenanceWindowSchema>;

/** Names of the windows that are open at `now` (ms since the epoch) for a connection with these labels, each once, sorted. */
export function openWindows(
  windows: readonly MaintenanceWindow[],
  labels: Readonly<Record<string, string>>,
  now: number,
): readonly string[] {
  const open = windows.filter(
    ({ selector, schedule }) => matchesLabels(selector, labels) && openUntil(schedule, now) !== null,
  );
  return [...new Set(open.map(({ name }) => name))].sort();
}
