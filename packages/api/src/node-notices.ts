import { noticeToGatewaySchema } from '@sluice/domain';
import { z } from 'zod';
import { accessEventSchema } from './access/access-events.ts';

/** What nodes tell each other on the bus channel `sluice_notice`. The first two are also sent by triggers in the migrations. */
export const nodeNoticeSchema = z.discriminatedUnion('type', [
  /** The installation's counters moved: every node sends its gateways a heartbeat at once. */
  z.object({ type: z.literal('counters') }),
  /** Whichever node holds a tunnel of this gateway passes the notice on. */
  z.object({ type: z.literal('gateway'), gatewayId: z.string(), notice: noticeToGatewaySchema }),
  /** The result of a connection test is there. */
  z.object({ type: z.literal('test-result'), requestId: z.string() }),
  /** Something was written to the outbox. */
  z.object({ type: z.literal('outbox') }),
  /** The answer to a request to explain is there. */
  z.object({ type: z.literal('explained'), requestId: z.string() }),
  /** Something happened to somebody's access; whoever sends messages listens. */
  accessEventSchema,
]);
export type NodeNotice = z.infer<typeof nodeNoticeSchema>;
