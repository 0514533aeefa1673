/**
 * The only place that knows the order of things: identify → authorise → lease → record → dial → relay → close. Every protocol goes
 * through it; a protocol supplies wording and bytes only.
 */
import type { Duplex } from 'node:stream';
import {
  type Actor,
  type AuthoriseResponse,
  type BundleConnection,
  type CredentialPurpose,
  hasCredential,
  SluiceError,
} from '@sluice/domain';
import type { NewEvent } from '@sluice/recording';
import {
  type ClientTransport,
  type DialRequest,
  mintPermit,
  type SessionEnd,
  type WireClient,
  type WireProtocol,
  type WireRefusal,
} from '@sluice/wire-kit';
import { SessionInspector } from './inspector.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { RecordingPort, SessionPorts, TicketGrant } from './ports.ts';
import { SessionRights, type Standing } from './session-rights.ts';

/** A client must present its proof, and a target must answer, within this time. */
export const handshakeTimeoutMs = 30_000;
/** Sessions of one connection at once in one gateway. */
export const maxSessionsPerConnection = 500;

export interface SessionRequest {
  readonly transport: ClientTransport;
  readonly connection: BundleConnection;
  readonly protocol: WireProtocol;
  readonly path: 'native' | 'relay' | 'ticket';
  readonly ticket: TicketGrant | null;
  /** What keeps this connection from working at all (missing capability, no credential), in a sentence; null when nothing does. */
  readonly problem: string | null;
}

/** Runs one client connection to its end. Never rejects. */
export async function runSession(request: SessionRequest, ports: SessionPorts, live: LiveSessions): Promise<void> {
  const { connection, protocol, transport } = request;
  const log = (level: 'info' | 'warn' | 'error', message: string, error?: unknown) =>
    ports.log(level, message, { connection: connection.name, client: transport.clientAddress, error: describe(error) });
  let client: WireClient | null = null;
  try {
    const accepted = await protocol.acceptClient({
      transport,
      connection,
      signal: AbortSignal.timeout(handshakeTimeoutMs),
    });
    if (accepted.type === 'cancel') {
      live.cancel(connection.id, accepted.token);
      transport.stream.destroy();
      return;
    }
    client = accepted.client;
    await governed(request, client, ports, live);
  } catch (error) {
    if (client !== null) await client.refuse(refusalOf(error));
    log(error instanceof SluiceError ? 'info' : 'error', 'a session ended before it began', error);
  } finally {
    transport.stream.destroy();
  }
}

async function governed(
  request: SessionRequest,
  client: WireClient,
  ports: SessionPorts,
  live: LiveSessions,
): Promise<void> {
  const { connection } = request;
  const heard = ports.authorise.epoch;
  const identified = await identify(request, client, ports);
  if (request.problem !== null)
    throw new SluiceError('unavailable', request.problem, {
      hint: 'Tell an administrator of Sluice; the connections page shows what is missing.',
    });
  const lease = ports.lease.problem(connection);
  if (lease !== null) throw new SluiceError('lease-expired', lease, { hint: 'Try again in a minute.' });
  if (live.countOf(connection.id) >= maxSessionsPerConnection) {
    throw new SluiceError('too-many', `connection ${connection.name} has ${maxSessionsPerConnection} sessions open`, {
      hint: 'Close some and try again.',
    });
  }
  const id = ports.newId();
  const ending = new AbortController();
  const terminate = (refusal: WireRefusal) => ending.abort(refusal);
  const rights = new SessionRights(identified, ports.now, terminate);
  const forget = live.add({
    id,
    connectionId: connection.id,
    connectionRevision: connection.revision,
    actorId: identified.actor.id,
    terminate,
    reauthorise: () => reauthorise(request, client, ports, rights, terminate),
  });
  // A revocation that was heard of while it was identified asked the live sessions again, and it was none of them yet.
  if (ports.authorise.epoch !== heard) void reauthorise(request, client, ports, rights, terminate);
  try {
    await recorded(request, client, ports, live, { id, actor: identified.actor, signal: ending.signal }, rights);
  } finally {
    rights.close();
    forget();
  }
}

