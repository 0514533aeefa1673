import { Activity, Cable, CircleCheckBig, FileKey2, LayoutDashboard, type LucideIcon, Network, ScrollText, Users } from 'lucide-react';

export interface Place {
  readonly href: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** In the bar of a phone; the others are in its drawer. */
  readonly inBar: boolean;
}

export const places: readonly Place[] = [
  { href: '/', label: 'Overview', icon: LayoutDashboard, inBar: true },
  { href: '/approvals', label: 'Approvals', icon: CircleCheckBig, inBar: true },
  { href: '/sessions', label: 'Sessions', icon: Activity, inBar: true },
  { href: '/connections', label: 'Connections', icon: Cable, inBar: true },
  { href: '/policies', label: 'Policies', icon: FileKey2, inBar: false },
  { href: '/gateways', label: 'Gateways', icon: Network, inBar: false },
  { href: '/identities', label: 'Identities', icon: Users, inBar: false },
  { href: '/audit', label: 'Audit', icon: ScrollText, inBar: false },
];

export function isAt(pathname: string, place: Place): boolean {
  return place.href === '/' ? pathname === '/' : pathname === place.href || pathname.startsWith(`${place.href}/`);
}
