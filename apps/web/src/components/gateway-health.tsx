import type { GatewayHealth } from '@sluice/api';
import { CircleCheck, CircleDashed, Unplug } from 'lucide-react';
import { Badge } from './verdict.tsx';

export function GatewayHealthBadge({
  health,
  bare = false,
}: {
  readonly health: GatewayHealth;
  readonly bare?: boolean;
}) {
  switch (health) {
    case 'online':
      return (
        <Badge tone="allow" icon={CircleCheck} bare={bare}>
          online
        </Badge>
      );
    case 'offline':
      return (
        <Badge tone="deny" icon={Unplug} bare={bare}>
          offline
        </Badge>
      );
    case 'never-connected':
      return (
        <Badge tone="neutral" icon={CircleDashed} bare={bare}>
          never connected
        </Badge>
      );
  }
}
