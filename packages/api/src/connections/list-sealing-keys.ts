import { z } from 'zod';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import { listSealing } from './connection-views.ts';

export const listSealingKeys = query({
  permission: 'connections.write',
  input: z.strictObject({ groupId: id }),
  run: ({ input, db }) => listSealing(db, input.groupId),
});
