import { listConnections as listRows } from '@sluice/database';
import { z } from 'zod';
import { search, searchText } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toConnectionSummaries } from './connection-views.ts';

export const listConnections = query({
  permission: 'connections.read',
  input: z.strictObject({ search }).optional(),
  run: async ({ input, db, services, now }) =>
    toConnectionSummaries(await listRows(db, searchText(input?.search)), { db, services, now }),
});
