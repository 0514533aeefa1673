/** What Sluice's own SSH clients share: signing in over a stream that is the caller's. */
import type { Duplex } from 'node:stream';
import { type Secret, SluiceError } from '@sluice/domain';
import { StatementError } from '@sluice/wire-kit';
import type { ConnectConfig, Client as SshConnection } from 'ssh2';
import { targetReadyMs } from './limits.ts';

export interface SignInRequest {
  /** Already secured or on this machine, so that the gateway's host key needs no second look. */
  readonly stream: Duplex;
  readonly username: string;
  readonly secret: Secret;
}

/** Throws StatementError when nobody is let in, SluiceError `unavailable` when the other side leaves. */
export function signIn(
  connection: SshConnection,
  { stream, username, secret }: SignInRequest,
  more: Pick<ConnectConfig, 'keepaliveInterval' | 'keepaliveCountMax'> = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.once('ready', resolve);
    connection.on('error', (cause) => reject(new StatementError(cause.message, 'sign-in', null, null)));
    connection.once('close', () => reject(otherSideGone()));
    connection.connect({
      ...more,
      sock: stream,
      username,
      password: secret.reveal(),
      readyTimeout: targetReadyMs,
      hostVerifier: () => true,
    });
  });
}

export function otherSideGone(): SluiceError {
  return new SluiceError('unavailable', 'the other side closed the connection');
}
