import { defaultPageSize, listPolicyVersions, readInstallation } from '@sluice/database';
import { z } from 'zod';
import { numberCursor } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { Page, PolicyVersionView } from '../views.ts';
import { toPolicyVersionView } from './policy-views.ts';

export const listVersions = query({
  permission: 'policies.read',
  input: z.strictObject({ cursor: numberCursor }).optional(),
  run: async ({ input, db }): Promise<Page<PolicyVersionView>> => {
    const active = (await readInstallation(db))?.activePolicyVersion ?? null;
    const page = await listPolicyVersions(db, { cursor: input?.cursor ?? null, limit: defaultPageSize });
    return { items: page.rows.map((row) => toPolicyVersionView(row, active)), nextCursor: page.nextCursor };
  },
});
