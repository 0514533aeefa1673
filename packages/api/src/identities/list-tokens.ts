import { listTokens as listRows } from '@sluice/database';
import { z } from 'zod';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import { visibleIdentity } from './identity-of.ts';
import { toTokenView } from './identity-views.ts';

export const listTokens = query({
  permission: 'identities.read.own',
  input: z.strictObject({ identityId: id }),
  run: async ({ input, db, caller, may, now }) => {
    const identity = await visibleIdentity(db, input.identityId, caller, may('identities.read'));
    return (await listRows(db, identity.id, now)).map(toTokenView);
  },
});
