import { bumpBundleVersion, deleteConnection as deleteRow } from '@sluice/database';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { writableConnection } from './writable-connection.ts';

/** Leaves a tombstone: recordings and approvals keep what they refer to. Its open sessions end with the next bundle. */
export const deleteConnection = mutation({
  permission: 'connections.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx, mayOn, now }) => {
    const row = await writableConnection(tx, input.id, mayOn);
    if (!(await deleteRow(tx, input.id, now))) throw notFound('connection');
    await bumpBundleVersion(tx);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `deleted connection ${row.name}`,
        subject: { type: 'connection', id: row.id, name: row.name },
        before: { protocol: row.protocol, host: row.host, port: row.port, labels: row.labels },
      },
    };
  },
});
