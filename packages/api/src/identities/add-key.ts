import { countConnections, createToken as createRow, findToken, releaseTokenHash } from '@sluice/database';
import { keyProofBytes, SluiceError } from '@sluice/domain';
import { maxPublicKeyLineCharacters, newId, readPublicKeyLine, sha256 } from '@sluice/keys';
import { z } from 'zod';
import { refusedInput } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { ids } from './identity-inputs.ts';
import { visibleIdentity } from './identity-of.ts';
import { toTokenView } from './identity-views.ts';

const dayMs = 24 * 3_600_000;
const maxLifeDays = 366;

/**
 * Registers a public key that a person or agent signs in with at protocols that take keys. Only its fingerprint is kept. As with
 * tokens: people for themselves and their agents, an admin for any agent.
 */
export const addKey = mutation({
  permission: 'identities.write.own',
  input: z.strictObject({
    identityId: id,
    publicKey: z.string().max(maxPublicKeyLineCharacters),
    /** Empty: the key's own comment, else its kind. */
    label: z.string().trim().max(100).default(''),
    /** None means every connection. */
    connectionIds: ids.optional(),
    expiresInDays: z.int().min(1).max(maxLifeDays).default(maxLifeDays),
  }),
  run: async ({ input, tx, caller, may, now }) => {
    const identity = await visibleIdentity(tx, input.identityId, caller, may('identities.write'));
    if (identity.kind === 'person' && !identity.own)
      throw new SluiceError('forbidden', 'A person’s keys are registered by that person alone.', {
        audience: 'person',
        hint: `Ask ${identity.name} to register it.`,
      });
    if (!identity.active) throw refusedInput(`${identity.name} is disabled.`, 'Enable the account first.');
    const key = readPublicKeyLine(input.publicKey);
    const connectionIds = input.connectionIds ?? [];
    if ((await countConnections(tx, connectionIds)) !== connectionIds.length)
      throw refusedInput('One of these connections is not there any more.', 'Reload and choose again.');
    const hash = sha256(keyProofBytes(key.fingerprint));
    const before = await findToken(tx, { hash });
    if (before !== null && before.revokedAt === null && (before.expiresAt === null || before.expiresAt > now))
      throw new SluiceError('conflict', 'This key is registered already.', {
        audience: 'person',
        hint: 'One key stands for one identity: remove it there first, or use another key here.',
      });
    if (before !== null) await releaseTokenHash(tx, before);
    const label = input.label || key.comment.slice(0, 100) || key.kind;
    const row = await createRow(tx, {
      id: newId<'Token'>(),
      type: 'public-key',
      owner: { kind: identity.kind, id: identity.id },
      label,
      display: key.fingerprint,
      hash,
      expiresAt: new Date(now.getTime() + input.expiresInDays * dayMs),
      connectionIds,
    });
    const view = toTokenView(row);
    return {
      output: { token: view },
      audit: {
        sentence: `registered a public key for ${identity.name}`,
        subject: { type: 'token', id: row.id, name: label },
        after: { owner: identity.name, key: key.fingerprint, connections: view.connections, expiresAt: view.expiresAt },
      },
    };
  },
});
