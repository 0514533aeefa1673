/** One byte stream to a connection through the control plane's relay: a ticket, a WebSocket, and TLS that ends in the gateway. */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { keyProofBytes, Secret } from '@sluice/domain';
import { webSocketStream } from '@sluice/tunnel';
import { WebSocket } from 'ws';
import { type ApiClient, explainApiError } from './api-client.ts';
import { CliError, exitCodes } from './exit-codes.ts';

const openTimeoutMs = 15_000;
/** Largest WebSocket message of the relay: matches the tunnel's bound for client streams. */
const maxMessageBytes = 262_144;

/** A password of this run: the gateway asks the plain client for it. */
export function runPassword(): Secret {
  return new Secret(randomBytes(24).toString('base64url'));
}

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

/** Throws CliError that says which step failed. `proof`: what the plain client will show. */
export async function openRelayStream(
  api: ApiClient,
  name: string,
  proof: Secret | { readonly fingerprint: string },
): Promise<RelayStream> {
  const secretHash = proofHash(proof);
  const issued = await api.connections.issueTicket.mutate({ name, secretHash }).catch(explainApiError);
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
  const secure = connectTls({
    socket: stream,
    ca: issued.caRoot,
    servername: issued.serverName,
    minVersion: 'TLSv1.2',
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error) =>
      reject(
        new CliError(
          exitCodes.unavailable,
          `the gateway did not answer: ${error.message}`,
          'See the gateways page whether it is online.',
        ),
      );
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
