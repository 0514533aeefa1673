/** What a channel's end says about a form. */
import type { CorpusAnswer, CorpusOutcome } from '@sluice/wire-kit';
import { refusalIn } from '../errors.ts';
import { refusedExitCode } from '../limits.ts';

export interface ChannelEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: Buffer;
  readonly errors: Buffer;
  /** The channel said that it waits for people, and was closed. */
  readonly held: boolean;
}

export function answerOf(end: ChannelEnd): CorpusAnswer {
  const errors = end.errors.toString('utf8');
  const received = Buffer.concat([end.output, end.errors]);
  const message = errors.split('\n')[0] ?? '';
  const said = (outcome: CorpusOutcome, code: string): CorpusAnswer => ({ outcome, code, message, received });
  const refusal = refusalIn(errors)?.code ?? null;
  if (end.held) return said('held', 'hold');
  if (refusal !== null && (end.code === refusedExitCode || end.code === null)) return said('refused', refusal);
  if (end.code === 0) return said('ran', '');
  return said('failed', end.signal ?? `exit ${end.code ?? 'unknown'}`);
}

export function plainAnswer(outcome: CorpusOutcome, code: string, message: string): CorpusAnswer {
  return { outcome, code, message, received: Buffer.from(message) };
}
