/** TLS towards the target. */
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { SluiceError, type TargetAddress } from '@sluice/domain';
import { ByteSource } from './message-channel.ts';
import { sslRequest } from './messages/startup.ts';
import type { ChannelBinding } from './scram.ts';
import { tlsServerEndPoint } from './scram.ts';

/** A stream to the target and what is known of its protection. */
export interface TargetStream {
  readonly stream: Duplex;
  readonly encrypted: boolean;
  /** The certificate's chain and name were checked (verify-full). */
  readonly verified: boolean;
  /** What SCRAM may bind to, before it is known whether the server offers it; null: nothing. */
  readonly endPoint: Buffer | null;
}

/** Asks for TLS as the connection's mode says (PostgreSQL manual, "SSL Session Encryption"). Throws SluiceError `target-tls`. */
export async function secureTarget(stream: Duplex, address: TargetAddress): Promise<TargetStream> {
  const { mode, ca } = address.tls;
  const plain: TargetStream = { stream, encrypted: false, verified: false, endPoint: null };
  if (mode === 'disable') return plain;
  const source = new ByteSource(stream);
  stream.write(sslRequest());
  const answer = await source.next();
  const rest = source.detach();
  if (answer === null) {
    throw new SluiceError(
      'target-unreachable',
      `the target closed the connection when asked for TLS${because(source.fault)}`,
      {
        hint: 'Check that a PostgreSQL server listens at the address.',
      },
    );
  }
  // More than the one byte could be an attacker's, put in front of what TLS protects (CVE-2021-23222).
  if (answer.length !== 1 || rest.length > 0)
    throw new SluiceError('target-tls', 'the target sent bytes between the TLS request and TLS');
  if (answer[0] === 0x4e && mode === 'prefer') return plain;
  if (answer[0] === 0x4e) {
    throw new SluiceError('target-tls', 'the target does not offer TLS', {
      hint: 'Turn ssl on in the target’s postgresql.conf, or choose TLS mode prefer or disable for this connection.',
    });
  }
  if (answer[0] !== 0x53)
    throw new SluiceError('target-tls', 'the target answered the TLS request with something that is not PostgreSQL');
  const secure = await handshake(stream, address.host, ca, mode === 'verify-full');
  const certificate = secure.getPeerX509Certificate();
  return {
    stream: secure,
    encrypted: true,
    verified: mode === 'verify-full',
    endPoint: certificate === undefined ? null : tlsServerEndPoint(certificate),
  };
}

/** Which channel binding a SCRAM login uses, given what the server offers. */
export function channelBinding(target: TargetStream, offered: readonly string[]): ChannelBinding {
  if (!target.encrypted || target.endPoint === null) return { type: 'unsupported' };
  if (!offered.includes('SCRAM-SHA-256-PLUS')) return { type: 'not-offered' };
  return { type: 'bound', endPoint: target.endPoint };
}

/** `require` with an authority checks the chain but not the name, as libpq does; without one it only encrypts. */
function handshake(stream: Duplex, host: string, ca: string | null, full: boolean): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connect({
      socket: stream,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca }),
      rejectUnauthorized: full || ca !== null,
      ...(full ? {} : { checkServerIdentity: () => undefined }),
    });
    const fail = (error?: Error): void => {
      secure.destroy();
      reject(
        new SluiceError('target-tls', `TLS with the target failed${because(error ?? null)}`, {
          hint: full
            ? 'Check the connection’s CA and that the target’s certificate names its host.'
            : 'Check the connection’s CA, or the target’s certificate and TLS versions.',
          cause: error,
        }),
      );
    };
    const closed = (): void => fail();
    secure.once('error', fail);
    secure.once('close', closed);
    secure.once('secureConnect', () => {
      secure.off('error', fail);
      secure.off('close', closed);
      resolve(secure);
    });
  });
}

function because(error: Error | null): string {
  return error === null ? '' : `: ${error.message}`;
}
