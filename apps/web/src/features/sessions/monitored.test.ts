import { expect, it } from 'vitest';
import { monitorNotes } from './monitored.ts';

it('says what monitor rules would have done, and nothing of other rules', () => {
  const matched = [
    { rule: 'a', action: 'allow' },
    { rule: 'b', action: 'monitor:deny' },
    { rule: 'c', action: 'monitor:allow' },
    { rule: 'd', action: 'limit' },
  ];
  expect(monitorNotes({ matched })).toEqual([
    { rule: 'b', sentence: 'would have been refused by', stops: true },
    { rule: 'c', sentence: 'would have been allowed by', stops: false },
  ]);
});
