/** What actions begin with, and what people call it. */
export const resourceNames: readonly (readonly [string, string])[] = [
  ['access', 'Access'],
  ['approvals', 'Approvals'],
  ['audit', 'Audit exports'],
  ['connections', 'Connections'],
  ['gateway', 'What gateways reported'],
  ['gateways', 'Gateways'],
  ['identities', 'People, agents, roles, tokens'],
  ['identity', 'Sign-ins and refusals'],
  ['keys', 'Keys'],
  ['notifications', 'Notifications'],
  ['passkeys', 'Passkeys'],
  ['policies', 'Policies'],
  ['runs', 'Runs'],
  ['sessions', 'Sessions'],
  ['streams', 'Event streams'],
];

/** The page of what an event is about; null: it has none. */
export function pageOfSubject({ type, id }: { readonly type: string; readonly id: string }): string | null {
  switch (type) {
    case 'approval':
      return `/approvals/${id}`;
    case 'session':
      return `/sessions/${id}`;
    case 'connection':
      return `/connections/${id}`;
    case 'run':
      return `/runs/${id}`;
    case 'person':
    case 'agent':
      return `/identities?tab=who&identity=${id}`;
    case 'group':
      return '/identities?tab=groups';
    case 'role':
      return '/identities?tab=roles';
    case 'gateway':
      return '/gateways';
    case 'access-rule':
      return '/access?tab=rules';
    case 'grant':
      return '/access?tab=grants';
    case 'access-request':
      return '/access';
    case 'maintenance-window':
      return '/access?tab=windows';
    case 'policy':
      return '/policies?tab=versions';
    case 'event-stream':
      return '/settings?tab=streams';
    case 'notification-channel':
      return '/settings?tab=channels';
    default:
      return null;
  }
}
