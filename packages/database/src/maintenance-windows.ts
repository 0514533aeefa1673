import type { LabelSelector, SingleWindow, WeeklyWindow } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { json } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { bumpBundleVersion } from './installation.ts';

const withAuthor = { createdBy: { select: { id: true, name: true } } } satisfies Prisma.MaintenanceWindowInclude;
export type MaintenanceWindowRow = Prisma.MaintenanceWindowGetPayload<{ include: typeof withAuthor }>;

/** Windows of one installation; every bundle carries those of its connections. */
export const maxMaintenanceWindows = 100;

export interface NewMaintenanceWindow {
  readonly id: string;
  readonly name: string;
  readonly selector: LabelSelector;
  readonly schedule: WeeklyWindow | SingleWindow;
  readonly note: string;
  readonly createdById: string | null;
}

export function listMaintenanceWindows(db: Db): Promise<MaintenanceWindowRow[]> {
  return db.maintenanceWindow.findMany({
    include: withAuthor,
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    take: maxMaintenanceWindows,
  });
}

export function countMaintenanceWindows(db: Db): Promise<number> {
  return db.maintenanceWindow.count();
}

/** Writes a window; gateways get it with their next bundle. */
export async function createMaintenanceWindow(tx: Tx, window: NewMaintenanceWindow): Promise<MaintenanceWindowRow> {
  const { selector, schedule, ...columns } = window;
  const row = await tx.maintenanceWindow.create({
    data: { ...columns, selector: json(selector), schedule: json(schedule) },
    include: withAuthor,
  });
  await bumpBundleVersion(tx);
  return row;
}

/** Removes a window and gives it back; null when it is not there. */
export async function deleteMaintenanceWindow(tx: Tx, id: string): Promise<MaintenanceWindowRow | null> {
  const row = await tx.maintenanceWindow.findUnique({ where: { id }, include: withAuthor });
  if (row === null) return null;
  await tx.maintenanceWindow.delete({ where: { id } });
  await bumpBundleVersion(tx);
  return row;
}
