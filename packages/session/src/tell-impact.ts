/** Has the protocol say what a held statement would touch, in bounded time, and tells the control plane. Nobody waits for it. */
import { type Impact, type ReadOutcome, SluiceError } from '@sluice/domain';
import type { JudgeRequest } from '@sluice/wire-kit';
import type { SessionPorts } from './ports.ts';

/** Longest time that the target is asked for before the report goes out with what is there (ms). */
export const assessMs = 3_000;

/** Judges and records a text of the gateway's own that was made of a held one. False: it must not be sent. */
export type AdmitsOwn = (text: string, outcome: ReadOutcome, held: JudgeRequest) => boolean;

export interface TellingSession {
  readonly ports: Pick<SessionPorts, 'approvals' | 'log'>;
  readonly admitsOwn: AdmitsOwn;
  readonly signal: AbortSignal;
}

/** Never rejects: a reviewer who sees no impact decides by what else they see. */
export async function tellImpact(session: TellingSession, request: JudgeRequest, approvalId: string): Promise<void> {
  const { hold } = request;
  if (hold.assess === undefined) return;
  const { ports } = session;
  try {
    const impact: Impact = await hold.assess({
      signal: AbortSignal.any([AbortSignal.timeout(assessMs), session.signal]),
      admits: (text, outcome) => session.admitsOwn(text, outcome, request),
    });
    await ports.approvals.impact(approvalId, impact);
  } catch (error) {
    ports.log('warn', 'the impact of a held statement could not be told', {
      approval: approvalId,
      code: error instanceof SluiceError ? error.code : 'internal',
    });
  }
}
