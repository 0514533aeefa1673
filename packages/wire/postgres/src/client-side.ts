/** Server towards the user's client: TLS, startup packet, password. */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Secret, SluiceError } from '@sluice/domain';
import type { AcceptRequest, ClientProof, WireClient, WireRefusal } from '@sluice/wire-kit';
import { encodeFatal, encodeSessionRefusal, stateOfFault } from './errors.ts';
import { cancelKeyBytes, goodbyeMs, maxHandshakeMessageBytes, maxStartupBytes } from './limits.ts';
import { ByteSource, endStream, MessageChannel } from './message-channel.ts';
import { encodeAuthenticationCleartext, encodeNegotiateProtocol } from './messages/backend.ts';
import { frontend, parsePassword } from './messages/frontend.ts';
import { parseStartupPacket, type StartupPacket } from './messages/startup.ts';
import { readStartupParameters, type StartupSetting, type StartupWishes } from './startup-settings.ts';

type SecretProof = Extract<ClientProof, { readonly type: 'secret' }>;

const tlsHandshakeByte = 0x16;
const alpn = 'postgresql';
const newestMinor = 2;

/** The gateway's own key for cancel requests; the target's never leaves the gateway. */
export interface CancelIdentity {
  readonly processId: number;
  readonly key: Buffer;
}

export function cancelToken(identity: CancelIdentity): string {
  return `${identity.processId}:${identity.key.toString('hex')}`;
}

export class PostgresClient implements WireClient {
  readonly proof: SecretProof;
  readonly startup: Readonly<Record<string, string>>;
  readonly settings: readonly StartupSetting[];
  readonly stream: Duplex;
  readonly cancelIdentity: CancelIdentity;
  /** Bytes that came behind the password and belong to the relay. */
  readonly rest: Buffer;

  constructor(parts: {
    proof: SecretProof;
    startup: Readonly<Record<string, string>>;
    settings: readonly StartupSetting[];
    stream: Duplex;
    minor: number;
    rest: Buffer;
  }) {
    this.proof = parts.proof;
    this.startup = parts.startup;
    this.settings = parts.settings;
    this.stream = parts.stream;
    this.rest = parts.rest;
    this.cancelIdentity = {
      // Positive, as clients print and compare it as a signed number.
      processId: randomBytes(4).readUInt32BE() & 0x7fff_ffff,
      key: randomBytes(parts.minor >= 2 ? cancelKeyBytes : 4),
    };
  }

  async refuse(refusal: WireRefusal): Promise<void> {
    await endStream(this.stream, encodeSessionRefusal(refusal), goodbyeMs);
  }
}

/**
 * Handshake up to the password (PostgreSQL manual, "Message Flow: Start-up"). Throws SluiceError on a bad handshake, having
 * answered it in the protocol's words and closed the stream.
 */
export async function acceptClient(
  request: AcceptRequest,
): Promise<
  { readonly type: 'session'; readonly client: PostgresClient } | { readonly type: 'cancel'; readonly token: string }
> {
  const handshake = new Handshake(request);
  const onAbort = (): void => handshake.destroy();
  request.signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (request.signal.aborted) throw new SluiceError('timed-out', 'the handshake took too long');
    return await handshake.run();
  } catch (error) {
    if (request.signal.aborted) throw new SluiceError('timed-out', 'the handshake took too long', { cause: error });
    await handshake.answerFault(error);
    throw error;
  } finally {
    request.signal.removeEventListener('abort', onAbort);
  }
}

class Handshake {
  readonly #request: AcceptRequest;
  #stream: Duplex;
  #source: ByteSource;
  #encrypted: boolean;
  #answered = false;

  constructor(request: AcceptRequest) {
    this.#request = request;
    this.#stream = request.transport.stream;
    this.#source = new ByteSource(this.#stream);
    this.#encrypted = request.transport.secured;
  }

  destroy(): void {
    this.#stream.destroy();
    this.#request.transport.stream.destroy();
  }

