import { z } from 'zod';
import { query } from '../procedure.ts';
import { checkSource, policySource } from './policy-views.ts';

export const checkPolicy = query({
  permission: 'policies.read',
  input: z.strictObject({ source: policySource }),
  run: ({ input }) => Promise.resolve(checkSource(input.source)),
});
