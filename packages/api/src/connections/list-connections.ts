import { listConnections as listRows } from '@sluice/database';
import { placeOf } from '@sluice/identity';
import { z } from 'zod';
import { search, searchText } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toConnectionSummaries } from './connection-views.ts';
import { knownConnections } from './known-connections.ts';

export const listConnections = query({
  permission: 'connections.read',
  input: z.strictObject({ search }).optional(),
  run: async ({ input, db, services, caller, may, mayOn, now }) => {
    const rows = (await listRows(db, searchText(input?.search))).filter((row) =>
      mayOn('connections.read', placeOf(row)),
    );
    const known = await knownConnections(rows, { db, actor: caller.actor, may, now });
    return toConnectionSummaries(known, { db, services, now });
  },
});
