import type { ConnectionRow, Db, Usage } from '@sluice/database';
import { findLastTest, findOtherSessions, listGateways, readUsage } from '@sluice/database';
import type { CredentialPurpose, SealedEnvelope } from '@sluice/domain';
import { labelsSchema, sealedEnvelopeSchema, stepUpSchema } from '@sluice/domain';
import { fingerprint } from '@sluice/keys';
import { z } from 'zod';
import type { ApiServices } from '../context.ts';
import { healthOf, listenersOf } from '../gateways/gateway-views.ts';
import type { ConnectionDetail, ConnectionSummary, CredentialState } from '../views.ts';
import { lackedBy } from './connection-capabilities.ts';
import { referencesOf } from './keep-credential.ts';

const noUse: Usage = { hours: Array.from({ length: 24 }, () => 0), lastUsedAt: null };

interface ViewContext {
  readonly db: Db;
  readonly services: ApiServices;
  readonly now: Date;
}

export async function toConnectionSummaries(
  rows: readonly ConnectionRow[],
  context: ViewContext,
): Promise<ConnectionSummary[]> {
  const usage = await readUsage(
    context.db,
    rows.map((row) => row.id),
    context.now,
  );
  return rows.map((row) => toSummary(row, usage.get(row.id) ?? noUse, context));
}

export async function toConnectionDetail(row: ConnectionRow, context: ViewContext): Promise<ConnectionDetail> {
  const [summary] = await toConnectionSummaries([row], context);
  if (summary === undefined) throw new Error('a row has a summary');
  return {
    ...summary,
    tlsCa: row.tlsCa,
    offlineLeaseSeconds: row.offlineLeaseSeconds,
    defaultAction: z.enum(['allow', 'hold', 'deny']).parse(row.defaultAction),
    holdBehaviour: z.enum(['wait', 'refuse']).parse(row.holdBehaviour),
    rehearsal: row.rehearsal,
    undo: row.undo,
    references: referencesOf(row),
    stepUp: stepUpSchema.parse(row.stepUp),
    sealing: row.gatewayId === null ? [] : await listSealing(context.db, row.gatewayId),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    lastTest: await findLastTest(context.db, row.id),
    otherSessionsFound: await findOtherSessions(context.db, row.id),
  };
}

/** To whose keys a credential for this gateway is sealed; one entry as long as a gateway is alone in its group. */
export async function listSealing(db: Db, gatewayId: string): Promise<ConnectionDetail['sealing']> {
  const gateways = await listGateways(db);
  return gateways
    .filter((gateway) => gateway.id === gatewayId)
    .map((gateway) => ({
      gatewayId: gateway.id,
      gatewayName: gateway.name,
      sealingKey: gateway.sealingKey,
      fingerprint: fingerprint(gateway.sealingKey),
    }));
}

/** The envelope that the connection's gateway can open; null when there is none, or only one for another gateway or an older key. */
export function usableEnvelope(row: ConnectionRow, purpose: CredentialPurpose): SealedEnvelope | null {
  const { gateway } = row;
  if (gateway === null) return null;
  const found = row.credentials.find((one) => one.gatewayId === gateway.id && one.purpose === purpose);
  const envelope = found === undefined ? null : sealedEnvelopeSchema.parse(found.envelope);
  return envelope?.recipient === gateway.sealingKey ? envelope : null;
}

/**
 * The reader's envelope for the bundle. One that the gateway cannot open goes along all the same: agents are then refused, and not
 * let in as the writer.
 */
export function readerEnvelope(row: ConnectionRow): SealedEnvelope | null {
  const usable = usableEnvelope(row, 'reader');
  if (usable !== null) return usable;
  const stale = row.credentials.find((one) => one.purpose === 'reader');
  return stale === undefined ? null : sealedEnvelopeSchema.parse(stale.envelope);
}

function credentialState(row: ConnectionRow, purpose: CredentialPurpose): CredentialState {
  if (referencesOf(row)[purpose] !== undefined) return 'referenced';
  if (usableEnvelope(row, purpose) !== null) return 'sealed';
  return row.credentials.some((one) => one.purpose === purpose) ? 'stale' : 'missing';
}

function toSummary(row: ConnectionRow, usage: Usage, { services, now }: ViewContext): ConnectionSummary {
  const { gateway } = row;
  const credential = credentialState(row, 'writer');
  const readerCredential = credentialState(row, 'reader');
  return {
    id: row.id,
    name: row.name,
    protocol: row.protocol,
    host: row.host,
    port: row.port,
    tlsMode: row.tlsMode,
    options: optionsOf(row),
    labels: labelsSchema.parse(row.labels),
    gateway: gateway === null ? null : { id: gateway.id, name: gateway.name, health: healthOf(gateway, now) },
    listener: listenerOf(row),
    relay: { host: services.relayHost, port: row.relayPort ?? 0 },
    credential,
    readerCredential,
    otherSessions: row.otherSessions === null ? null : { ...row.otherSessions },
    revision: row.revision,
    lastUsedAt: usage.lastUsedAt,
    sparkline: usage.hours,
    problem: problemOf(row, { credential, readerCredential }, services, now),
  };
}

export function optionsOf(row: ConnectionRow): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(row.options);
}

/** The gateway's own port: as the gateway says it is, where it has said so. */
function listenerOf(row: ConnectionRow): ConnectionSummary['listener'] {
  if (row.listenerHost === null || row.listenerPort === null) return null;
  const reported = listenersOf(row.gateway?.listeners).find((listener) => listener.connectionId === row.id);
  return { host: row.listenerHost, port: reported?.port ?? row.listenerPort };
}

function problemOf(
  row: ConnectionRow,
  { credential, readerCredential }: Pick<ConnectionSummary, 'credential' | 'readerCredential'>,
  services: ApiServices,
  now: Date,
): string | null {
  const { gateway } = row;
  if (gateway === null || gateway.revokedAt !== null)
    return 'No gateway serves this connection: choose one in Settings.';
  const health = healthOf(gateway, now);
  if (health === 'never-connected') return `Gateway ${gateway.name} has never connected: start it.`;
  if (health === 'offline') return `Gateway ${gateway.name} is offline: start it, or look at its network.`;
  const lacked = lackedBy(gateway, row);
  if (lacked.length > 0)
    return `Gateway ${gateway.name} is too old for this connection: update it (it lacks ${lacked.join(', ')}).`;
  if (credential === 'missing') return 'There is no credential for the target: enter it in Settings.';
  if (credential === 'stale')
    return 'The credential was sealed for another gateway or key: enter it again in Settings.';
  if (readerCredential === 'stale')
    return 'The reader credential was sealed for another gateway or key: enter it again or remove it in Settings.';
  const listener = listenersOf(gateway.listeners).find((one) => one.connectionId === row.id);
  return listener?.error ?? services.relayProblem(row.id);
}
