import type { Tx } from '@sluice/database';
import { advisoryLock, listTakenPorts } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import type { ApiServices, PortRange } from '../context.ts';

/** Ports of a range that are tried before giving up. */
const maxTries = 64;

/** A free port for the relay and one for the gateway's own listener. Held from others by a lock until the transaction ends. */
export async function allocatePorts(
  tx: Tx,
  services: ApiServices,
): Promise<{ readonly relayPort: number; readonly listenerPort: number }> {
  await advisoryLock(tx, 'connection-ports');
  const taken = await listTakenPorts(tx);
  const all = new Set([...taken.relay, ...taken.listener]);
  const relayPort = await freePort(services.relayPorts, all, services);
  all.add(relayPort);
  return { relayPort, listenerPort: await freePort(services.listenerPorts, all, services) };
}

async function freePort(range: PortRange, taken: ReadonlySet<number>, services: ApiServices): Promise<number> {
  let tries = 0;
  for (let port = range.from; port <= range.to && tries < maxTries; port += 1) {
    if (taken.has(port)) continue;
    tries += 1;
    if (await services.portIsFree(port)) return port;
  }
  throw new SluiceError('unavailable', `No port between ${range.from} and ${range.to} is free.`, {
    audience: 'person',
    hint: 'Delete connections that nobody uses, or widen the range in the control plane’s environment.',
  });
}
