import { listGroups as listRows } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toGroupView } from './identity-views.ts';

export const listGroups = query({
  permission: 'identities.read',
  input: nothing,
  run: async ({ db }) => (await listRows(db)).map(toGroupView),
});
