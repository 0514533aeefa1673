import { countConnections, createToken as createRow } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { mintToken, newId, tokenDisplay, tokenHash } from '@sluice/keys';
import { z } from 'zod';
import { refusedInput } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { ids } from './identity-inputs.ts';
import { visibleIdentity } from './identity-of.ts';
import { toTokenView } from './identity-views.ts';

const dayMs = 24 * 3_600_000;
const defaultLifeDays = 90;
const maxLifeDays = 366;

/**
 * Mints an API token or a native secret and shows it once. People mint their own and their agents'; an admin mints for any agent, but
 * never for another person: that would be acting as them.
 */
export const createToken = mutation({
  permission: 'identities.write.own',
  input: z.strictObject({
    identityId: id,
    type: z.enum(['api', 'native']),
    label: z.string().trim().min(1).max(100),
    /** Native secrets only; none means every connection. */
    connectionIds: ids.optional(),
    expiresInDays: z.int().min(1).max(maxLifeDays).default(defaultLifeDays),
  }),
  run: async ({ input, tx, caller, may, now }) => {
    const identity = await visibleIdentity(tx, input.identityId, caller, may('identities.write'));
    if (identity.kind === 'person' && !identity.own)
      throw new SluiceError('forbidden', 'A person’s tokens are made by that person alone.', {
        audience: 'person',
        hint: `Ask ${identity.name} to make it, or make an agent.`,
      });
    if (!identity.active) throw refusedInput(`${identity.name} is disabled.`, 'Enable the account first.');
    const connectionIds = input.connectionIds ?? [];
    if (input.type === 'api' && connectionIds.length > 0)
      throw refusedInput('An API token is not bound to connections.', 'Make a native secret for that.');
    if ((await countConnections(tx, connectionIds)) !== connectionIds.length)
      throw refusedInput('One of these connections is not there any more.', 'Reload and choose again.');
    const secret = mintToken(input.type === 'native' ? 'native' : identity.kind);
    const row = await createRow(tx, {
      id: newId<'Token'>(),
      type: input.type,
      owner: { kind: identity.kind, id: identity.id },
      label: input.label,
      display: tokenDisplay(secret),
      hash: tokenHash(secret),
      expiresAt: new Date(now.getTime() + input.expiresInDays * dayMs),
      connectionIds,
    });
    const view = toTokenView(row);
    return {
      output: { token: view, secret: secret.reveal() },
      audit: {
        sentence: `made ${input.type === 'native' ? 'a native secret' : 'an API token'} for ${identity.name}`,
        subject: { type: 'token', id: row.id, name: input.label },
        after: { owner: identity.name, type: input.type, connections: view.connections, expiresAt: view.expiresAt },
      },
    };
  },
});
