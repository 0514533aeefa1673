import { readActivePolicy } from '@sluice/database';
import { notFound } from '../errors.ts';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import { checkSource, toPolicyVersionView } from './policy-views.ts';

export const showActivePolicy = query({
  permission: 'policies.read',
  input: nothing,
  run: async ({ db }) => {
    const row = await readActivePolicy(db);
    if (row === null) throw notFound('policy');
    const { rules } = checkSource(row.source);
    return { version: toPolicyVersionView(row, row.version), source: row.source, rules };
  },
});
