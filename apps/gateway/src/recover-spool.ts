/** What a start does with its spool before any session: the chain is taken up where it stands, and what an earlier process left is sealed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '@sluice/domain';
import type { SpoolWriter } from '@sluice/recording';
import type { Logger } from 'pino';
import type { ControlPlane } from './control-plane.ts';

const retryMs = 2_000;

/**
 * A gateway whose spool is new, or was lost, asks the control plane where its chain stands, for as long as nobody answers: it must not use
 * a number again that was seen. Throws SluiceError `recording-damaged` when the answer is none that this gateway once signed.
 */
export async function recoverSpool(
  spool: Pick<SpoolWriter, 'chain' | 'resumeChain' | 'recover'>,
  controlPlane: Pick<ControlPlane, 'chainPlace'>,
  { log, signal }: { readonly log: Pick<Logger, 'warn'>; readonly signal: AbortSignal },
): Promise<void> {
  while (spool.chain.isUnknown && !signal.aborted) {
    try {
      const place = await controlPlane.chainPlace();
      spool.resumeChain(place);
      if (place.checkpoint !== null || place.links.length > 0)
        log.warn('the spool was lost: recordings that had not arrived at the control plane are lost with it');
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'recording-damaged') throw error;
      log.warn(
        { error: String(error) },
        'the control plane was asked where the chain of recordings stands, and did not say',
      );
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  for (const session of spool.recover())
    log.warn({ session }, 'a recording of an earlier start was closed as interrupted');
}
