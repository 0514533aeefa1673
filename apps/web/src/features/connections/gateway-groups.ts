import type { GatewayHealth, GatewayView } from '@sluice/api';

/** A gateway group as a form offers it. */
export interface GroupChoice {
  readonly id: string;
  readonly name: string;
  /** The best of its members'. */
  readonly health: GatewayHealth;
  readonly members: readonly GatewayView[];
}

/** The groups of these gateways, in the order in which their first member stands. */
export function groupsOf(gateways: readonly GatewayView[]): GroupChoice[] {
  const groups = new Map<string, GatewayView[]>();
  for (const gateway of gateways) {
    const members = groups.get(gateway.group.id) ?? [];
    groups.set(gateway.group.id, [...members, gateway]);
  }
  return [...groups].map(([id, members]) => ({
    id,
    name: members[0]?.group.name ?? id,
    health: bestOf(members.map(({ health }) => health)),
    members,
  }));
}

function bestOf(all: readonly GatewayHealth[]): GatewayHealth {
  return (['online', 'offline'] as const).find((health) => all.includes(health)) ?? 'never-connected';
}
