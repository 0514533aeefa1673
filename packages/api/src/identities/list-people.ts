import { listPeople as listRows } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { toPersonView } from './identity-views.ts';

export const listPeople = query({
  permission: 'identities.read',
  input: nothing,
  run: async ({ db }) => (await listRows(db)).map(toPersonView),
});
