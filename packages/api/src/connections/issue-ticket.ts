import { findConnection, readCounters } from '@sluice/database';
import type { Ticket } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { accessOf } from '@sluice/identity';
import { newId, signJson, ticketContext } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { optionsOf } from './connection-views.ts';
import { onlineMember } from './members.ts';
import { serverNameOf } from './server-names.ts';

/** A ticket is used at once; this covers clocks and slow starts. In ms. */
const ticketLifeMs = 30_000;
const secretHash = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'not a base64url SHA-256');

/** A single-use ticket for the relay path. It names the gateway's process, so it dies with it, and lives 30 s. */
export const issueTicket = mutation({
  permission: 'connections.connect',
  input: z.union([z.strictObject({ id, secretHash }), z.strictObject({ name: slug, secretHash })]),
  run: async ({ input, tx, services, caller, now, address }) => {
    const row = await findConnection(tx, 'id' in input ? { id: input.id } : { name: input.name });
    if (row === null) throw notFound('connection');
    const gateway = onlineMember(row, caller.actor.id, now);
    const { revocationEpoch } = await readCounters(tx);
    const { answer, grants, message, hint } = await accessOf(tx, caller.actor, row, { clientAddress: address, now });
    if (!answer.open) throw new SluiceError('forbidden', message, { audience: 'person', hint });
    const ticket: Ticket = {
      id: newId<'Ticket'>(),
      gatewayId: gateway.id,
      gatewayStartId: gateway.startId,
      connectionId: row.id,
      actor: caller.actor,
      expiresAt: new Date(now.getTime() + ticketLifeMs).toISOString(),
      sessionExpiresAt: caller.expiresAt?.toISOString() ?? null,
      accessUntil: answer.until,
      grants: [...grants],
      epoch: revocationEpoch,
      credential: { by: caller.by, id: caller.credentialId },
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
