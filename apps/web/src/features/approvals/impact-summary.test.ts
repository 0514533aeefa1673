import { describe, expect, test } from 'vitest';
import { estimateText, impactSummary } from './impact-summary.ts';

const impact = {
  durationMs: 12,
  inTransaction: false,
  estimatedRows: 1,
  objects: [{ name: 'public.customers', kind: 'table', verbs: ['update'], rows: 10_000, bytes: 8_192 }],
  cascades: [],
  triggers: [],
  locks: [],
  more: 0,
  plan: { known: false as const, because: 'no' },
  rehearsal: null,
  undoProblem: null,
};

describe('the line that says it all', () => {
  test('an estimate says that it is one', () => {
    expect(impactSummary(impact)).toBe('about 1 of 10,000 rows · no cascades · no triggers');
  });
  test('a rehearsal is exact', () => {
    const rehearsal = {
      ran: true as const,
      rows: 3,
      touched: 3,
      durationMs: 4,
      columns: [],
      changes: [],
      moreChanges: 0,
      unshown: null,
    };
    expect(impactSummary({ ...impact, rehearsal })).toBe('3 of 10,000 rows (rehearsed) · no cascades · no triggers');
  });
  test('what is not known is not made up', () => {
    expect(impactSummary({ ...impact, estimatedRows: null, objects: [], inTransaction: true })).toBe(
      'rows not estimated · no cascades · no triggers · inside an open transaction',
    );
  });
  test.each([
    [8.31, '8.3'],
    [1_204.4, '1,204'],
  ])('a cost of %d reads %s', (value, text) => {
    expect(estimateText(value)).toBe(text);
  });
});
