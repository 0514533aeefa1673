import { createHash } from 'node:crypto';
import type { ConnectionRow, MemberRow } from '@sluice/database';
import { type CredentialPurpose, type SealedEnvelope, SluiceError, sealedEnvelopeSchema } from '@sluice/domain';
import { healthOf } from '../gateways/gateway-views.ts';
import type { GatewayHealth } from '../views.ts';
import { lackedBy } from './connection-capabilities.ts';
import { referencesOf } from './keep-credential.ts';

/** The trusted gateways of the connection's group, by name. */
export function membersOf(row: Pick<ConnectionRow, 'group'>): readonly MemberRow[] {
  return row.group?.gateways ?? [];
}

/** The envelope that this member can open; null when there is none, or only one for an older key of its. */
export function usableEnvelope(
  row: ConnectionRow,
  member: MemberRow,
  purpose: CredentialPurpose,
): SealedEnvelope | null {
  const found = row.credentials.find((one) => one.gatewayId === member.id && one.purpose === purpose);
  const envelope = found === undefined ? null : sealedEnvelopeSchema.parse(found.envelope);
  return envelope?.recipient === member.sealingKey ? envelope : null;
}

/** Whether this member could open a session: it has the credential and enforces what the connection asks for. */
export function isEquipped(row: ConnectionRow, member: MemberRow): boolean {
  const hasWriter = referencesOf(row).writer !== undefined || usableEnvelope(row, member, 'writer') !== null;
  return hasWriter && lackedBy(member, row).length === 0;
}

/** The best of its members' health. */
export function groupHealth(row: Pick<ConnectionRow, 'group'>, now: Date): GatewayHealth {
  const all = membersOf(row).map((member) => healthOf(member, now));
  return all.find((one) => one === 'online') ?? all.find((one) => one === 'offline') ?? 'never-connected';
}

/**
 * Members in the order in which a client is sent to them: equipped ones first, and among those an order that stays the same for one
 * `seed` (an actor, a client's address), so that what a gateway remembers of somebody is found again while that gateway is there.
 */
export function preferredMembers(row: ConnectionRow, seed: string): MemberRow[] {
  const rank = (member: MemberRow) =>
    `${isEquipped(row, member) ? 0 : 1}${createHash('sha256').update(`${row.id} ${seed} ${member.id}`).digest('hex')}`;
  return membersOf(row)
    .map((member) => ({ member, rank: rank(member) }))
    .sort((one, other) => (one.rank < other.rank ? -1 : 1))
    .map(({ member }) => member);
}

/**
 * The member that a client or a request is sent to; one of `avoid`, which just failed the client, only when no other is online. Throws
 * SluiceError `gateway-offline` when none is.
 */
export function onlineMember(
  row: ConnectionRow,
  seed: string,
  now: Date,
  avoid: readonly string[] = [],
): MemberRow & { readonly startId: string } {
  const preferred = preferredMembers(row, seed);
  const failed = (member: MemberRow) => avoid.includes(member.id);
  for (const member of [...preferred.filter((one) => !failed(one)), ...preferred.filter(failed)])
    if (member.startId !== null && healthOf(member, now) === 'online') return { ...member, startId: member.startId };
  const names = membersOf(row).map(({ name }) => name);
  throw new SluiceError(
    'gateway-offline',
    names.length > 1
      ? `None of the gateways of ${row.name} (${names.join(', ')}) is connected.`
      : `Gateway ${names[0] ?? '(none)'} is not connected.`,
    {
      audience: 'person',
      hint: 'Start the gateway, wait until the Gateways page shows it online, then try again.',
    },
  );
}
