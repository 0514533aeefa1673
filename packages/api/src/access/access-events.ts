import { publish, type Tx } from '@sluice/database';
import { z } from 'zod';

/**
 * What happened to somebody's access that people want to be told of, on the bus channel `sluice_notice`. It names rows to fetch and
 * holds no text: whoever sends messages reads the rows, and may read them again after a gap.
 */
export const accessEventSchema = z.object({
  type: z.literal('access'),
  event: z.enum(['requested', 'granted', 'denied', 'glass-broken', 'glass-closed', 'glass-reviewed']),
  /** Of the request for `requested`, `granted` and `denied`; else of the grant. */
  id: z.string(),
});
export type AccessEvent = z.infer<typeof accessEventSchema>;

/** Told when the transaction commits. */
export async function tellAccessEvent(tx: Tx, event: AccessEvent['event'], id: string): Promise<void> {
  await publish(tx, 'sluice_notice', { type: 'access', event, id } satisfies AccessEvent);
}
