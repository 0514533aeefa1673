/** The one list of protocols for the runtime. A new protocol is a folder under packages/wire and a line in each list here. */
import type { WireProtocol } from '@sluice/wire-kit';
import { postgresProtocol } from '@sluice/wire-postgres';

export const protocols: readonly WireProtocol[] = [postgresProtocol];

export function protocolByName(name: string): WireProtocol | undefined {
  return protocols.find(({ manifest }) => manifest.name === name);
}
