import type { SessionRow, Tx } from '@sluice/database';
import {
  advanceSession,
  advisoryLock,
  appendAuditEvent,
  createChainLink,
  createChunk,
  createSession,
  findChunkHash,
  findGateway,
  findSession,
  gatewayServed,
} from '@sluice/database';
import { isId, SluiceError } from '@sluice/domain';
import { keyIdOf, newId, sha256 } from '@sluice/keys';
import type { Chunk, RecordingEvent } from '@sluice/recording';
import { acceptChunk, decodeEvents, linkOf } from '@sluice/recording';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';
import { indexEvents } from './index-events.ts';
import { storableRecord, storableText } from './storable-text.ts';

export interface ChunkUpload {
  readonly sessionId: string;
  readonly index: number;
  readonly bytes: Buffer;
}

/**
 * Makes a chunk durable: checked, stored and indexed in one transaction. A chunk that is there already is acknowledged again. Throws
 * SluiceError `recording-damaged` for a bad chunk and `conflict` for one that does not continue what is stored.
 */
export async function storeChunk(
  services: GatewayServices,
  gateway: GatewayCaller,
  upload: ChunkUpload,
  now: Date,
): Promise<void> {
  const { sessionId, index, bytes } = upload;
  if (!isId(sessionId)) throw refused('bad-request', 'The session’s id has a wrong form.');
  await services.database.transaction(async (tx) => {
    // One writer per session on all nodes: what is the last chunk stays the last until this one is stored.
    await advisoryLock(tx, `recording:${sessionId}`);
    const session = await findSession(tx, sessionId);
    if (session !== null && session.gatewayId !== gateway.id)
      throw refused('forbidden', 'The session belongs to another gateway.');
    if (session !== null && index < session.chunkCount) return acknowledgeDuplicate(tx, upload);
    if (index !== (session?.chunkCount ?? 0))
      throw refused('conflict', `Chunk ${session?.chunkCount ?? 0} has to come before chunk ${index}.`);
    const keyId = keyIdOf(gateway.signingKey);
    const chunk = acceptChunk({
      bytes,
      sessionId,
      gatewayId: gateway.id,
      index,
      previous: previousOf(session),
      publicKeyOf: (asked) => (asked === keyId ? gateway.signingKey : null),
    });
    const events = decodeEvents(chunk);
    const connectionId = session?.connectionId ?? (await openSession(tx, gateway, sessionId, events[0]));
    const actorId = session?.actorId ?? actorIdOf(events[0]);
    await createChunk(tx, { sessionId, index, hash: chunk.hash, previousHash: chunk.header.previousHash, bytes });
    await noteLink(tx, gateway, chunk, now);
    const counts = await indexEvents(tx, { sessionId, connectionId, actorId, chunkIndex: index }, events);
    await advanceSession(tx, sessionId, {
      ...counts,
      chunkCount: index + 1,
      lastChunkHash: chunk.hash,
      nextSeq: chunk.header.firstSeq + chunk.header.count,
      lastChunkAt: now,
      sealed: chunk.header.final,
      end: endOf(chunk, events),
    });
  });
}

/** Keeps where the chunk stands in its gateway's chain. A number that is there already is a fork: kept, and told. */
async function noteLink(tx: Tx, gateway: GatewayCaller, { header, hash }: Chunk, now: Date): Promise<void> {
  const link = linkOf(header);
  if (link === null) return;
  const { sessionId, index } = header;
  const place = { sessionId, chunkIndex: index, gatewayId: gateway.id, number: link.number, hash };
  const other = await createChainLink(tx, place);
  if (other === null) return;
  const name = (await findGateway(tx, gateway.id))?.name ?? gateway.id;
  await appendAuditEvent(tx, {
    id: newId<'AuditEvent'>(),
    at: now,
    actor: { kind: 'system', name },
    action: 'gateway.chainBroken',
    sentence: `link ${link.number} of gateway ${name} is borne by two sessions`,
    subject: { type: 'gateway', id: gateway.id, name },
    before: null,
    after: { number: link.number, sessions: [other, sessionId] },
    address: null,
  });
}

async function acknowledgeDuplicate(tx: Tx, { sessionId, index, bytes }: ChunkUpload): Promise<void> {
  if ((await findChunkHash(tx, sessionId, index)) !== sha256(bytes))
    throw refused('conflict', `Another chunk ${index} is stored already.`);
}

function previousOf(session: SessionRow | null) {
  if (session === null || session.lastChunkHash === null) return null;
  return { hash: session.lastChunkHash, nextSeq: session.nextSeq, final: session.sealed };
}

/** Makes the session's row from the event that every recording begins with. Returns the connection's id. */
async function openSession(
  tx: Tx,
  gateway: GatewayCaller,
  sessionId: string,
  first: RecordingEvent | undefined,
): Promise<string> {
  if (first?.type !== 'session.opened' || first.sessionId !== sessionId)
    throw refused('recording-damaged', 'The recording does not begin with its session’s opening.');
  const { connection, actor, client } = first;
  if (!isId(connection.id) || !isId(actor.id) || !isId(first.gateway.startId))
    throw refused('recording-damaged', 'An id in the session’s opening has a wrong form.');
  if (!(await gatewayServed(tx, gateway.id, connection.id)))
    throw refused('forbidden', 'This gateway serves no such connection.');
  const startup = storableRecord(client.startup);
  await createSession(tx, {
    id: sessionId,
    connectionId: connection.id,
    gatewayId: gateway.id,
    gatewayStartId: first.gateway.startId,
    actorId: actor.id,
    ownerId: actor.onBehalfOf?.id ?? null,
    actor,
    startedAt: new Date(first.at),
    clientAddress: storableText(client.address),
    clientSoftware: softwareOf(startup),
    path: first.path,
    policyVersion: first.policyVersion,
    startup,
  });
  return connection.id;
}

/** Under which of these a client's startup names its software; protocols differ. */
const softwareKeys = ['application_name', 'program_name', 'client_version', 'user-agent'] as const;

function softwareOf(startup: Readonly<Record<string, string>>): string | null {
  return softwareKeys.map((key) => startup[key]).find((value) => value !== undefined && value !== '') ?? null;
}

function actorIdOf(first: RecordingEvent | undefined): string {
  return first?.type === 'session.opened' ? first.actor.id : '';
}

function endOf(chunk: Chunk, events: readonly RecordingEvent[]) {
  for (const event of events) {
    if (event.type === 'session.closed')
      return { state: 'closed' as const, at: new Date(event.at), reason: storableText(event.message || event.reason) };
    if (event.type === 'session.interrupted')
      return { state: 'interrupted' as const, at: new Date(event.at), reason: storableText(event.reason) };
  }
  // A seal without an end event would be a writer's fault; the session is over all the same.
  return chunk.header.final
    ? { state: 'interrupted' as const, at: new Date(chunk.header.lastAt), reason: 'the recording ended' }
    : null;
}

function refused(code: 'bad-request' | 'forbidden' | 'conflict' | 'recording-damaged', message: string): SluiceError {
  return new SluiceError(code, message, { audience: 'operator' });
}
