import { findConnection } from '@sluice/database';
import { placeOf } from '@sluice/identity';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toConnectionDetail } from './connection-views.ts';
import { knownConnections } from './known-connections.ts';

export const showConnection = query({
  permission: 'connections.read',
  input: z.union([z.strictObject({ id }), z.strictObject({ name: slug })]),
  run: async ({ input, db, services, caller, may, mayOn, now }) => {
    const row = await findConnection(db, input);
    const known = await knownConnections(row === null ? [] : [row], { db, actor: caller.actor, may, now });
    if (row === null || !mayOn('connections.read', placeOf(row)) || known.length === 0) throw notFound('connection');
    return toConnectionDetail(row, { db, services, now });
  },
});
