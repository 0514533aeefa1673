import { verifyAuditChain } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';

export const verifyChain = query({
  permission: 'audit.read',
  input: nothing,
  run: ({ db }) => verifyAuditChain(db),
});
