import { listGateways as listRows, readCounters } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toGatewayView } from './gateway-views.ts';

export const listGateways = query({
  permission: 'gateways.read',
  input: nothing,
  run: async ({ db, now }) => {
    const { bundleVersion } = await readCounters(db);
    return (await listRows(db)).map((row) => toGatewayView(row, bundleVersion, now));
  },
});
