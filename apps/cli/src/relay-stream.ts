/** One byte stream to a connection through the control plane's relay: a ticket, a WebSocket, and TLS that ends in the gateway. */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { keyProofBytes, Secret, SluiceError } from '@sluice/domain';
import { webSocketStream } from '@sluice/tunnel';
import { WebSocket } from 'ws';
import { type ApiClient, explainApiError } from './api-client.ts';
import { CliError, exitCodes } from './exit-codes.ts';

const openTimeoutMs = 15_000;
/** Tickets that are asked for at most while gateways do not take them. */
const maxTickets = 5;
/** Before the second ticket; doubled before each further one. In ms. */
const firstRetryMs = 250;
/**
 * What says that this gateway cannot take the ticket now, its process being another one by now included. Whether the person may connect
 * is judged anew with the next ticket.
 */
const elsewhereCodes: ReadonlySet<string> = new Set([
  'unavailable',
  'gateway-offline',
  'too-many',
  'timed-out',
  'not-found',
  'forbidden',
]);
/** Largest WebSocket message of the relay: matches the tunnel's bound for client streams. */
const maxMessageBytes = 262_144;

/** A password of this run: the gateway asks the plain client for it. */
export function runPassword(): Secret {
  return new Secret(randomBytes(24).toString('base64url'));
}

type IssuedTicket = Awaited<ReturnType<ApiClient['connections']['issueTicket']['mutate']>>;

export interface RelayStream {
  readonly stream: Duplex;
  readonly protocol: string;
  readonly options: Record<string, unknown>;
}

/** SHA-256, base64url, of what the gateway will ask the plain client for. */
export function proofHash(proof: Secret | { readonly fingerprint: string }): string {
  const bytes = proof instanceof Secret ? proof.reveal() : keyProofBytes(proof.fingerprint);
  return createHash('sha256').update(bytes).digest('base64url');
}

/**
 * Throws CliError that says which step failed. `proof`: what the plain client will show. A ticket names one start of one gateway of the
 * group; where that does not take it, nothing has been sent to a target yet, and a new ticket is asked for another member.
 */
export async function openRelayStream(
  api: ApiClient,
  name: string,
  proof: Secret | { readonly fingerprint: string },
): Promise<RelayStream> {
  const secretHash = proofHash(proof);
  const avoid: string[] = [];
  for (let tickets = 1; ; tickets += 1) {
    const input = avoid.length === 0 ? { name, secretHash } : { name, secretHash, avoid };
    const issued = await api.connections.issueTicket.mutate(input).catch(explainApiError);
    try {
      return await redeem(issued);
    } catch (error) {
      if (!(error instanceof NotTaken) || tickets === maxTickets) throw error;
      if (!avoid.includes(issued.gatewayId)) avoid.push(issued.gatewayId);
      await sleep(firstRetryMs * 2 ** (tickets - 1));
    }
  }
}

/** This gateway does not take the ticket; another may take another one. */
class NotTaken extends CliError {}

async function redeem(issued: IssuedTicket): Promise<RelayStream> {
  const socket = new WebSocket(issued.url, {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: openTimeoutMs,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', (error) =>
      reject(new CliError(exitCodes.unavailable, `the relay cannot be reached: ${error.message}`)),
    );
  });
  socket.send(JSON.stringify(issued.ticket));
  const stream = webSocketStream(socket);
  let refusal: Error | null = null;
  stream.once('error', (error) => {
    refusal = error;
  });
  const secure = connectTls({
    socket: stream,
    ca: issued.caRoot,
    servername: issued.serverName,
    minVersion: 'TLSv1.2',
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => {
      const elsewhere = refusal instanceof SluiceError && elsewhereCodes.has(refusal.code);
      const Failure = elsewhere ? NotTaken : CliError;
      const message = `the gateway did not answer: ${(refusal ?? error).message}`;
      reject(new Failure(exitCodes.unavailable, message, 'See the gateways page whether it is online.'));
    };
    const timer = setTimeout(() => fail(new Error('timed out')), openTimeoutMs);
    secure.once('secureConnect', () => {
      clearTimeout(timer);
      resolve();
    });
    secure.once('error', fail);
    secure.once('close', () => fail(new Error('the stream was closed')));
  });
  secure.on('error', () => undefined);
  return { stream: secure, protocol: issued.protocol, options: issued.options };
}
