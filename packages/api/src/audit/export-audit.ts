import { appendAuditEvent, type Database, readAuditEvents } from '@sluice/database';
import { can, type Permission, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { newId, type SigningKeys } from '@sluice/keys';
import { auditExportEnd, auditExportLine, auditExportStart } from '@sluice/recording';
import type { ApiContext } from '../context.ts';
import { throughOf } from '../procedure.ts';

/** Plain HTTP beside tRPC demands it as a procedure would. */
export const auditExportPermission: Permission = 'audit.read';

/**
 * The audit chain from one event on, as the file that `sluice audit verify` reads, a batch at a time; its last line is signed with the
 * installation's key. The export is an event itself, and the last one of the file.
 */
export async function exportAudit(
  { services, address, software }: ApiContext,
  caller: Caller,
  from: number,
): Promise<AsyncGenerator<Buffer>> {
  const { actor } = caller;
  if (!can(caller.rights, auditExportPermission, null).yes)
    throw new SluiceError('forbidden', `The role ${actor.role} may not export the audit chain.`, {
      audience: 'person',
    });
  const { database, signing } = services;
  await database.transaction((tx) =>
    appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: new Date(),
      actor,
      action: 'audit.exportEvents',
      sentence: `${actor.name} exported the audit chain from event ${from} on`,
      subject: null,
      before: null,
      after: { from },
      address,
      through: throughOf(caller, software),
    }),
  );
  return lines(database, signing, from);
}

async function* lines(database: Database, signing: SigningKeys, from: number): AsyncGenerator<Buffer> {
  yield Buffer.from(auditExportStart(from, [{ keyId: signing.keyId, publicKey: signing.publicKey }]), 'utf8');
  let last = { index: 0, hash: '0'.repeat(64) };
  for await (const rows of readAuditEvents(database.db, from)) {
    yield Buffer.from(rows.map(auditExportLine).join(''), 'utf8');
    last = rows.at(-1) ?? last;
  }
  yield Buffer.from(auditExportEnd(signing, last.index, last.hash, Date.now()), 'utf8');
}
