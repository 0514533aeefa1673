import type { Db, TokenRow } from '@sluice/database';
import type { Actor, Place, Rights } from '@sluice/domain';
import { agentScopesSchema, can, isInNetworks, rolesOn } from '@sluice/domain';
import type { PersonLike } from './actors.ts';
import { actorOfPerson, actorOfServiceIdentity, agentIsActive } from './actors.ts';
import { rightsOfPerson, rightsOfServiceIdentity } from './rights-of.ts';

/** Whom a credential stands for, and what they may do. */
export interface Standing {
  readonly actor: Actor;
  readonly rights: Rights;
  /** Groups that a person is in; none for a service identity. */
  readonly groupIds: readonly string[];
}

export async function standingOfPerson(db: Db, person: PersonLike, now: Date): Promise<Standing> {
  return {
    actor: actorOfPerson(person),
    rights: await rightsOfPerson(db, person, now),
    groupIds: person.memberships.map(({ group }) => group.id),
  };
}

/** Why a token stands for nobody at the moment. */
export type Nobody = 'disabled' | 'expired' | 'revoked' | 'network';

/**
 * Whom a token stands for, used from a client's address (null where it is not known, which is in no network). The token's own end is
 * the caller's business: what else ends it is judged here.
 */
export async function standingOfToken(
  db: Db,
  token: TokenRow,
  clientAddress: string | null,
  now: Date,
): Promise<Standing | { readonly nobody: Nobody }> {
  const { person, serviceIdentity, parent, run } = token;
  for (const above of [parent, parent?.parent ?? null]) {
    if (above !== null && above.revokedAt !== null) return { nobody: 'revoked' };
    if (above?.expiresAt != null && above.expiresAt <= now) return { nobody: 'expired' };
  }
  // A run that has ended takes what was issued for it along.
  if (run !== null && run.endedAt !== null) return { nobody: 'expired' };
  const runId = run?.id ?? null;
  if (person !== null) {
    if (person.disabledAt !== null) return { nobody: 'disabled' };
    const standing = await standingOfPerson(db, person, now);
    return { ...standing, actor: { ...standing.actor, runId } };
  }
  if (serviceIdentity === null || !agentIsActive(serviceIdentity, now)) return { nobody: 'disabled' };
  const scopes = agentScopesSchema.safeParse(serviceIdentity.scopes);
  if (!scopes.success) return { nobody: 'disabled' };
  const { networks } = scopes.data;
  if (networks.length > 0 && !isInNetworks(clientAddress ?? '', networks)) return { nobody: 'network' };
  return {
    actor: { ...actorOfServiceIdentity(serviceIdentity), runId },
    rights: await rightsOfServiceIdentity(db, serviceIdentity, now),
    groupIds: [],
  };
}

/** The actor of a session on this connection, and when its leave to connect ends by itself; null: not by itself. Or why it may not. */
export function admit(
  { actor, rights }: Standing,
  place: Place,
): { readonly actor: Actor; readonly until: Date | null } | { readonly refused: string } {
  const answer = can(rights, 'connections.connect', place);
  if (!answer.yes) return { refused: answer.because };
  const roles = rolesOn(rights, place);
  const more = roles.some((role) => role !== actor.role);
  return { actor: more ? { ...actor, roles } : actor, until: answer.until };
}
