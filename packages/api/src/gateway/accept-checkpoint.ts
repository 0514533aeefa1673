import {
  advisoryLock,
  appendAuditEvent,
  auditHead,
  createCheckpoint,
  findCheckpoint,
  findGateway,
  hasCheckpointNumber,
  lastCheckpoint,
  type Tx,
} from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { keyIdOf, newId } from '@sluice/keys';
import {
  buildLogEntry,
  type Checkpoint,
  checkpointContext,
  firstLogHash,
  lineFault,
  readCheckpoint,
  type Signed,
  type Witness,
} from '@sluice/recording';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';

/**
 * Makes a gateway's checkpoint durable and writes an entry for it into the control plane's own signed log, which also says where the
 * audit chain stands. Whatever the gateway signed is kept, also one that does not continue the last: that is evidence, and is told.
 * Throws SluiceError `recording-damaged` for one that the gateway did not sign.
 */
export async function storeCheckpoint(
  services: GatewayServices,
  gateway: GatewayCaller,
  line: string,
  now: Date,
): Promise<Witness> {
  const signed = verified(gateway, line);
  return services.database.transaction(async (tx) => {
    await advisoryLock(tx, `checkpoints:${gateway.id}`);
    const known = await findCheckpoint(tx, gateway.id, signed.hash);
    if (known !== null) return { entry: known.entry, hash: known.entryHash };
    const last = await lastCheckpoint(tx, gateway.id);
    const { value } = signed;
    const entry = buildLogEntry(services.signing, {
      gatewayId: gateway.id,
      entry: (last?.entry ?? -1) + 1,
      previousHash: last?.entryHash ?? firstLogHash(gateway.id),
      number: value.number,
      checkpointHash: signed.hash,
      receivedAt: now.getTime(),
      audit: await auditHead(tx),
    });
    const continues = value.number === 0 || value.previousHash === last?.hash;
    const doubled = await hasCheckpointNumber(tx, gateway.id, value.number);
    await createCheckpoint(tx, {
      gatewayId: gateway.id,
      entry: entry.value.entry,
      number: value.number,
      headNumber: value.head?.number ?? -1,
      at: new Date(value.at),
      receivedAt: now,
      hash: signed.hash,
      line,
      entryHash: entry.hash,
      entryLine: entry.line,
    });
    if (doubled || !continues) await tellBreak(tx, gateway, value, doubled, now);
    if (value.resumed === true) {
      const lost = 'went on without its spool or with an older one: recordings that had not arrived by then are lost';
      await tell(tx, gateway, { action: 'gateway.chainResumed', what: lost, number: value.number }, now);
    }
    return { entry: entry.value.entry, hash: entry.hash };
  });
}

function verified(gateway: GatewayCaller, line: string): Signed<Checkpoint> {
  const signed = readCheckpoint(line);
  const keyId = keyIdOf(gateway.signingKey);
  const fault = lineFault(signed, checkpointContext, (asked) => (asked === keyId ? gateway.signingKey : null));
  if (fault !== null || signed.value.gatewayId !== gateway.id)
    throw new SluiceError('recording-damaged', `The checkpoint ${fault ?? 'is another gateway’s'}.`, {
      audience: 'operator',
    });
  return signed;
}

async function tellBreak(
  tx: Tx,
  gateway: GatewayCaller,
  { number }: Checkpoint,
  doubled: boolean,
  now: Date,
): Promise<void> {
  const what = doubled ? 'exists twice with different contents' : 'does not continue the one before it';
  await tell(tx, gateway, { action: 'gateway.chainBroken', what, number, doubled }, now);
}

async function tell(
  tx: Tx,
  gateway: GatewayCaller,
  {
    action,
    what,
    ...after
  }: { readonly action: string; readonly what: string; readonly number: number; readonly doubled?: boolean },
  now: Date,
): Promise<void> {
  const name = (await findGateway(tx, gateway.id))?.name ?? gateway.id;
  const subject =
    action === 'gateway.chainBroken' ? `checkpoint ${after.number} of gateway ${name}` : `gateway ${name}`;
  await appendAuditEvent(tx, {
    id: newId<'AuditEvent'>(),
    at: now,
    actor: { kind: 'system', name },
    action,
    sentence: `${subject} ${what}`,
    subject: { type: 'gateway', id: gateway.id, name },
    before: null,
    after,
    address: null,
  });
}
