/** From what came back to whether the form was held to what the corpus expects. */
import type { CorpusAnswer } from '@sluice/protocols/clients';
import type { Expectation, Form } from './schema.ts';

/** `through`: something changed or a planted value came back. `refused`: an honest form was in the way. `unexpected`: another verdict. */
export type Judgement = 'held-to' | 'through' | 'refused' | 'unexpected';

const refusals: readonly CorpusAnswer['outcome'][] = ['refused', 'ended'];
const accepted: Readonly<Record<Expectation, readonly CorpusAnswer['outcome'][]>> = {
  deny: refusals,
  hold: ['held'],
  'deny-or-hold': [...refusals, 'held'],
  'allow-masked': ['ran'],
  allow: ['ran'],
  error: [...refusals, 'failed'],
  contained: ['ran', 'held', 'failed', ...refusals],
  'not-refused': ['ran', 'failed'],
  effect: ['ran', 'held', 'failed', ...refusals],
};

export function judge(
  form: Form,
  expected: Expectation,
  path: string,
  answer: CorpusAnswer,
  effect: boolean,
  leaks: readonly string[],
): Judgement {
  if (form.list === 'must-refuse' && (effect || leaks.length > 0)) return 'through';
  if (accepted[expected].includes(answer.outcome)) return 'held-to';
  // Not every type has a binary form: the target says so by an error of its own, and nothing was read.
  if (path === 'binary' && answer.outcome === 'failed' && answer.code === '42883') return 'held-to';
  if (form.list === 'must-allow' && ['refused', 'held', 'ended'].includes(answer.outcome)) return 'refused';
  return 'unexpected';
}
