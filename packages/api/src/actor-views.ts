import type { Actor } from '@sluice/domain';
import { actorSchema } from '@sluice/domain';
import type { ActorView } from './views.ts';

export function toActorView(actor: Actor): ActorView {
  const { id, kind, name, role, onBehalfOf } = actor;
  return { id, kind, name, role, owner: onBehalfOf };
}

/** An actor as it was stored with a session or an approval. */
export function storedActor(json: unknown): Actor {
  return actorSchema.parse(json);
}

/** A person's row as who acts. */
export function personActorView(person: {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}): ActorView {
  return { id: person.id, kind: 'person', name: person.name, role: person.role, owner: null };
}
