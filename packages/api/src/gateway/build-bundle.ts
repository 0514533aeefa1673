import type { ConnectionRow, PasskeyRow } from '@sluice/database';
import {
  listAllPasskeys,
  listConnectionsOfGateway,
  listMaintenanceWindows,
  readActivePolicy,
  readCounters,
  readInstallation,
} from '@sluice/database';
import type { Bundle, BundleConnection, BundlePasskey, SignedBundle } from '@sluice/domain';
import {
  assertionSchema,
  durabilitySchema,
  labelsSchema,
  maintenanceWindowSchema,
  SluiceError,
  stepUpSchema,
  targetTlsSchema,
} from '@sluice/domain';
import { bundleContext, signJson } from '@sluice/keys';
import { detectorNames } from '@sluice/masking';
import { compilePolicy } from '@sluice/policy';
import { z } from 'zod';
import { keepsTheDefault, neededByConnection, recordedResultsOf } from '../connections/connection-capabilities.ts';
import { optionsOf, readerEnvelope } from '../connections/connection-views.ts';
import { referencesOf } from '../connections/keep-credential.ts';
import { membersOf, usableEnvelope } from '../connections/members.ts';
import { serverNamesOf } from '../connections/server-names.ts';
import { nextBundleKey } from '../gateways/installation-keys.ts';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';

/**
 * The gateway's bundle, signed, or null when it has the newest. `signedBy` is the id of the key that signed the one it has: when a
 * rotation has put another key in force since, it gets the same bundle again, for only that makes it stop believing the former key.
 * Throws SluiceError `unavailable` before the first policy.
 */
export async function buildBundle(
  services: GatewayServices,
  gateway: GatewayCaller,
  have: number,
  now: Date,
  signedBy: string | null = null,
): Promise<SignedBundle | null> {
  const { db } = services.database;
  // The version is read before what it stands for: content may be newer than its number, never older.
  const { bundleVersion } = await readCounters(db);
  if (have > bundleVersion) return null;
  if (have === bundleVersion && !(await isByFormerKey(services, signedBy))) return null;
  const policy = await readActivePolicy(db);
  if (policy === null)
    throw new SluiceError('unavailable', 'No policy has been published yet.', {
      audience: 'operator',
      hint: 'Publish one on the Policies page.',
    });
  const nextKey = await nextBundleKey(db, services.signing.publicKey);
  const rows = await listConnectionsOfGateway(db, gateway.id);
  const maintenance = (await listMaintenanceWindows(db)).map(({ name, selector, schedule }) =>
    maintenanceWindowSchema.parse({ name, selector, schedule }),
  );
  const bundle: Bundle = {
    format: 1,
    version: bundleVersion,
    gatewayId: gateway.id,
    issuedAt: now.toISOString(),
    capabilities: [
      ...capabilitiesOfPolicy(policy.source),
      ...(maintenance.length === 0 ? [] : ['maintenance-1']),
      ...(nextKey === null ? [] : ['handover-1']),
    ],
    ...(nextKey === null ? {} : { nextKey }),
    ...(maintenance.length === 0 ? {} : { maintenance }),
    policy: { version: policy.version, source: policy.source },
    connections: rows.map((row) => toBundleConnection(row, gateway.id, services)),
    passkeys: (await listAllPasskeys(db)).map(toBundlePasskey),
    publicUrl: services.publicUrl,
  };
  return signJson(services.signing, bundleContext, bundle);
}

/** A node that itself still signs with the former key until its next start has nothing better to give. */
async function isByFormerKey({ database, signing }: GatewayServices, signedBy: string | null): Promise<boolean> {
  if (signedBy === null || signedBy === signing.keyId) return false;
  return (await readInstallation(database.db))?.signingKeyId === signing.keyId;
}

/** A published policy compiles; one that does not any more needs nothing more, and the gateway refuses it by itself. */
function capabilitiesOfPolicy(source: string): readonly string[] {
  const compiled = compilePolicy(source, { detectors: detectorNames });
  return compiled.ok ? compiled.policy.capabilities : [];
}

function toBundleConnection(row: ConnectionRow, gatewayId: string, services: GatewayServices): BundleConnection {
  const member = membersOf(row).find(({ id }) => id === gatewayId);
  if (member === undefined) throw new Error('a connection is in the bundles of its own members only');
  const { listenerHost, listenerPort } = row;
  return {
    id: row.id,
    name: row.name,
    revision: row.revision,
    address: {
      protocol: row.protocol,
      host: row.host,
      port: row.port,
      tls: targetTlsSchema.parse({ mode: row.tlsMode, ca: row.tlsCa }),
    },
    options: optionsOf(row),
    labels: labelsSchema.parse(row.labels),
    listener: listenerHost === null || listenerPort === null ? null : { host: listenerHost, port: listenerPort },
    serverNames: serverNamesOf(row, services),
    credential: usableEnvelope(row, member, 'writer'),
    readerCredential: readerEnvelope(row, member),
    ...(Object.keys(referencesOf(row)).length === 0 ? {} : { references: referencesOf(row) }),
    offlineLeaseSeconds: row.offlineLeaseSeconds,
    defaultAction: z.enum(['allow', 'hold', 'deny']).parse(row.defaultAction),
    holdBehaviour: z.enum(['wait', 'refuse']).parse(row.holdBehaviour),
    stepUp: stepUpSchema.parse(row.stepUp),
    ...(row.rehearsal ? { rehearsal: true } : {}),
    ...(row.undo ? { undo: true } : {}),
    durability: durabilitySchema.parse(row.durability),
    ...(keepsTheDefault(row) ? {} : { recordedResults: recordedResultsOf(row) }),
    capabilities: neededByConnection(row),
  };
}

function toBundlePasskey(row: PasskeyRow): BundlePasskey {
  const { credentialId, publicKey, personId, person } = row;
  return {
    credentialId,
    publicKey,
    personId,
    personName: person.name,
    vouch: assertionSchema.nullable().parse(row.vouch),
    removed: row.removedAt !== null,
  };
}
