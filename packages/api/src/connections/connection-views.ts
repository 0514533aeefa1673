import type { ConnectionRow, Db, MemberRow, Usage } from '@sluice/database';
import { findGatewayGroup, findLastTest, findOtherSessions, readUsage } from '@sluice/database';
import type { CredentialPurpose, SealedEnvelope } from '@sluice/domain';
import { durabilitySchema, labelsSchema, sealedEnvelopeSchema, stepUpSchema } from '@sluice/domain';
import { fingerprint } from '@sluice/keys';
import { z } from 'zod';
import type { ApiServices } from '../context.ts';
import { healthOf, listenersOf } from '../gateways/gateway-views.ts';
import type { ConnectionDetail, ConnectionSummary, CredentialState, GatewayHealth } from '../views.ts';
import { lackedBy } from './connection-capabilities.ts';
import { referencesOf } from './keep-credential.ts';
import { groupHealth, isEquipped, membersOf, usableEnvelope } from './members.ts';

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
    sealing: row.groupId === null ? [] : await listSealing(context.db, row.groupId),
    durability: durabilitySchema.parse(row.durability),
    recordedRows: row.recordedRows,
    recordedBytes: row.recordedBytes,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    lastTest: await findLastTest(context.db, row.id),
    otherSessionsFound: await findOtherSessions(context.db, row.id),
  };
}

/** To whose keys a credential for this group is sealed: its confirmed gateways. The others get it from one of these. */
export async function listSealing(db: Db, groupId: string): Promise<ConnectionDetail['sealing']> {
  const group = await findGatewayGroup(db, groupId);
  return (group?.gateways ?? [])
    .filter(({ confirmedAt }) => confirmedAt !== null)
    .map((gateway) => ({
      gatewayId: gateway.id,
      gatewayName: gateway.name,
      sealingKey: gateway.sealingKey,
      fingerprint: fingerprint(gateway.sealingKey),
    }));
}

/**
 * The reader's envelope for a member's bundle. One that it cannot open goes along all the same: agents are then refused, and not let
 * in as the writer.
 */
export function readerEnvelope(row: ConnectionRow, member: MemberRow): SealedEnvelope | null {
  const usable = usableEnvelope(row, member, 'reader');
  if (usable !== null) return usable;
  const stale = row.credentials.find((one) => one.purpose === 'reader');
  return stale === undefined ? null : sealedEnvelopeSchema.parse(stale.envelope);
}

/** `sealed` as soon as one member can open it: the connection works, and the page of gateways tells who waits for it. */
function credentialState(row: ConnectionRow, purpose: CredentialPurpose): CredentialState {
  if (referencesOf(row)[purpose] !== undefined) return 'referenced';
  if (membersOf(row).some((member) => usableEnvelope(row, member, purpose) !== null)) return 'sealed';
  return row.credentials.some((one) => one.purpose === purpose) ? 'stale' : 'missing';
}

function toSummary(row: ConnectionRow, usage: Usage, { services, now }: ViewContext): ConnectionSummary {
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
    group: groupView(row, now),
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

function groupView(row: ConnectionRow, now: Date): ConnectionSummary['group'] {
  if (row.group === null) return null;
  const members = membersOf(row).map((member) => ({
    id: member.id,
    name: member.name,
    health: healthOf(member, now),
    listener: listenerOf(row, member),
  }));
  return { id: row.group.id, name: row.group.name, health: groupHealth(row, now), members };
}

/** A gateway's own port: as the gateway says it is, where it has said so. */
function listenerOf(row: ConnectionRow, member = membersOf(row)[0]): ConnectionSummary['listener'] {
  if (row.listenerHost === null || row.listenerPort === null) return null;
  const reported = listenersOf(member?.listeners).find((listener) => listener.connectionId === row.id);
  return { host: row.listenerHost, port: reported?.port ?? row.listenerPort };
}

/** What keeps the whole group from serving the connection; what one member lacks is told on the gateways page. */
function problemOf(
  row: ConnectionRow,
  { credential, readerCredential }: Pick<ConnectionSummary, 'credential' | 'readerCredential'>,
  services: ApiServices,
  now: Date,
): string | null {
  const online = membersOf(row).filter((member) => healthOf(member, now) === 'online');
  const [first] = online;
  if (first === undefined) return awayProblem(membersOf(row), groupHealth(row, now));
  const able = online.filter((member) => lackedBy(member, row).length === 0);
  if (able.length === 0)
    return `Gateway ${first.name} is too old for this connection: update it (it lacks ${lackedBy(first, row).join(', ')}).`;
  if (credential === 'missing') return 'There is no credential for the target: enter it in Settings.';
  if (credential === 'stale')
    return 'The credential was sealed for another gateway or key: enter it again in Settings.';
  if (!able.some((member) => isEquipped(row, member)))
    return `Only gateways that are away have the credential: start one of them, so that it can give it to ${first.name}.`;
  if (readerCredential === 'stale')
    return 'The reader credential was sealed for another gateway or key: enter it again or remove it in Settings.';
  const errors = able.map(({ listeners }) => listenersOf(listeners).find((one) => one.connectionId === row.id)?.error);
  const everywhere = errors.every((error) => typeof error === 'string') ? (errors[0] ?? null) : null;
  return everywhere ?? services.relayProblem(row.id);
}

function awayProblem(members: readonly MemberRow[], health: GatewayHealth): string {
  const names = members.map(({ name }) => name).join(', ');
  if (members.length === 0) return 'No gateway serves this connection: choose one in Settings.';
  if (members.length > 1) return `None of the gateways ${names} is connected: start one, or look at their network.`;
  return health === 'never-connected'
    ? `Gateway ${names} has never connected: start it.`
    : `Gateway ${names} is offline: start it, or look at its network.`;
}
