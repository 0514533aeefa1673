import { findConnection, servesConnection } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { serverNamesOf } from '../connections/server-names.ts';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';

/** A TLS leaf for the gateway's own key and one of its own connections. Throws SluiceError `not-found` for any other. */
export async function issueLeaf(
  services: GatewayServices,
  gateway: GatewayCaller,
  request: { readonly connectionId: string; readonly publicKey: string },
  now: Date,
): Promise<{ readonly certificate: string; readonly notAfter: string }> {
  const row = await findConnection(services.database.db, { id: request.connectionId });
  if (row === null || !servesConnection(row, gateway.id))
    throw new SluiceError('not-found', 'This gateway serves no such connection.', { audience: 'operator' });
  const leaf = await services.authority.issueLeaf(
    { publicKey: request.publicKey, commonName: row.name, serverNames: serverNamesOf(row, services) },
    now,
  );
  return { certificate: leaf.certificate, notAfter: leaf.notAfter.toISOString() };
}
