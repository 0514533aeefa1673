import { isIP } from 'node:net';
import type { ConnectionRow } from '@sluice/database';
import type { ApiServices } from '../context.ts';

/** The name that clients of the relay path verify; it exists in no DNS. */
export function serverNameOf(name: string): string {
  return `${name}.sluice.internal`;
}

/** DNS names and addresses under which clients reach a connection: what its TLS leaf carries. The internal name comes first. */
export function serverNamesOf(row: ConnectionRow, services: Pick<ApiServices, 'publicUrl' | 'relayHost'>): string[] {
  const publicHost = new URL(services.publicUrl).hostname.replace(/^\[|\]$/g, '');
  const names = [
    serverNameOf(row.name),
    'localhost',
    '127.0.0.1',
    '::1',
    services.relayHost,
    publicHost,
    row.listenerHost,
    ...(row.group?.gateways ?? []).map(({ hostname }) => hostname),
  ];
  return [...new Set(names.filter((name): name is string => typeof name === 'string' && isServerName(name)))];
}

function isServerName(name: string): boolean {
  const wildcard = name === '0.0.0.0' || name === '::';
  return !wildcard && (isIP(name) !== 0 || /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(name));
}
