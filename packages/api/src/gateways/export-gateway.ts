import {
  appendAuditEvent,
  type Database,
  findGateway,
  findGatewayByName,
  listCheckpoints,
  listLinkedSessions,
  readChunks,
  readInstallation,
} from '@sluice/database';
import { can, isId, type Permission, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { keyIdOf, newId } from '@sluice/keys';
import { gatewayExportEnd, gatewayExportSession, gatewayExportStart, writeExport } from '@sluice/recording';
import type { ApiContext } from '../context.ts';
import { notFound } from '../errors.ts';
import { throughOf } from '../procedure.ts';

/** Plain HTTP beside tRPC demands them as a procedure would: a gateway's export holds everybody's sessions. */
export const gatewayExportPermissions: readonly Permission[] = ['recordings.read', 'sessions.read', 'gateways.read'];
/** Checkpoints in one export: two months of a busy gateway's minutes. */
const maxExportedCheckpoints = 100_000;
/** Sessions in one export. */
const maxExportedSessions = 100_000;

export interface ExportWhile {
  /** Null leaves that side open. */
  readonly from: Date | null;
  readonly to: Date | null;
}

/**
 * A gateway's recordings between two of its checkpoints, as the file that `sluice recordings verify` reads, a part at a time. Writes an
 * audit event first: whoever takes one away is known. Throws SluiceError before the first part.
 */
export async function exportGateway(
  { services, address, software }: ApiContext,
  caller: Caller,
  /** Its id, or its name while it is trusted. */
  gatewayName: string,
  range: ExportWhile,
): Promise<AsyncGenerator<Buffer>> {
  const { actor } = caller;
  const lacking = gatewayExportPermissions.find((permission) => !can(caller.rights, permission, null).yes);
  if (lacking !== undefined)
    throw new SluiceError('forbidden', `The role ${actor.role} may not export a gateway’s recordings (${lacking}).`, {
      audience: 'person',
    });
  const { database } = services;
  const gateway = await (isId(gatewayName) ? findGateway : findGatewayByName)(database.db, gatewayName);
  if (gateway === null) throw notFound('gateway');
  const rows = await listCheckpoints(database.db, gateway.id, range, maxExportedCheckpoints);
  const from = range.from === null ? 0 : startOf(rows);
  const to = rows.at(-1)?.headNumber ?? -1;
  const sessions = await listLinkedSessions(database.db, gateway.id, from, to);
  if (sessions.length > maxExportedSessions)
    throw new SluiceError('too-large', `There are ${sessions.length} sessions in this while.`, {
      audience: 'person',
      hint: 'Export a shorter while.',
    });
  const installationKeys = await signersOf(database, services.signing.publicKey);
  const key = { keyId: keyIdOf(gateway.signingKey), publicKey: gateway.signingKey };
  const start = gatewayExportStart(
    {
      gatewayId: gateway.id,
      from,
      to,
      sessions: sessions.length,
      keys: [key],
      installationKeys,
    },
    rows.map(({ entryLine, line }) => ({ entry: entryLine, checkpoint: line })),
  );
  await database.transaction((tx) =>
    appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: new Date(),
      actor,
      action: 'gateways.exportRecordings',
      sentence: `${actor.name} exported ${sessions.length} recordings of gateway ${gateway.name}`,
      subject: { type: 'gateway', id: gateway.id, name: gateway.name },
      before: null,
      after: { sessions: sessions.length, checkpoints: rows.length, links: { from, to } },
      address,
      through: throughOf(caller, software),
    }),
  );
  return parts(database, start, sessions, [key]);
}

/** Every key that may have signed an entry of the log: a rotation leaves what the one before signed as it is. */
async function signersOf(database: Database, ofThisNode: string) {
  const row = await readInstallation(database.db);
  const known = [...(row?.formerSigningKeys ?? []), ...(row === null ? [] : [row.signingPublicKey]), ofThisNode];
  return Array.from(new Set(known), (publicKey) => ({ keyId: keyIdOf(publicKey), publicKey }));
}

/** The first link behind the first checkpoint: what that checkpoint names was before. */
function startOf(rows: readonly { readonly number: number; readonly headNumber: number }[]): number {
  const [first] = rows;
  return first === undefined || first.number === 0 ? 0 : first.headNumber + 1;
}

async function* parts(
  database: Database,
  start: Buffer,
  sessions: readonly string[],
  keys: Parameters<typeof writeExport>[1],
): AsyncGenerator<Buffer> {
  yield start;
  for (const sessionId of sessions) {
    const chunks: Buffer[] = [];
    for await (const { bytes } of readChunks(database.db, sessionId)) chunks.push(bytes);
    yield gatewayExportSession(sessionId, writeExport(chunks, keys));
  }
  yield gatewayExportEnd(sessions.length);
}
