/** What a start does with its spool before any session: the chain is taken up where it stands, and what an earlier process left is sealed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '@sluice/domain';
import { maxPlacedSessions, type RecordingPlace, type SpoolStore, type SpoolWriter } from '@sluice/recording';
import type { Logger } from 'pino';
import type { ControlPlane } from './control-plane.ts';

const retryMs = 2_000;

interface Request {
  readonly spool: Pick<SpoolWriter, 'chain' | 'resumeChain' | 'recover'>;
  readonly store: Pick<SpoolStore, 'sessions'>;
  readonly controlPlane: Pick<ControlPlane, 'recordingPlace'>;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly signal: AbortSignal;
}

/**
 * A gateway asks the control plane where its chain stands, for as long as nobody answers: its spool may be lost, or older than what was
 * seen of it, and no number that was seen may be used again. No statement runs before the control plane was heard anyway. Throws
 * SluiceError `recording-damaged` when a gateway without a spool gets an answer that it never signed.
 */
export async function recoverSpool(request: Request): Promise<void> {
  const { spool, log } = request;
  const place = await placeOf(request);
  if (place === null) return;
  for (const session of spool.recover(place.sessions))
    log.warn({ session }, 'a recording of an earlier start was closed as interrupted');
}

/** Null when the gateway is stopped while it asks. */
async function placeOf(request: Request): Promise<RecordingPlace | null> {
  const { store, controlPlane, log, signal } = request;
  while (!signal.aborted) {
    try {
      const place = await controlPlane.recordingPlace(Array.from(store.sessions.keys()).slice(0, maxPlacedSessions));
      return take(request, place);
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'recording-damaged') throw error;
      log.warn(
        { error: String(error) },
        'the control plane was asked where the chain of recordings stands, and did not say',
      );
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
}

function take({ spool, log }: Request, place: RecordingPlace): RecordingPlace {
  try {
    if (spool.resumeChain(place))
      log.warn('the spool was lost or is an older one: recordings that had not arrived at the control plane are lost');
    return place;
  } catch (error) {
    if (spool.chain.isUnknown || !(error instanceof SluiceError) || error.code !== 'recording-damaged') throw error;
    log.error({ error: error.message }, 'the control plane shows a checkpoint that this gateway never signed');
    return { ...place, sessions: [] };
  }
}
