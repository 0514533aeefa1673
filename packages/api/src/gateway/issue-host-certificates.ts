import { listConnectionsOfGateway } from '@sluice/database';
import type { HostCertificates, SignedBundle } from '@sluice/domain';
import { type HostCertificatesRequest, SluiceError } from '@sluice/domain';
import {
  hostCertificatesContext,
  hostKeyContext,
  signJson,
  signSshCertificate,
  sshKeyLine,
  verifyBytes,
} from '@sluice/keys';
import { manifestByName } from '@sluice/protocols/manifests';
import { serverNameOf } from '../connections/server-names.ts';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';

/** Gateways ask again long before, so that one that cannot reach the control plane for a while keeps its name. In ms. */
export const hostCertificateLifeMs = 24 * 3_600_000;

/**
 * Certifies a gateway's host key for its own connections, each under its own name, which no two connections have: a gateway cannot pass
 * for another's. The answer is signed like a bundle, because it also says whose certificates of clients count. Throws SluiceError
 * `bad-request` when the key's owner did not sign for exactly this gateway.
 */
export async function issueHostCertificates(
  services: GatewayServices,
  gateway: GatewayCaller,
  request: HostCertificatesRequest,
  now: Date,
): Promise<SignedBundle> {
  const { publicKey, proof } = request;
  if (!verifyBytes(publicKey, hostKeyContext, Buffer.from(gateway.id), proof))
    throw new SluiceError('bad-request', 'The host key did not sign for this gateway.', { audience: 'operator' });
  const { db } = services.database;
  const { keys, trusted } = await services.sshAuthority(db);
  const expiresAt = new Date(now.getTime() + hostCertificateLifeMs);
  const rows = await listConnectionsOfGateway(db, gateway.id);
  const answer: HostCertificates = {
    gatewayId: gateway.id,
    publicKey,
    issuedAt: now.toISOString(),
    notAfter: expiresAt.toISOString(),
    clientAuthorities: trusted.map(blobOf),
    certificates: rows
      .filter(({ protocol }) => manifestByName(protocol)?.clientCertificates !== undefined)
      .map(({ id, name }) => ({
        connectionId: id,
        certificate:
          signSshCertificate(keys, {
            kind: 'host',
            publicKey,
            keyId: `gateway ${gateway.id} connection ${name}`,
            principals: [serverNameOf(name)],
            now,
            expiresAt,
          }).line.split(' ')[1] ?? '',
      })),
  };
  return signJson(services.signing, hostCertificatesContext, answer);
}

/** base64 of a public key's bytes. */
function blobOf(publicKey: string): string {
  return sshKeyLine(publicKey).split(' ')[1] ?? '';
}
