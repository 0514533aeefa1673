/** The one list of protocols for the runtime. A new protocol is a folder under packages/wire and a line in each list here. */
import type { WireProtocol } from '@sluice/wire-kit';
import { postgresProtocol } from '@sluice/wire-postgres';
import { sshProtocol } from '@sluice/wire-ssh';

export const protocols: readonly WireProtocol[] = [postgresProtocol, sshProtocol];

export function protocolByName(name: string): WireProtocol | undefined {
  return protocols.find(({ manifest }) => manifest.name === name);
}
