import { listServiceIdentities } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toAgentView } from './identity-views.ts';

/** Every agent, or the caller's own. */
export const listAgents = query({
  permission: 'identities.read.own',
  input: nothing,
  run: async ({ db, caller, may }) =>
    (await listServiceIdentities(db, may('identities.read') ? null : caller.actor.id)).map(toAgentView),
});
