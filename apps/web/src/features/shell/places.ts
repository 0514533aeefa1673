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
  Users,
} from 'lucide-react';

export interface Place {
  readonly href: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** Without it the page has nothing to show, so the way to it is left out. */
  readonly permission: Permission;
  /** In the bar of a phone; the others are in its drawer. */
  readonly inBar: boolean;
}

export const places: readonly Place[] = [
  { href: '/', label: 'Overview', icon: LayoutDashboard, permission: 'overview.read', inBar: true },
  { href: '/approvals', label: 'Approvals', icon: CircleCheckBig, permission: 'approvals.read.own', inBar: true },
  { href: '/sessions', label: 'Sessions', icon: Activity, permission: 'sessions.read.own', inBar: true },
  { href: '/runs', label: 'Runs', icon: ListChecks, permission: 'sessions.read.own', inBar: false },
  { href: '/connections', label: 'Connections', icon: Cable, permission: 'connections.read', inBar: true },
  { href: '/access', label: 'Access', icon: KeyRound, permission: 'connections.read', inBar: false },
  { href: '/policies', label: 'Policies', icon: FileKey2, permission: 'policies.read', inBar: false },
  { href: '/gateways', label: 'Gateways', icon: Network, permission: 'gateways.read', inBar: false },
  { href: '/identities', label: 'Identities', icon: Users, permission: 'identities.read.own', inBar: false },
  { href: '/audit', label: 'Audit', icon: ScrollText, permission: 'audit.read', inBar: false },
];

export function isAt(pathname: string, place: Place): boolean {
  return place.href === '/' ? pathname === '/' : pathname === place.href || pathname.startsWith(`${place.href}/`);
}
