import { bumpBundleVersion, bumpRevocationEpoch, findGateway, revokeGateway as revokeRow } from '@sluice/database';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';

/** Takes a gateway's trust away: its next request is refused and its tunnels are closed. Its connections need another gateway. */
export const revokeGateway = mutation({
  permission: 'gateways.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx, now }) => {
    const row = await findGateway(tx, input.id);
    if (row === null || !(await revokeRow(tx, input.id, now))) throw notFound('gateway');
    await bumpBundleVersion(tx);
    await bumpRevocationEpoch(tx);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `revoked gateway ${row.name}`,
        subject: { type: 'gateway', id: row.id, name: row.name },
        before: { hostname: row.hostname, connections: row.group.connections.map(({ name }) => name) },
      },
    };
  },
});
