/** Has the protocol say what a held statement would touch, in bounded time, and tells the control plane. Nobody waits for it. */
import { type BundleConnection, type Impact, type ReadOutcome, type Rehearsal, SluiceError } from '@sluice/domain';
import type { JudgeRequest, ResultField, ResultMasker } from '@sluice/wire-kit';
import type { SessionPorts } from './ports.ts';

/** Longest time that the target is asked for before the report goes out with what is there (ms). */
export const assessMs = 3_000;
/** Longest time that people wait to be asked because a statement is being rehearsed (ms). */
export const rehearseMs = 6_000;

/** Judges and records a text of the gateway's own that was made of a held one. False: it must not be sent. */
export type AdmitsOwn = (text: string, outcome: ReadOutcome, held: JudgeRequest) => boolean;

export interface TellingSession {
  readonly ports: Pick<SessionPorts, 'approvals' | 'log'>;
  readonly connection: BundleConnection;
  readonly admitsOwn: AdmitsOwn;
  /** Records a text of the gateway's own that was made of a held one and is taken back. False: it must not be sent. */
  readonly recordsOwn: AdmitsOwn;
  /** Masks values as they are kept. */
  readonly ownMasks: (fields: readonly ResultField[]) => ResultMasker;
  readonly signal: AbortSignal;
}

/** Has the protocol try a held statement and take it back, before anybody is asked. Null: it cannot, or it went wrong in a way that nobody foresaw. */
export async function rehearseHeld(session: TellingSession, request: JudgeRequest): Promise<Rehearsal | null> {
  const { rehearse, cancelled } = request.hold;
  if (rehearse === undefined) return null;
  const gone = new AbortController();
  const leave = () => gone.abort();
  cancelled.addEventListener('abort', leave);
  if (cancelled.aborted) leave();
  try {
    return await rehearse({
      signal: AbortSignal.any([AbortSignal.timeout(rehearseMs), session.signal, gone.signal]),
      records: (text, outcome) => session.recordsOwn(text, outcome, request),
      masks: session.ownMasks,
    });
  } catch (error) {
    session.ports.log('warn', 'a held statement could not be rehearsed', {
      code: error instanceof SluiceError ? error.code : 'internal',
    });
    return { ran: false, because: 'something went wrong; the gateway’s log says more' };
  } finally {
    cancelled.removeEventListener('abort', leave);
  }
}

/** Null where nobody asked for it, too. */
function undoProblemOf({ connection }: TellingSession, { hold }: JudgeRequest): string | null {
  if (connection.undo !== true) return null;
  return hold.undoProblem === undefined ? 'this protocol keeps nothing' : hold.undoProblem();
}

/** Never rejects: a reviewer who sees no impact decides by what else they see. */
export async function tellImpact(
  session: TellingSession,
  request: JudgeRequest,
  approvalId: string,
  rehearsal: Rehearsal | null,
): Promise<void> {
  const { hold } = request;
  if (hold.assess === undefined) return;
  const { ports } = session;
  try {
    const impact: Impact = await hold.assess({
      signal: AbortSignal.any([AbortSignal.timeout(assessMs), session.signal]),
      admits: (text, outcome) => session.admitsOwn(text, outcome, request),
    });
    await ports.approvals.impact(approvalId, { ...impact, rehearsal, undoProblem: undoProblemOf(session, request) });
  } catch (error) {
    ports.log('warn', 'the impact of a held statement could not be told', {
      approval: approvalId,
      code: error instanceof SluiceError ? error.code : 'internal',
    });
  }
}
