import { createHash, randomBytes } from 'node:crypto';
import { type Duplex, duplexPair } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type ApiContext, createCaller } from '@sluice/api';
import { Secret, SluiceError } from '@sluice/domain';
import { type TerminalClient, type TerminalSize, terminalClients } from '@sluice/protocols/terminals';
import { relayStream, type TunnelRegistry } from '@sluice/relay';

const secretBytes = 24;
/** Longest wait for the gateway's TLS, in ms. */
const secureTimeoutMs = 15_000;
const term = 'xterm-256color';

export interface SessionRequest {
  /** Of the person who opens it: the API judges as it judges `sluice connect`. */
  readonly context: ApiContext;
  readonly registry: TunnelRegistry;
  readonly connectionId: string;
  /** `ip:port` of the browser. */
  readonly clientAddress: string;
  readonly size: TerminalSize;
  readonly signal: AbortSignal;
}

/**
 * Opens a session as any client does: a ticket that is good for 30 s and one use, the relay, TLS that ends in the gateway, and the
 * protocol's own sign-in with a password that exists for this session alone. Throws SluiceError, or StatementError where the gateway
 * refuses.
 */
export async function openTerminalSession(request: SessionRequest): Promise<TerminalClient> {
  const { context, registry, connectionId, clientAddress, size, signal } = request;
  const secret = new Secret(randomBytes(secretBytes).toString('base64url'));
  const secretHash = createHash('sha256').update(secret.reveal()).digest('base64url');
  const issued = await createCaller(context).connections.issueTicket({ id: connectionId, secretHash });
  const open = terminalClients[issued.protocol];
  if (open === undefined)
    throw new SluiceError('unsupported', 'This connection has no terminal.', { audience: 'person' });
  const [near, far] = duplexPair();
  // Neither half of a pair hears of the other's failure by itself.
  far.once('close', () => far.errored !== null && near.destroy(far.errored));
  near.once('close', () => far.destroy());
  const header = { connectionId, clientAddress, ticket: issued.ticket };
  relayStream(registry, far, header, issued.gatewayId).catch((cause: unknown) =>
    far.destroy(new SluiceError('internal', 'the relay failed', { cause })),
  );
  const stream = await secured(near, issued, signal);
  return open({ stream, username: context.caller?.actor.name ?? '', secret, size, term, signal });
}

async function secured(
  stream: Duplex,
  { caRoot, serverName }: { readonly caRoot: string; readonly serverName: string },
  signal: AbortSignal,
): Promise<TLSSocket> {
  const secure = connectTls({ socket: stream, ca: caRoot, servername: serverName, minVersion: 'TLSv1.2' });
  const end = () => secure.destroy();
  signal.addEventListener('abort', end, { once: true });
  const timer = setTimeout(end, secureTimeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (cause?: Error) => reject(cause instanceof SluiceError ? cause : unanswered(cause));
      if (signal.aborted) fail();
      secure.once('secureConnect', resolve);
      secure.on('error', fail);
      secure.once('close', () => fail());
      stream.on('error', (error) => secure.destroy(error));
    });
    return secure;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function unanswered(cause: Error | undefined): SluiceError {
  return new SluiceError('unavailable', 'The gateway of this connection did not answer.', {
    audience: 'person',
    hint: 'See the gateways page whether it is online.',
    cause,
  });
}