  async run(): Promise<
    { readonly type: 'session'; readonly client: PostgresClient } | { readonly type: 'cancel'; readonly token: string }
  > {
    const startup = await this.#untilStartup();
    if (startup.type === 'cancel') {
      this.#source.detach();
      // The client's own close is not waited for: it would delay the cancel.
      void endStream(this.#stream, null, goodbyeMs);
      return { type: 'cancel', token: cancelToken(startup) };
    }
    const { minor, unknownOptions } = negotiate(startup);
    const wishes = readStartupParameters(startup.parameters);
    this.#checkDatabase(wishes);
    this.#checkPasswordMayTravel();
    const channel = new MessageChannel(this.#source, maxHandshakeMessageBytes);
    if (unknownOptions.length > 0 || minor !== startup.minor) {
      channel.write(encodeNegotiateProtocol(minor, unknownOptions));
    }
    channel.write(encodeAuthenticationCleartext());
    const type = await channel.next();
    if (type !== frontend.password) throw new SluiceError('protocol-violation', 'a password was expected');
    const { buffer, start, end } = channel.reader;
    const secret = new Secret(parsePassword(buffer, start + 5, end));
    return {
      type: 'session',
      client: new PostgresClient({
        proof: { type: 'secret', secret },
        startup: Object.fromEntries([...startup.parameters].slice(0, 64)),
        settings: wishes.settings,
        stream: this.#stream,
        minor,
        rest: channel.detach(),
      }),
    };
  }

  /** Answers a fault in the protocol's words, once, and closes. */
  async answerFault(error: unknown): Promise<void> {
    if (this.#answered) return;
    this.#answered = true;
    const fault = error instanceof SluiceError ? error : null;
    const lastWord =
      fault === null || fault.code === 'unavailable'
        ? null
        : encodeFatal(
            fault.code === 'unauthenticated' ? '28000' : stateOfFault(fault),
            fault.message,
            fault.hint ?? null,
          );
    this.#source.detach();
    await endStream(this.#stream, lastWord, goodbyeMs);
    if (!this.#request.transport.stream.destroyed) this.#request.transport.stream.destroy();
  }

  /** Encryption requests, each at most once, then the startup packet. */
  async #untilStartup(): Promise<Extract<StartupPacket, { type: 'startup' | 'cancel' }>> {
    let askedTls = false;
    let askedGss = false;
    for (;;) {
      const bytes = await this.#readPacket();
      if (bytes === null) {
        // Direct TLS (PostgreSQL 17): the first byte is a TLS record's, and ALPN must say what is inside.
        if (this.#encrypted || askedTls)
          throw new SluiceError('protocol-violation', 'a TLS handshake where none belongs');
        askedTls = true;
        await this.#startTls(true);
        continue;
      }
      const packet = parseStartupPacket(bytes);
      if (packet.type === 'startup' || packet.type === 'cancel') return packet;
      if (packet.type === 'gssenc') {
        if (askedGss) throw new SluiceError('protocol-violation', 'a second GSSENCRequest');
        askedGss = true;
        this.#stream.write('N');
        continue;
      }
      if (askedTls || (this.#encrypted && this.#stream !== this.#request.transport.stream)) {
        throw new SluiceError('protocol-violation', 'a second SSLRequest');
      }
      askedTls = true;
      if (this.#encrypted || this.#request.transport.tls === null) {
        this.#stream.write('N');
      } else {
        await this.#startTls(false);
      }
    }
  }

  /** One packet without type letter; null when a TLS record stands there instead. Its bytes are then given back. */
  async #readPacket(): Promise<Buffer | null> {
    let have: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = await this.#source.next();
      if (chunk === null)
        throw new SluiceError('unavailable', 'the client went away during the handshake', { audience: 'operator' });
      have = have.length === 0 ? chunk : Buffer.concat([have, chunk]);
      if (have[0] === tlsHandshakeByte) {
        this.#source.unread(have);
        return null;
      }
      // The first byte of a length that is allowed is 0: whatever else speaks here speaks another protocol.
      if (have[0] !== 0) throw new SluiceError('protocol-violation', 'this port speaks the PostgreSQL protocol only');
      if (have.length < 4) continue;
      const length = have.readUInt32BE(0);
      if (length < 8 || length > maxStartupBytes) {
        throw new SluiceError('protocol-violation', 'a startup packet of an impossible length');
      }
      if (have.length < length) continue;
      this.#source.unread(have.subarray(length));
      return have.subarray(0, length);
    }
  }

  async #startTls(direct: boolean): Promise<void> {
    const makeContext = this.#request.transport.tls;
    if (makeContext === null) throw new SluiceError('unsupported', 'this connection has no TLS certificate yet');
    const secureContext = makeContext();
    const early = this.#source.detach();
    const plain = this.#stream;
    if (direct) {
      plain.unshift(early);
    } else {
      // Bytes between SSLRequest and TLS could be an attacker's, put in front of what TLS protects (CVE-2021-23214).
      if (early.length > 0) {
        plain.destroy();
        throw new SluiceError('protocol-violation', 'bytes between the TLS request and TLS');
      }
      plain.write('S');
    }
    const secure = new TLSSocket(plain, { isServer: true, secureContext, ALPNProtocols: [alpn], requestCert: false });
    this.#stream = secure;
    this.#source = new ByteSource(secure);
    await tlsReady(secure);
    if (direct && secure.alpnProtocol !== alpn) {
      secure.destroy();
      throw new SluiceError('protocol-violation', 'direct TLS without ALPN "postgresql"');
    }
    this.#encrypted = true;
  }

  /** `database` is empty, the user's name (what libpq sends unasked) or the connection's own. */
  #checkDatabase({ database, user }: StartupWishes): void {
    const own = this.#request.connection.options.database;
    if (database === '' || database === user || database === own) return;
    throw new SluiceError(
      'wrong-database',
      `connection "${this.#request.connection.name}" does not lead to that database`,
      {
        hint: 'Leave the database out, or ask for a connection that leads to it.',
      },
    );
  }

  #checkPasswordMayTravel(): void {
    if (this.#encrypted || this.#request.transport.loopback) return;
    throw new SluiceError('unauthenticated', 'Sluice takes a password only inside TLS', {
      hint: 'Connect with sslmode=require, or better sslmode=verify-full with the certificate that "sluice ca" prints.',
    });
  }
}

function tlsReady(secure: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error?: Error): void =>
      reject(
        new SluiceError('unavailable', 'the TLS handshake with the client failed', {
          audience: 'operator',
          cause: error,
        }),
      );
    secure.once('secure', () => {
      secure.off('error', fail);
      secure.off('close', fail);
      resolve();
    });
    secure.once('error', fail);
    secure.once('close', fail);
    // Reading drives the handshake even before anybody wants the first byte.
    secure.resume();
  });
}

/** Protocol 3.0 and 3.2; everything between and above is talked down (NegotiateProtocolVersion). */
function negotiate(startup: Extract<StartupPacket, { type: 'startup' }>): { minor: number; unknownOptions: string[] } {
  if (startup.major !== 3) {
    throw new SluiceError(
      'unsupported',
      `protocol ${startup.major}.${startup.minor} is not spoken here; 3.0 and 3.2 are`,
    );
  }
  const minor = startup.minor >= newestMinor ? newestMinor : 0;
  return { minor, unknownOptions: [...startup.parameters.keys()].filter((name) => name.startsWith('_pq_.')) };
}
