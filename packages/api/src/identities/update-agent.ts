import type { ServiceIdentityRow } from '@sluice/database';
import { bumpRevocationEpoch, findServiceIdentity, updateServiceIdentity } from '@sluice/database';
import { agentScopesSchema, SluiceError } from '@sluice/domain';
import { ownerOf } from '@sluice/identity';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { ownIds } from '../visibility.ts';
import { newOwner } from './create-agent.ts';
import { demandConnections } from './identity-inputs.ts';
import { toAgentView } from './identity-views.ts';

/**
 * An owner may disable and enable their agents and change what these are for; giving one to somebody else is for admins. Whatever the
 * scopes say, an agent never does what its owner may not.
 */
export const updateAgent = mutation({
  permission: 'identities.write.own',
  input: z.strictObject({
    id,
    disabled: z.boolean().optional(),
    ownerId: id.optional(),
    teamId: id.optional(),
    scopes: agentScopesSchema.optional(),
    expiresAt: z.date().nullable().optional(),
  }),
  run: async ({ input, tx, caller, may, now }) => {
    const before = await findServiceIdentity(tx, { id: input.id });
    if (before === null || !(may('identities.write') || ownIds(caller).includes(ownerOf(before).id)))
      throw notFound('agent');
    const { ownerId, teamId, scopes, expiresAt, disabled } = input;
    const given = ownerId ?? teamId;
    const moves = given !== undefined && given !== ownerOf(before).id;
    if (moves && !may('identities.write'))
      throw new SluiceError('forbidden', 'Only an admin gives an agent to somebody else.', {
        audience: 'person',
        hint: 'Ask an admin to do it.',
      });
    const owner = moves ? await newOwner(tx, { ownerId, teamId }, caller, true) : null;
    if (scopes !== undefined) await demandConnections(tx, scopes.connectionIds);
    const row = await updateServiceIdentity(tx, before.id, {
      ...(owner?.columns ?? {}),
      ...(scopes === undefined ? {} : { scopes }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(disabled === undefined ? {} : { disabledAt: disabled ? (before.disabledAt ?? now) : null }),
    });
    await bumpRevocationEpoch(tx);
    return {
      output: toAgentView(row, now),
      audit: {
        sentence: `changed agent ${row.name}`,
        subject: { type: 'agent', id: row.id, name: row.name },
        before: auditedFields(before),
        after: auditedFields(row),
      },
    };
  },
});

function auditedFields(row: ServiceIdentityRow) {
  return {
    owner: ownerOf(row).name,
    scopes: row.scopes,
    expiresAt: row.expiresAt,
    disabled: row.disabledAt !== null,
  };
}
