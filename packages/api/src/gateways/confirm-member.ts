import { bumpBundleVersion, confirmGateway, findGateway } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { fingerprint } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';

/** base64url HMAC-SHA-256. */
const confirmation = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'not a base64url HMAC-SHA-256');

/**
 * Notes that somebody compared a gateway's fingerprint with what it printed. A member of its group gives it credentials only after it
 * has checked `confirmation`, which was made with a code of that member's own, or where its floor file names the fingerprint.
 */
export const confirmMember = mutation({
  permission: 'gateways.write',
  input: z.strictObject({ id, fingerprint: z.string().max(200), confirmation: confirmation.nullable() }),
  run: async ({ input, tx, now }) => {
    const row = await findGateway(tx, input.id);
    if (row === null || row.revokedAt !== null) throw notFound('gateway');
    const plain = (text: string) => text.replace(/\s+/g, '').toLowerCase();
    if (plain(fingerprint(row.sealingKey)) !== plain(input.fingerprint))
      throw new SluiceError('conflict', 'This is not the fingerprint of the key that this gateway enrolled with.', {
        audience: 'person',
        hint: 'Compare it with what the gateway printed. Where they differ, revoke this gateway: somebody else answered to its name.',
      });
    const { sealingKey } = row;
    if (!(await confirmGateway(tx, { id: row.id, sealingKey, confirmation: input.confirmation }, now)))
      throw notFound('gateway');
    await bumpBundleVersion(tx);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `confirmed the fingerprint of gateway ${row.name}`,
        subject: { type: 'gateway', id: row.id, name: row.name },
        after: { sealingKey: fingerprint(sealingKey), withCode: input.confirmation !== null },
      },
    };
  },
});
