/** The gateway's host key for the library: plain, and with the certificate in front of it for clients that know Sluice's authority. */
import type { GatewayIdentity } from '@sluice/wire-kit';
import type { Connection, ParsedKey } from 'ssh2';
import { certificateType, ed25519Type } from './messages/certificate.ts';
import { opensshKey } from './openssh-key.ts';
import { inner, utils } from './ssh2-library.ts';

export interface HostKeys {
  readonly keys: ParsedKey[];
  /** To be told of the connection that the keys were made for: a certified key's signature is labelled there. */
  readonly bind: (connection: Connection) => void;
}

export function hostKeysOf(identity: GatewayIdentity): HostKeys {
  const parsed = utils.parseKey(opensshKey(identity.privateKey.reveal()));
  if (parsed instanceof Error) throw parsed;
  const { certificate } = identity;
  if (certificate === null) return { keys: [parsed], bind: () => undefined };
  let bound: Connection | null = null;
  const certified = Object.create(parsed, {
    type: { value: certificateType },
    getPublicSSH: { value: () => Buffer.from(certificate) },
    sign: {
      value: (data: Buffer) => {
        // The signature is the plain key's and says so (PROTOCOL.certkeys); the library would label it with what was negotiated.
        const kex = bound === null ? undefined : inner(bound)._protocol._kex;
        if (kex !== undefined) kex.negotiated.serverHostKey = ed25519Type;
        return parsed.sign(data);
      },
    },
  }) as ParsedKey;
  return {
    keys: [certified, parsed],
    bind: (connection) => {
      bound = connection;
    },
  };
}
