import type { GatewayRow } from '@sluice/database';
import { tunnelStaleMs } from '@sluice/database';
import { floorShownSchema, gatewayStateSchema } from '@sluice/domain';
import { fingerprint } from '@sluice/keys';
import type { GatewayHealth } from '../views.ts';
import type { GatewayView } from './gateway-view.ts';

interface TunnelRows {
  readonly lastSeenAt: Date | null;
  readonly revokedAt: Date | null;
  readonly tunnels: readonly { readonly seenAt: Date }[];
}

/** Online is a gateway with a tunnel to a living node. */
export function healthOf(gateway: TunnelRows, now: Date): GatewayHealth {
  const freshFrom = now.getTime() - tunnelStaleMs;
  if (gateway.revokedAt === null && gateway.tunnels.some((tunnel) => tunnel.seenAt.getTime() >= freshFrom))
    return 'online';
  return gateway.lastSeenAt === null ? 'never-connected' : 'offline';
}

/** What a gateway last said of its listeners. */
export function listenersOf(json: unknown) {
  return gatewayStateSchema.shape.listeners.catch([]).parse(json ?? []);
}

export function toGatewayView(row: GatewayRow, wantedBundleVersion: number, now: Date): GatewayView {
  const listeners = listenersOf(row.listeners);
  return {
    id: row.id,
    name: row.name,
    group: { id: row.group.id, name: row.group.name },
    confirmed: row.confirmedAt !== null,
    health: healthOf(row, now),
    version: row.version,
    hostname: row.hostname,
    signingKey: row.signingKey,
    sealingKey: row.sealingKey,
    signingFingerprint: fingerprint(row.signingKey),
    sealingFingerprint: fingerprint(row.sealingKey),
    enrolledAt: row.enrolledAt,
    lastSeenAt: row.lastSeenAt,
    openSessions: row.openSessions,
    spoolChunks: row.spoolChunks,
    spoolBytes: Number(row.spoolBytes),
    spoolProblem: row.spoolProblem,
    cpuPercent: row.cpuPercent,
    memoryBytes: row.memoryBytes === null ? null : Number(row.memoryBytes),
    policyVersion: row.policyVersion,
    bundleVersion: row.bundleVersion,
    wantedBundleVersion,
    clockSkewMs: row.clockSkewMs,
    floor: floorShownSchema.nullable().catch(null).parse(row.floor),
    connections: row.group.connections.map(({ id, name }) => ({
      id,
      name,
      error: listeners.find((listener) => listener.connectionId === id)?.error ?? null,
    })),
  };
}
