import type { Bus, Db } from '@sluice/database';
import {
  createExplainRequest,
  findConnection,
  findPerson,
  findServiceIdentity,
  hasExplainAnswer,
  publish,
  takeExplainAnswer,
} from '@sluice/database';
import type { Actor, ExplainRequest, Explanation } from '@sluice/domain';
import {
  explainAnswerSchema,
  explainContext,
  isId,
  maxAssumedGrants,
  maxDraftCharacters,
  maxExplainedCharacters,
  Secret,
  SluiceError,
} from '@sluice/domain';
import { actorOfPerson, actorOfServiceIdentity, agentIsActive, type Caller, placeOf } from '@sluice/identity';
import { makeRowKey, newId, openAtRest, sealAtRest } from '@sluice/keys';
import { detectorNames } from '@sluice/masking';
import { compilePolicy } from '@sluice/policy';
import { z } from 'zod';
import { onlineMember } from '../connections/members.ts';
import { notFound } from '../errors.ts';
import type { NodeNotice } from '../node-notices.ts';
import { mutation } from '../procedure.ts';
import { ownIds } from '../visibility.ts';
import { waitForNotice } from '../wait-for-notice.ts';

/** How long a gateway may take, in ms. */
const explainTimeoutMs = 20_000;
const idOrName = z.string().min(1).max(200);

/**
 * What policy would say of a text for somebody on a connection. Nothing runs: a gateway of the connection reads the text and judges it.
 * Asking for anybody but oneself and one's own agents needs `policies.explain`. In the audit chain stands who asked for whom, and no text.
 */
export const explainStatement = mutation({
  permission: 'policies.explain.own',
  input: z.strictObject({
    /** Id or name. */
    connection: idOrName,
    /** Id or name of a person or agent; null: the caller. */
    as: idOrName.nullable(),
    text: z.string().min(1).max(maxExplainedCharacters),
    /** A draft to judge by; null: the policy in force. */
    source: z.string().max(maxDraftCharacters).nullable().default(null),
    /** Grants that are assumed to be held. */
    grants: z.array(z.string().min(1).max(255)).max(maxAssumedGrants).default([]),
  }),
  run: async ({ input, tx, services, caller, now, may, mayOn }) => {
    const actor = input.as === null ? caller.actor : await actorNamed(tx, input.as);
    refuseForeign(actor, caller, may('policies.explain'));
    if (input.source !== null) refuseFaulty(input.source);
    const row = await findConnection(
      tx,
      isId(input.connection) ? { id: input.connection } : { name: input.connection },
    );
    if (row === null || !mayOn('connections.read', placeOf(row))) throw notFound('connection');
    const gatewayId = onlineMember(row, caller.actor.id, now).id;
    const requestId = newId<'ExplainRequest'>();
    const { text, source, grants } = input;
    const request = { connectionId: row.id, actor, text, source, grants };
    const output = () => ask(services.bus, services.database.db, { requestId, gatewayId, request });
    return {
      output,
      audit: {
        sentence: `asked what policy says of a statement on connection ${row.name} for ${actor.name}${source === null ? '' : ', by a draft'}`,
        subject: { type: 'connection', id: row.id, name: row.name },
      },
    };
  },
});

/** Throws SluiceError `not-found`, or `conflict` for somebody who cannot connect any more. */
async function actorNamed(db: Db, named: string): Promise<Actor> {
  const where = isId(named) ? { id: named } : { name: named };
  const person = await findPerson(db, where);
  const agent = person === null ? await findServiceIdentity(db, where) : null;
  const disabled = person !== null ? person.disabledAt !== null : agent !== null && !agentIsActive(agent, new Date());
  if (disabled)
    throw new SluiceError('conflict', `${person?.name ?? agent?.name ?? named} is disabled and may not connect.`, {
      audience: 'person',
      hint: 'Enable them on the Identities page, or name somebody else.',
    });
  if (person !== null) return actorOfPerson(person);
  if (agent !== null) return actorOfServiceIdentity(agent);
  throw new SluiceError('not-found', `There is no person or agent ${named}.`, {
    audience: 'person',
    hint: 'The Identities page lists their names.',
  });
}

function refuseForeign(actor: Actor, caller: Caller, mayAll: boolean): void {
  const own =
    actor.id === caller.actor.id || (actor.onBehalfOf !== null && ownIds(caller).includes(actor.onBehalfOf.id));
  if (own || mayAll) return;
  throw new SluiceError('forbidden', `Only an admin may ask what policy says for ${actor.name}.`, {
    audience: 'person',
    hint: 'Ask for yourself or for one of your own agents, or ask an admin.',
  });
}

function refuseFaulty(source: string): void {
  const compiled = compilePolicy(source, { detectors: detectorNames });
  if (compiled.ok) return;
  const [first] = compiled.problems;
  throw new SluiceError(
    'policy-invalid',
    `The draft is not valid. Line ${first?.line ?? 1}, column ${first?.column ?? 1}: ${first?.message ?? ''}`,
    { audience: 'person', hint: 'Mend what the editor marks, then ask again.' },
  );
}

/** The text lies in the database only sealed, and only until the answer is fetched; the key travels in the notice alone. */
async function ask(
  bus: Bus,
  db: Db,
  asked: { readonly requestId: string; readonly gatewayId: string; readonly request: ExplainRequest },
): Promise<Explanation> {
  const { requestId, gatewayId, request } = asked;
  const key = makeRowKey();
  const sealed = sealAtRest(key, new Secret(JSON.stringify(request)), explainContext(requestId, 'request'));
  await createExplainRequest(db, { id: requestId, gatewayId, request: sealed });
  try {
    const answered = waitForNotice(
      bus,
      (notice) => notice.type === 'explained' && notice.requestId === requestId,
      () => hasExplainAnswer(db, requestId),
      explainTimeoutMs,
    );
    const notice = { type: 'explain', requestId, key: key.reveal() } as const;
    await publish(db, 'sluice_notice', { type: 'gateway', gatewayId, notice } satisfies NodeNotice);
    await answered;
  } catch (error) {
    await takeExplainAnswer(db, requestId);
    throw error;
  }
  const answer = await takeExplainAnswer(db, requestId);
  if (answer === null)
    throw new SluiceError('timed-out', `The gateway did not answer within ${explainTimeoutMs / 1000} seconds.`, {
      audience: 'person',
      hint: 'Look at the gateway’s log and version, then ask again.',
    });
  return opened(openAtRest(key, answer, explainContext(requestId, 'answer')).reveal());
}

function opened(text: string): Explanation {
  const answer = explainAnswerSchema.parse(JSON.parse(text));
  if (answer.ok) return answer;
  throw new SluiceError(answer.code, answer.message, {
    audience: 'person',
    hint: answer.hint ?? 'Look at the gateway’s log, then ask again.',
  });
}
