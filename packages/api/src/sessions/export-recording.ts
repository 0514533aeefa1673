import { appendAuditEvent, readChunks } from '@sluice/database';
import type { Permission } from '@sluice/domain';
import { can, canSomewhere, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { placeOf } from '@sluice/identity';
import { keyIdOf, newId } from '@sluice/keys';
import { writeExport } from '@sluice/recording';
import type { ApiContext } from '../context.ts';
import { throughOf } from '../procedure.ts';
import { visibleSession } from './visible-session.ts';

/** Plain HTTP beside tRPC demands it as a procedure would. */
export const exportPermission: Permission = 'recordings.read';
/** The export is built in memory. Bytes. */
const maxExportBytes = 512 * 1024 * 1024;

/** A session's recording as the file that `sluice recordings verify` reads. Writes an audit event: whoever takes one away is known. */
export async function exportRecording(
  { services, address, software }: ApiContext,
  caller: Caller,
  sessionId: string,
): Promise<Buffer> {
  const { actor } = caller;
  if (!canSomewhere(caller.rights, exportPermission))
    throw new SluiceError('forbidden', `The role ${actor.role} may not export recordings.`, { audience: 'person' });
  const { database } = services;
  const row = await visibleSession(database.db, sessionId, caller, 'sessions.read');
  const answer = can(caller.rights, exportPermission, placeOf(row.connection));
  if (!answer.yes)
    throw new SluiceError('forbidden', `You may not export recordings of this connection: ${answer.because}.`, {
      audience: 'person',
    });
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const { bytes } of readChunks(database.db, row.id)) {
    total += bytes.length;
    if (total > maxExportBytes)
      throw new SluiceError('too-large', 'The recording is too long to be exported in one file.', {
        audience: 'person',
      });
    chunks.push(bytes);
  }
  const { signingKey } = row.gateway;
  const file = writeExport(chunks, [{ keyId: keyIdOf(signingKey), publicKey: signingKey }]);
  await database.transaction((tx) =>
    appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: new Date(),
      actor,
      action: 'sessions.exportRecording',
      sentence: `${actor.name} exported the recording of a session on ${row.connection.name}`,
      subject: { type: 'session', id: row.id, name: row.connection.name },
      before: null,
      after: { chunks: chunks.length, bytes: file.length },
      address,
      through: throughOf(caller, software),
    }),
  );
  return file;
}
