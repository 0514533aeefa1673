import { countConnections, createToken, findToken } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { mintToken, newId, tokenDisplay, tokenHash } from '@sluice/keys';
import { z } from 'zod';
import { refusedInput } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { openRunOf } from '../runs/visible-run.ts';
import { ids } from './identity-inputs.ts';
import { toTokenView } from './identity-views.ts';

const minuteMs = 60_000;
const maxLifeMinutes = 60;

/**
 * A short-lived API token or native secret for who calls with a long-lived API token: for a run, for some connections, for at most an
 * hour, and never beyond the token it was exchanged from. What is revoked there ends here too. A short-lived one is not exchanged again.
 */
export const exchangeToken = mutation({
  permission: 'self.exchange',
  input: z.strictObject({
    type: z.enum(['api', 'native']),
    minutes: z.int().min(1).max(maxLifeMinutes).default(maxLifeMinutes),
    /** Native secrets only; none means every connection that the token's owner may use. */
    connectionIds: ids.optional(),
    runId: id.optional(),
  }),
  run: async ({ input, tx, caller, now }) => {
    const parent = caller.by === 'api-token' ? await findToken(tx, { id: caller.credentialId }) : null;
    if (parent === null)
      throw refusedInput('Only an API token is exchanged.', 'Call with `authorization: Bearer` and an API token.');
    if (parent.parentId !== null)
      throw new SluiceError('forbidden', 'A short-lived token is not exchanged again.', {
        audience: 'person',
        hint: 'Exchange the one that it came from.',
      });
    const connectionIds = input.connectionIds ?? [];
    if (input.type === 'api' && connectionIds.length > 0)
      throw refusedInput('An API token is not bound to connections.', 'Ask for a native secret for that.');
    if ((await countConnections(tx, connectionIds)) !== connectionIds.length)
      throw refusedInput('One of these connections is not there.', 'Look at `sluice connections`.');
    const run = input.runId === undefined ? null : await openRunOf(tx, input.runId, caller);
    const { kind, id: ownerId, name } = caller.actor;
    const secret = mintToken(input.type === 'native' ? 'native' : kind);
    const row = await createToken(tx, {
      id: newId<'Token'>(),
      type: input.type,
      owner: { kind, id: ownerId },
      label: run === null ? `short-lived, from ${parent.label}`.slice(0, 100) : `run ${run.purpose}`.slice(0, 100),
      display: tokenDisplay(secret),
      hash: tokenHash(secret),
      expiresAt: new Date(now.getTime() + input.minutes * minuteMs),
      connectionIds,
      parentId: parent.id,
      runId: run?.id ?? parent.runId,
    });
    const view = toTokenView(row);
    return {
      output: { token: view, secret: secret.reveal() },
      audit: {
        sentence: `exchanged a token for ${input.type === 'native' ? 'a native secret' : 'an API token'} of ${input.minutes} min`,
        subject: { type: 'token', id: row.id, name: row.label },
        after: {
          owner: name,
          type: input.type,
          connections: view.connections,
          expiresAt: view.expiresAt,
          run: row.runId,
        },
      },
    };
  },
});
