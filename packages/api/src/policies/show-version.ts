import { findPolicyVersion, readInstallation } from '@sluice/database';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { query } from '../procedure.ts';
import { toPolicyVersionView } from './policy-views.ts';

export const showVersion = query({
  permission: 'policies.read',
  input: z.strictObject({ version: z.int().min(1).max(2_147_483_647) }),
  run: async ({ input, db }) => {
    const row = await findPolicyVersion(db, input.version);
    if (row === null) throw notFound('policy version');
    const active = (await readInstallation(db))?.activePolicyVersion ?? null;
    return { version: toPolicyVersionView(row, active), source: row.source };
  },
});