/** From here on everything stands in the record; the first event is in the spool before the target is dialled. */
async function recorded(
  request: SessionRequest,
  client: WireClient,
  ports: SessionPorts,
  live: LiveSessions,
  session: { readonly id: string; readonly actor: Actor; readonly signal: AbortSignal },
  rights: SessionRights,
): Promise<void> {
  const { connection, protocol } = request;
  const recorder = ports.openRecording(session.id, connection.durability);
  const grants = rights.begin((text) => recorder.append({ type: 'session.note', text }, { durable: true }));
  const inspector = new SessionInspector({ ...session, connection, ports, recorder, live, grants, rights });
  let end: SessionEnd = { reason: 'target-gone', message: 'the session did not begin' };
  try {
    recorder.append(openedEvent(request, client, ports, session, inspector), { durable: true });
    grants.start();
    const reads = opensAsReader(session.actor, connection);
    const dial = await dialRequest(request, client, ports, session, reads ? 'reader' : 'writer');
    const target = await protocol.dialTarget(dial).catch(async (error: unknown) => {
      end = {
        reason: 'target-gone',
        message: error instanceof Error ? inspector.maskForRecord(error.message) : 'the target could not be reached',
      };
      throw error;
    });
    // Shared by everybody's sessions: always by the writer's credential, which sees what any of them may reach.
    const writer = reads ? await dialRequest(request, client, ports, session, 'writer') : dial;
    const knowledge = await ports.knowledge(protocol, connection, writer);
    end = await protocol.relay({
      client,
      target,
      dialWriter: reads
        ? async () => protocol.dialTarget(await dialRequest(request, client, ports, session, 'writer'))
        : null,
      knowledge,
      connection,
      actorKind: session.actor.kind,
      permit: mintPermit('admit'),
      inspector,
      facts: ports.facts,
      signal: session.signal,
    });
  } finally {
    inspector.close();
    closeRecording(recorder, inspector, end);
  }
}

/** Asks for other proofs while the one at hand lets nobody in and the protocol's client may have more. */
async function identify(request: SessionRequest, client: WireClient, ports: SessionPorts): Promise<Standing> {
  for (;;) {
    try {
      return await standingOfProof(request, client, ports);
    } catch (error) {
      const mayTryAgain = error instanceof SluiceError && error.code === 'unauthenticated';
      if (!mayTryAgain || client.anotherProof === undefined) throw error;
      if ((await client.anotherProof({ message: error.message, hint: error.hint ?? '' })) === null) throw error;
    }
  }
}

async function standingOfProof(
  request: SessionRequest,
  client: WireClient,
  ports: SessionPorts,
  open = false,
): Promise<Standing> {
  const { connection, ticket } = request;
  const { proof } = client;
  if (ticket !== null) {
    if (ports.proofMatches(proof, ticket.secretHash)) {
      const { actor, expiresAt, accessUntil, grants } = ticket;
      return { actor, expiresAt, accessUntil, grants };
    }
    throw new SluiceError('unauthenticated', 'the password is not the one that this run of sluice connect printed', {
      hint: 'Copy the password from the terminal where sluice connect runs.',
    });
  }
  return granted(
    await ports.authorise.authorise({
      connection,
      clientAddress: request.transport.clientAddress,
      proof,
      startup: client.startup,
      open,
    }),
  );
}

/** Who the session's credential stands for now. */
async function standing(request: SessionRequest, client: WireClient, ports: SessionPorts): Promise<Standing> {
  const { connection, ticket } = request;
  if (ticket === null) return standingOfProof(request, client, ports, true);
  return granted(await ports.authorise.confirm(connection, request.transport.clientAddress, ticket.credential));
}

/** Throws SluiceError for a refusal. */
function granted(answer: AuthoriseResponse): Standing {
  if (answer.ok) {
    const { actor, expiresAt, accessUntil, grants } = answer;
    return { actor, expiresAt, accessUntil, grants };
  }
  const code = answer.reason === 'not-granted' ? 'forbidden' : 'unauthenticated';
  throw new SluiceError(code, answer.message, { hint: answer.hint });
}

/** Called when the revocation epoch moves: a session whose right is gone ends at once, also when nobody can be asked. */
async function reauthorise(
  request: SessionRequest,
  client: WireClient,
  ports: SessionPorts,
  rights: SessionRights,
  terminate: (refusal: WireRefusal) => void,
): Promise<void> {
  try {
    rights.renew(await standing(request, client, ports));
  } catch (error) {
    terminate({
      reason: 'terminated',
      message: error instanceof SluiceError ? error.message : 'your access could not be confirmed',
      hint:
        error instanceof SluiceError && error.hint !== undefined ? error.hint : 'Connect again with a valid secret.',
    });
  }
}

