import type { ServiceIdentityRow } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { agentScopesSchema, roleNameSchema } from '@sluice/domain';

export interface PersonLike {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly disabledAt: Date | null;
  readonly memberships: readonly { readonly group: { readonly id: string; readonly name: string } }[];
}

export interface AgentLike extends Pick<ServiceIdentityRow, 'id' | 'name' | 'scopes' | 'expiresAt' | 'disabledAt'> {
  readonly owner: PersonLike | null;
  readonly ownerGroup: {
    readonly id: string;
    readonly name: string;
    readonly memberships: readonly { readonly person: PersonLike }[];
  } | null;
}

/** A person as the one who acts. */
export function actorOfPerson(person: Omit<PersonLike, 'disabledAt'>): Actor {
  return {
    id: person.id,
    kind: 'person',
    name: person.name,
    role: roleNameSchema.parse(person.role),
    groups: person.memberships.map(({ group }) => group.name).sort(),
    onBehalfOf: null,
    runId: null,
  };
}

/** A service identity as the one who acts: in no group, always on behalf of its owner. Throws for scopes that cannot be read. */
export function actorOfServiceIdentity(
  agent: Pick<AgentLike, 'id' | 'name' | 'scopes' | 'owner' | 'ownerGroup'>,
): Actor {
  const { kinds } = agentScopesSchema.parse(agent.scopes);
  return {
    id: agent.id,
    kind: 'service',
    name: agent.name,
    role: 'agent',
    groups: [],
    onBehalfOf: ownerOf(agent),
    runId: null,
    ...(kinds.length === 0 ? {} : { kinds }),
  };
}

/** Whom an agent acts for. The database holds that there is exactly one. */
export function ownerOf(agent: {
  readonly owner: { readonly id: string; readonly name: string } | null;
  readonly ownerGroup: { readonly id: string; readonly name: string } | null;
}): NonNullable<Actor['onBehalfOf']> {
  const { owner, ownerGroup } = agent;
  if (owner !== null) return { id: owner.id, name: owner.name };
  if (ownerGroup !== null) return { id: ownerGroup.id, name: ownerGroup.name, kind: 'team' };
  throw new Error('a service identity has an owner');
}

/** The people that an agent acts for who are active: without any it acts for nobody. */
export function activeOwners(agent: Pick<AgentLike, 'owner' | 'ownerGroup'>): readonly PersonLike[] {
  const people =
    agent.owner === null ? (agent.ownerGroup?.memberships ?? []).map(({ person }) => person) : [agent.owner];
  return people.filter((person) => person.disabledAt === null);
}

export function agentIsActive(
  agent: Pick<AgentLike, 'owner' | 'ownerGroup' | 'disabledAt' | 'expiresAt'>,
  now: Date,
): boolean {
  const ended = agent.expiresAt !== null && agent.expiresAt <= now;
  return agent.disabledAt === null && !ended && activeOwners(agent).length > 0;
}
