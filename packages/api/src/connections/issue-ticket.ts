import { findConnection, readCounters, type Tx } from '@sluice/database';
import type { Actor, Ticket } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { accessOf, admit, type Caller, placeOf, sooner } from '@sluice/identity';
import { newId, signJson, ticketContext } from '@sluice/keys';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { openRunOf } from '../runs/visible-run.ts';
import { optionsOf } from './connection-views.ts';
import { onlineMember } from './members.ts';
import { serverNameOf } from './server-names.ts';

/** A ticket is used at once; this covers clocks and slow starts. In ms. */
const ticketLifeMs = 30_000;
const secretHash = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'not a base64url SHA-256');
/** Gateways that did not take an earlier ticket of this client: another member of the group is preferred. */
const avoid = z.array(id).max(16).optional();

/** A single-use ticket for the relay path. It names the gateway's process, so it dies with it, and lives 30 s. */
export const issueTicket = mutation({
  permission: 'connections.connect',
  input: z.union([
    z.strictObject({ id, secretHash, runId: id.optional(), avoid }),
    z.strictObject({ name: slug, secretHash, runId: id.optional(), avoid }),
  ]),
  run: async ({ input, tx, services, caller, mayOn, now, address }) => {
    const row = await findConnection(tx, 'id' in input ? { id: input.id } : { name: input.name });
    if (row === null || !mayOn('connections.read', placeOf(row))) throw notFound('connection');
    const admitted = admit(caller, placeOf(row));
    if ('refused' in admitted)
      throw new SluiceError('forbidden', `You may not connect to ${row.name}: ${admitted.refused}.`, {
        audience: 'person',
        hint: 'Ask who may assign roles.',
      });
    const actor = input.runId === undefined ? admitted.actor : await inRun(tx, admitted.actor, input.runId, caller);
    // Who may not connect is told so, and nothing of the gateways.
    const { revocationEpoch } = await readCounters(tx);
    const { answer, grants, message, hint } = await accessOf(tx, actor, row, { clientAddress: address, now });
    if (!answer.open) throw new SluiceError('forbidden', message, { audience: 'person', hint });
    const gateway = onlineMember(row, caller.actor.id, now, input.avoid);
    const ticket: Ticket = {
      id: newId<'Ticket'>(),
      gatewayId: gateway.id,
      gatewayStartId: gateway.startId,
      connectionId: row.id,
      actor,
      expiresAt: new Date(now.getTime() + ticketLifeMs).toISOString(),
      sessionExpiresAt: sooner(caller.expiresAt, admitted.until)?.toISOString() ?? null,
      accessUntil: answer.until,
      grants: [...grants],
      epoch: revocationEpoch,
      credential: {
        by: credentialKind(caller.by),
        id: caller.credentialId,
        ...(actor.runId === null ? {} : { runId: actor.runId }),
      },
      secretHash: input.secretHash,
    };
    return {
      output: {
        ticket: signJson(services.signing, ticketContext, ticket),
        gatewayId: gateway.id,
        url: `${services.publicUrl.replace(/^http/, 'ws')}/api/relay`,
        serverName: serverNameOf(row.name),
        caRoot: services.caRoot,
        protocol: row.protocol,
        options: optionsOf(row),
      },
      audit: {
        sentence: `got a ticket for connection ${row.name}`,
        subject: { type: 'connection', id: row.id, name: row.name },
        after: { ticketId: ticket.id },
      },
    };
  },
});

/** The actor in one of its own open runs; a token that was issued for a run stays in that one. */
async function inRun(tx: Tx, actor: Actor, runId: string, caller: Caller): Promise<Actor> {
  const run = await openRunOf(tx, runId, caller);
  if (actor.runId !== null && actor.runId !== run.id)
    throw refusedInput('Your token was issued for another run.', 'Leave the run out, or use a token of this run.');
  return { ...actor, runId: run.id };
}

/** What a gateway can have confirmed; a decision in Slack opens nothing. */
function credentialKind(by: Caller['by']): 'web-session' | 'api-token' {
  if (by === 'slack')
    throw new SluiceError('forbidden', 'A ticket is for a browser or a program, not for Slack.', {
      audience: 'person',
    });
  return by;
}
