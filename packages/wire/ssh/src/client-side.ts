/** Server towards the user's client: key exchange, then proofs until one lets it in. */
import type { Duplex } from 'node:stream';
import { Secret, SluiceError } from '@sluice/domain';
import type { AcceptRequest, ClientProof, GatewayIdentity, WireClient, WireRefusal } from '@sluice/wire-kit';
import type { AuthContext, ClientInfo, Connection, PasswordAuthContext, PublicKeyAuthContext } from 'ssh2';
import { checkKey, publicKeyRequest } from './client-proof.ts';
import { disconnectReason, sentenceOf } from './errors.ts';
import { hostKeysOf } from './host-keys.ts';
import {
  goodbyeMs,
  keepaliveMisses,
  keepaliveMs,
  maxAuthenticationTries,
  maxKeyOffers,
  maxSecretBytes,
} from './limits.ts';
import { type Certificate, certificateType } from './messages/certificate.ts';
import { disconnectWithWords, inner, Server, tellClient } from './ssh2-library.ts';

/** What is still waited for: `none` is how clients ask which methods there are (RFC 4252, 5.2). */
const methods: ('publickey' | 'password')[] = ['publickey', 'password'];
const maxNameCharacters = 255;

/** Key exchange, ciphers and MACs that are offered to clients; strict key exchange (Terrapin) is always on. No SHA-1, no compression. */
const algorithms = {
  compress: ['none' as const],
  hmac: [
    'hmac-sha2-256-etm@openssh.com' as const,
    'hmac-sha2-512-etm@openssh.com' as const,
    'hmac-sha2-256' as const,
    'hmac-sha2-512' as const,
  ],
};

interface Attempt {
  readonly context: AuthContext;
  readonly proof: ClientProof;
  readonly certificate: Certificate | null;
}

/** What else the certificate allows; a key or a secret allows what policy allows. */
export interface ClientPermits {
  readonly terminal: boolean;
  readonly forwarding: boolean;
}

export class SshClient implements WireClient {
  readonly connection: Connection;
  readonly stream: Duplex;
  readonly #attempts: Attempts;
  readonly #software: string;

  constructor(connection: Connection, stream: Duplex, attempts: Attempts, software: string) {
    this.connection = connection;
    this.stream = stream;
    this.#attempts = attempts;
    this.#software = software;
  }

  get proof(): ClientProof {
    return this.#attempts.current.proof;
  }

  get permits(): ClientPermits {
    const { certificate } = this.#attempts.current;
    const permits = (extension: string) => certificate === null || certificate.extensions.includes(extension);
    return { terminal: permits('permit-pty'), forwarding: permits('permit-port-forwarding') };
  }

  get startup(): Readonly<Record<string, string>> {
    const { proof, context } = this.#attempts.current;
    const user = context.username.slice(0, maxNameCharacters);
    const key = proof.type === 'secret' ? {} : { key: `${proof.algorithm} ${proof.fingerprint}` };
    const serial = proof.type === 'certificate' ? { certificate: proof.serial } : {};
    return { user, client: this.#software, ...key, ...serial };
  }

  anotherProof(words: Pick<WireRefusal, 'message' | 'hint'>): Promise<ClientProof | null> {
    return this.#attempts.another(words);
  }

  /** The client is in: from here on it may open channels. */
  admit(): void {
    this.#attempts.current.context.accept();
  }

  async refuse(refusal: WireRefusal): Promise<void> {
    await this.end(refusal);
  }

  /** Says goodbye in a disconnect message, which every client shows. Never throws. */
  async end(words: WireRefusal): Promise<void> {
    if (!this.stream.destroyed && this.stream.writable) {
      try {
        disconnectWithWords(this.connection, disconnectReason(words), sentenceOf(words));
      } catch {
        // The library throws once it has ended a connection by itself: there is nobody left to tell.
      }
      await lastWords(this.stream);
    }
    this.stream.destroy();
  }
}

/** Key exchange up to the first proof. Throws SluiceError on a bad handshake. */
export async function acceptClient(
  request: AcceptRequest,
): Promise<
  { readonly type: 'session'; readonly client: SshClient } | { readonly type: 'cancel'; readonly token: string }
> {
  const { stream, identity } = request.transport;
  if (identity === undefined) {
    stream.destroy();
    throw new SluiceError('unavailable', 'this gateway has no host key');
  }
  const stop = () => stream.destroy();
  request.signal.addEventListener('abort', stop, { once: true });
  try {
    if (request.signal.aborted) throw new SluiceError('timed-out', 'the handshake took too long');
    return { type: 'session', client: await handshake(request, stream, identity) };
  } catch (error) {
    stream.destroy();
    if (request.signal.aborted) throw new SluiceError('timed-out', 'the handshake took too long', { cause: error });
    throw error;
  } finally {
    request.signal.removeEventListener('abort', stop);
  }
}

async function handshake(request: AcceptRequest, stream: Duplex, identity: GatewayIdentity): Promise<SshClient> {
  const hostKeys = hostKeysOf(identity);
  const opened = new Promise<{ readonly connection: Connection; readonly info: ClientInfo }>((resolve, reject) => {
    const server = new Server(
      {
        hostKeys: hostKeys.keys.map((key) => ({ key })),
        ident: 'Sluice',
        algorithms,
        keepaliveInterval: keepaliveMs,
        keepaliveCountMax: keepaliveMisses,
      },
      (connection, info) => {
        // A fault that nobody listens to would end the process; the relay listens too once it has begun.
        connection.on('error', () => undefined);
        hostKeys.bind(connection);
        resolve({ connection, info });
      },
    );
    stream.once('close', () => reject(clientGone()));
    server.injectSocket(stream as never);
  });
  const { connection, info } = await opened;
  const attempts = new Attempts(connection, stream, request, identity);
  await attempts.first();
  return new SshClient(connection, stream, attempts, info.header.versions.software.slice(0, maxNameCharacters));
}

/** The proofs of one client, one after the other. Whatever is no proof is answered here. */
class Attempts {
  readonly #connection: Connection;
  readonly #request: AcceptRequest;
  readonly #identity: GatewayIdentity;
  #current: Attempt | null = null;
  #tries = 0;
  #offers = 0;
  #over = false;
  #wake: (attempt: Attempt | null) => void = () => undefined;

