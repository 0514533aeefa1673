import type { Permission } from '@sluice/domain';
import {
  Activity,
  Cable,
  CircleCheckBig,
  FileKey2,
  KeyRound,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  Network,
  ScrollText,
  Settings,
  Users,
} from 'lucide-react';

export interface Place {
  readonly href: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** Without any of them the page has nothing to show, so the way to it is left out. */
  readonly permissions: readonly Permission[];
  /** In the bar of a phone; the others are in its drawer. */
  readonly inBar: boolean;
}

export const places: readonly Place[] = [
  { href: '/', label: 'Overview', icon: LayoutDashboard, permissions: ['overview.read'], inBar: true },
  { href: '/approvals', label: 'Approvals', icon: CircleCheckBig, permissions: ['approvals.read.own'], inBar: true },
  { href: '/sessions', label: 'Sessions', icon: Activity, permissions: ['sessions.read.own'], inBar: true },
  { href: '/runs', label: 'Runs', icon: ListChecks, permissions: ['sessions.read.own'], inBar: false },
  { href: '/connections', label: 'Connections', icon: Cable, permissions: ['connections.read'], inBar: true },
  { href: '/access', label: 'Access', icon: KeyRound, permissions: ['connections.read'], inBar: false },
  { href: '/policies', label: 'Policies', icon: FileKey2, permissions: ['policies.read'], inBar: false },
  { href: '/gateways', label: 'Gateways', icon: Network, permissions: ['gateways.read'], inBar: false },
  { href: '/identities', label: 'Identities', icon: Users, permissions: ['identities.read.own'], inBar: false },
  { href: '/audit', label: 'Audit', icon: ScrollText, permissions: ['audit.read'], inBar: false },
  {
    href: '/settings',
    label: 'Settings',
    icon: Settings,
    permissions: ['notifications.write.own', 'notifications.write', 'streams.read', 'gateways.read'],
    inBar: false,
  },
];

export function isAt(pathname: string, place: Place): boolean {
  return place.href === '/' ? pathname === '/' : pathname === place.href || pathname.startsWith(`${place.href}/`);
}
