import { findConnection } from '@sluice/database';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toConnectionDetail } from './connection-views.ts';

export const showConnection = query({
  permission: 'connections.read',
  input: z.union([z.strictObject({ id }), z.strictObject({ name: slug })]),
  run: async ({ input, db, services, now }) => {
    const row = await findConnection(db, input);
    if (row === null) throw notFound('connection');
    return toConnectionDetail(row, { db, services, now });
  },
});
