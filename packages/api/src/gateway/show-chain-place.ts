import { lastCheckpoint, listLinksAfter } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { type ChainPlace, maxResumedLinks } from '@sluice/recording';
import type { GatewayCaller, GatewayServices } from './gateway-services.ts';

/**
 * Where a gateway's chain stood when it was last heard of, for one that has lost its spool: it goes on from there instead of beginning
 * anew, which would show as a fork. It believes only a checkpoint that it signed itself. Throws SluiceError `too-large` when more links
 * stand behind the last checkpoint than a working gateway ever leaves.
 */
export async function showChainPlace(
  { database }: Pick<GatewayServices, 'database'>,
  gateway: Pick<GatewayCaller, 'id'>,
): Promise<ChainPlace> {
  const last = await lastCheckpoint(database.db, gateway.id);
  const rows = await listLinksAfter(database.db, gateway.id, last?.headNumber ?? -1, maxResumedLinks + 1);
  if (rows.length > maxResumedLinks)
    throw new SluiceError('too-large', 'Too many recordings stand behind the gateway’s last checkpoint.', {
      audience: 'operator',
      hint: 'Enrol another gateway in its place.',
    });
  const links = rows.map(({ number, sessionId, chunkIndex, hash }) => ({ number, sessionId, index: chunkIndex, hash }));
  return { checkpoint: last?.line ?? null, links };
}
