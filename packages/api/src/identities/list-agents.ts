import { listServiceIdentities } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { ownIds } from '../visibility.ts';
import { toAgentView } from './identity-views.ts';

/** Every agent, or those of the caller and of the caller's teams. */
export const listAgents = query({
  permission: 'identities.read.own',
  input: nothing,
  run: async ({ db, caller, may, now }) => {
    const rows = await listServiceIdentities(db, may('identities.read') ? null : ownIds(caller));
    return rows.map((row) => toAgentView(row, now));
  },
});