  constructor(connection: Connection, stream: Duplex, request: AcceptRequest, identity: GatewayIdentity) {
    this.#connection = connection;
    this.#request = request;
    this.#identity = identity;
    connection.on('authentication', (context: AuthContext) => this.#handle(context));
    const leave = () => {
      this.#over = true;
      this.#wake(null);
    };
    stream.once('close', leave);
    connection.once('end', leave);
    connection.once('error', leave);
  }

  get current(): Attempt {
    if (this.#current === null) throw new Error('asked before the client had presented a proof');
    return this.#current;
  }

  /** Throws SluiceError when the client leaves first. */
  async first(): Promise<void> {
    if ((await this.#next()) === null) throw clientGone();
  }

  async another(words: Pick<WireRefusal, 'message' | 'hint'>): Promise<ClientProof | null> {
    const { context, certificate } = this.current;
    if (this.#over || this.#tries >= maxAuthenticationTries) return null;
    // A client that has nothing more to show leaves, and would never hear why its certificate was none.
    if (certificate !== null) tellClient(this.#connection, sentenceOf(words));
    const next = this.#next();
    context.reject(methods);
    return (await next)?.proof ?? null;
  }

  async #next(): Promise<Attempt | null> {
    if (this.#over) return null;
    const attempt = await new Promise<Attempt | null>((resolve) => {
      this.#wake = resolve;
    });
    if (attempt !== null) this.#current = attempt;
    return attempt;
  }

  #handle(context: AuthContext): void {
    switch (context.method) {
      case 'password':
        this.#secret(context);
        return;
      case 'publickey':
        this.#key(context);
        return;
      default:
        // `none` asks for the methods; the others are not spoken here.
        this.#fail(context);
    }
  }

  #secret(context: PasswordAuthContext): void {
    this.#tries++;
    if (Buffer.byteLength(context.password) > maxSecretBytes || context.password === '') this.#fail(context);
    else this.#wake({ context, proof: { type: 'secret', secret: new Secret(context.password) }, certificate: null });
  }

  #key(context: PublicKeyAuthContext): void {
    const checked = checkKey(publicKeyRequest(context), {
      authorities: this.#identity.clientAuthorities.map((authority) => Buffer.from(authority)),
      principal: this.#request.connection.name,
      clientAddress: this.#request.transport.clientAddress,
      now: Date.now(),
    });
    if (checked.type === 'offer') {
      if (++this.#offers > maxKeyOffers) this.#leave();
      else context.accept();
      return;
    }
    this.#tries++;
    if (checked.type === 'refused') this.#refuseKey(context, checked.because);
    else this.#wake({ context, proof: checked.proof, certificate: checked.certificate });
  }

  /** Who shows a certificate expects to be let in by it; why it was not cannot be seen from outside, and its text is the client's own. */
  #refuseKey(context: PublicKeyAuthContext, because: string): void {
    if (context.key.algo === certificateType)
      tellClient(
        this.#connection,
        `Sluice does not take this certificate: ${because}. Get a new one: sluice ssh NAME.`,
      );
    this.#fail(context);
  }

  #fail(context: AuthContext): void {
    if (this.#tries >= maxAuthenticationTries || ++this.#offers > maxKeyOffers) this.#leave();
    else context.reject(methods);
  }

  #leave(): void {
    this.#over = true;
    disconnectWithWords(
      this.#connection,
      disconnectReason({ reason: 'authentication', message: '', hint: '' }),
      'Too many attempts to sign in.',
    );
    inner(this.#connection)._sock.end();
    this.#wake(null);
  }
}

function clientGone(): SluiceError {
  return new SluiceError('unavailable', 'the client went away before it was let in', { audience: 'operator' });
}

/** Resolves when what was written has left, or after a while. */
export async function lastWords(stream: Duplex): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, goodbyeMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    stream.once('close', done);
    if (stream.writableEnded) stream.once('finish', done);
    else stream.end(done);
  });
}
