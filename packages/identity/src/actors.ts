import type { TokenRow } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { roleNameSchema } from '@sluice/domain';

interface PersonLike {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly memberships: readonly { readonly group: { readonly name: string } }[];
}

interface AgentLike {
  readonly id: string;
  readonly name: string;
  readonly owner: { readonly id: string; readonly name: string };
}

/** A person as the one who acts. */
export function actorOfPerson(person: PersonLike): Actor {
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

/** A service identity as the one who acts: in no group, always on behalf of its owner. */
export function actorOfServiceIdentity(agent: AgentLike): Actor {
  return {
    id: agent.id,
    kind: 'service',
    name: agent.name,
    role: 'agent',
    groups: [],
    onBehalfOf: { id: agent.owner.id, name: agent.owner.name },
    runId: null,
  };
}

/** The actor that a token stands for, or why it stands for nobody any more. */
export function actorOfToken(token: TokenRow): { readonly ok: true; readonly actor: Actor } | { readonly ok: false } {
  const { person, serviceIdentity } = token;
  if (person !== null) return person.disabledAt === null ? { ok: true, actor: actorOfPerson(person) } : { ok: false };
  // An agent acts for its owner: without the owner it acts for nobody.
  if (serviceIdentity === null || serviceIdentity.disabledAt !== null || serviceIdentity.owner.disabledAt !== null)
    return { ok: false };
  return { ok: true, actor: actorOfServiceIdentity(serviceIdentity) };
}
