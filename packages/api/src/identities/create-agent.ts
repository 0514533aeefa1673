import { createServiceIdentity, findGroup, findPerson, type Tx } from '@sluice/database';
import { agentScopesSchema, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { ownIds } from '../visibility.ts';
import { demandConnections } from './identity-inputs.ts';
import { toAgentView } from './identity-views.ts';

/** An agent of a person or of a team: exactly one of `ownerId` and `teamId`. */
export const createAgent = mutation({
  permission: 'identities.write.own',
  input: z.strictObject({
    name: slug,
    ownerId: id.optional(),
    teamId: id.optional(),
    scopes: agentScopesSchema.optional(),
    expiresAt: z.date().nullable().optional(),
  }),
  run: async ({ input, tx, caller, may, now }) => {
    const { ownerId, teamId, scopes, expiresAt } = input;
    const owner = await newOwner(tx, { ownerId, teamId }, caller, may('identities.write'));
    if (expiresAt != null && expiresAt <= now) throw refusedInput('This end is past.', 'Choose a later one.');
    if (scopes !== undefined) await demandConnections(tx, scopes.connectionIds);
    const row = await createServiceIdentity(tx, {
      id: newId<'ServiceIdentity'>(),
      name: input.name,
      ...owner.columns,
      ...(scopes === undefined ? {} : { scopes }),
      expiresAt: expiresAt ?? null,
    });
    return {
      output: toAgentView(row, now),
      audit: {
        sentence: `added agent ${row.name} of ${owner.name}`,
        subject: { type: 'agent', id: row.id, name: row.name },
        after: { name: row.name, owner: owner.name, scopes: row.scopes, expiresAt: row.expiresAt },
      },
    };
  },
});

/** Whom an agent is given to. People make agents for themselves and for teams that they are in. */
export async function newOwner(
  tx: Tx,
  { ownerId, teamId }: { readonly ownerId: string | undefined; readonly teamId: string | undefined },
  caller: Caller,
  mayAll: boolean,
): Promise<{ readonly name: string; readonly columns: { ownerId: string | null; ownerGroupId: string | null } }> {
  if ((ownerId === undefined) === (teamId === undefined))
    throw refusedInput('An agent belongs to a person or to a team.', 'Name one of them.');
  if (!mayAll && !ownIds(caller).includes(ownerId ?? teamId ?? ''))
    throw new SluiceError('forbidden', 'You may make agents for yourself and for your teams only.', {
      audience: 'person',
      hint: 'Ask an admin to make an agent for somebody else.',
    });
  if (teamId !== undefined) {
    const team = await findGroup(tx, teamId);
    if (team === null) throw notFound('group');
    return { name: team.name, columns: { ownerId: null, ownerGroupId: team.id } };
  }
  const owner = await findPerson(tx, { id: ownerId ?? '' });
  if (owner === null || owner.disabledAt !== null) throw notFound('person');
  return { name: owner.name, columns: { ownerId: owner.id, ownerGroupId: null } };
}
