import { highestCheckpoint, listLinksAfter, listRecordedSessions, listUnsealedSessions } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { type ChainPlace, maxPlacedSessions, maxResumedLinks, type RecordingPlace } from '@sluice/recording';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';

export { recordingPlaceRequestSchema } from '@sluice/recording';

/**
 * Where a gateway's chain stood when it was last heard of, for one whose spool was lost or is an older one: it goes on from there instead
 * of using numbers again, which would show as a fork. The checkpoint is the one with the highest number, not the one that came last. The
 * gateway believes only one that it signed itself. Throws SluiceError `too-large` when more links stand behind it than a working gateway
 * ever leaves.
 */
export async function showChainPlace(
  { database }: Pick<GatewayServices, 'database'>,
  gateway: Pick<GatewayCaller, 'id'>,
): Promise<ChainPlace> {
  const last = await highestCheckpoint(database.db, gateway.id);
  const rows = await listLinksAfter(database.db, gateway.id, last?.headNumber ?? -1, maxResumedLinks + 1);
  if (rows.length > maxResumedLinks)
    throw new SluiceError('too-large', 'Too many recordings stand behind the gateway’s last checkpoint.', {
      audience: 'operator',
      hint: 'Enrol another gateway in its place.',
    });
  const links = rows.map(({ number, sessionId, chunkIndex, hash }) => ({ number, sessionId, index: chunkIndex, hash }));
  return { checkpoint: last?.line ?? null, links };
}

/**
 * The same, and how far the recordings go of the sessions that the gateway's spool knows, and of all that have no seal: those of them that
 * the spool cannot continue get their end from the gateway.
 */
export async function showRecordingPlace(
  services: Pick<GatewayServices, 'database'>,
  gateway: Pick<GatewayCaller, 'id'>,
  asked: readonly string[],
): Promise<RecordingPlace> {
  const { db } = services.database;
  const place = await showChainPlace(services, gateway);
  const rows = [
    ...(await listRecordedSessions(db, gateway.id, asked)),
    ...(await listUnsealedSessions(db, gateway.id, maxPlacedSessions)),
  ];
  const sessions = new Map(
    rows.flatMap(({ id, chunkCount, lastChunkHash, nextSeq, lastChunkAt, sealed }) => {
      if (lastChunkHash === null || lastChunkAt === null) return [];
      const seen = { chunks: chunkCount, lastHash: lastChunkHash, nextSeq, lastAt: lastChunkAt.getTime(), sealed };
      return [[id, { sessionId: id, ...seen }] as const];
    }),
  );
  return { ...place, sessions: Array.from(sessions.values()) };
}
