import { bumpRevocationEpoch, findToken, revokeToken as revokeRow } from '@sluice/database';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { visibleIdentity } from './identity-of.ts';
import { toTokenView } from './identity-views.ts';

const tokenWords = {
  api: 'an API token',
  native: 'a native secret',
  'public-key': 'a public key',
  certificate: 'a certificate',
} as const;

/** Takes a token back. Gateways drop what they remember of it with the next heartbeat. */
export const revokeToken = mutation({
  permission: 'identities.write.own',
  input: z.strictObject({ id }),
  run: async ({ input, tx, caller, may, now }) => {
    const row = await findToken(tx, { id: input.id });
    const ownerId = row?.personId ?? row?.serviceIdentityId;
    if (row === null || ownerId == null) throw notFound('token');
    const identity = await visibleIdentity(tx, ownerId, caller, may('identities.write'));
    const revoked = await revokeRow(tx, row.id, now);
    if (revoked) await bumpRevocationEpoch(tx);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `revoked ${tokenWords[toTokenView(row).type]} of ${identity.name}`,
        subject: { type: 'token', id: row.id, name: row.label },
        before: { display: row.display, revokedBefore: !revoked },
      },
    };
  },
});