async function dialRequest(
  request: SessionRequest,
  client: WireClient,
  ports: SessionPorts,
  session: { readonly actor: Actor; readonly signal: AbortSignal },
  purpose: CredentialPurpose,
): Promise<DialRequest> {
  const { connection } = request;
  return {
    address: connection.address,
    options: connection.options,
    credential: await ports.credential(connection, purpose),
    connect: (signal: AbortSignal): Promise<Duplex> => ports.connect(connection, signal),
    allowWeakAuthentication: ports.allowWeakAuthentication(connection),
    actorLabel: actorLabel(session.actor),
    startup: client.startup,
    readOnly: purpose === 'reader',
    noteSession: (id) => ports.noteSession(connection, id),
    signal: AbortSignal.any([session.signal, AbortSignal.timeout(handshakeTimeoutMs)]),
  };
}

/** Agents open as the reader where there is one; people are bound by policy alone (design section 4). */
export function opensAsReader(actor: Actor, connection: BundleConnection): boolean {
  return actor.kind === 'service' && hasCredential(connection, 'reader');
}

function openedEvent(
  request: SessionRequest,
  client: WireClient,
  ports: SessionPorts,
  session: { readonly id: string; readonly actor: Actor },
  inspector: SessionInspector,
): NewEvent {
  const { connection } = request;
  return {
    type: 'session.opened',
    sessionId: session.id,
    connection: {
      id: connection.id,
      name: connection.name,
      protocol: connection.address.protocol,
      revision: connection.revision,
      labels: connection.labels,
    },
    actor: session.actor,
    gateway: ports.gateway,
    client: {
      address: request.transport.clientAddress,
      startup: Object.fromEntries(
        Object.entries(client.startup).map(([name, value]) => [name, inspector.maskForRecord(value)]),
      ),
    },
    policyVersion: ports.policy().version,
    path: request.path,
    credential: opensAsReader(session.actor, connection) ? 'reader' : 'writer',
  };
}

function closeRecording(recorder: RecordingPort, inspector: SessionInspector, end: SessionEnd): void {
  recorder.close({
    type: 'session.closed',
    reason: end.reason,
    message: inspector.maskForRecord(end.message),
    statements: inspector.statements,
    held: inspector.held,
    denied: inspector.denied,
  });
}

/** For the target's own logs. */
function actorLabel(actor: Actor): string {
  return actor.onBehalfOf === null ? actor.name : `${actor.name} for ${actor.onBehalfOf.name}`;
}

function refusalOf(error: unknown): WireRefusal {
  if (!(error instanceof SluiceError)) {
    return {
      reason: 'unavailable',
      message: 'Sluice met an internal fault and ended the session',
      hint: 'Try again; the gateway’s log says more.',
    };
  }
  return {
    reason: refusalReason(error),
    message: error.message,
    hint: error.hint ?? 'Tell an administrator of Sluice.',
  };
}

function refusalReason(error: SluiceError): WireRefusal['reason'] {
  switch (error.code) {
    case 'unauthenticated':
      return 'authentication';
    case 'forbidden':
    case 'wrong-database':
      return 'authorisation';
    case 'target-unreachable':
    case 'target-tls':
    case 'target-auth':
    case 'credential-address':
      return 'target';
    case 'protocol-violation':
    case 'bad-request':
    case 'too-large':
    case 'unsupported':
      return 'protocol';
    case 'not-found':
    case 'conflict':
    case 'too-many':
    case 'timed-out':
    case 'cancelled':
    case 'unavailable':
    case 'gateway-offline':
    case 'control-plane-away':
    case 'lease-expired':
    case 'policy-invalid':
    case 'spool-full':
    case 'recording-damaged':
    case 'internal':
      return 'unavailable';
  }
}

function describe(error: unknown): unknown {
  if (error === undefined) return undefined;
  return error instanceof Error
    ? { name: error.name, message: error.message, code: (error as { code?: unknown }).code }
    : String(error);
}
