import type { Bus } from '@sluice/database';
import { type NodeNotice, nodeNoticeSchema } from './node-notices.ts';

/**
 * Resolves when a notice on the bus fits, or when the time is over: what it announces is to be looked for in either case. Subscribes
 * at once, so that what is asked for afterwards cannot be missed. `isThere` is asked after a gap in the bus, when the notice may be lost.
 */
export async function waitForNotice(
  bus: Bus,
  fits: (notice: NodeNotice) => boolean,
  isThere: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stop: () => void = () => undefined;
  let stopGap: () => void = () => undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
    stop = bus.subscribe('sluice_notice', (payload) => {
      const notice = nodeNoticeSchema.safeParse(payload);
      if (notice.success && fits(notice.data)) resolve();
    });
    stopGap = bus.onGap(() => void isThere().then((found) => found && resolve()));
  });
  clearTimeout(timer);
  stop();
  stopGap();
}
