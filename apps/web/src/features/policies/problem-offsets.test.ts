import fc from 'fast-check';
import { expect, test } from 'vitest';
import { problemOffsets } from './problem-offsets.ts';

test('finds the word at a line and column', () => {
  const text = 'rules:\n  - name: typo\n';
  const { from, to } = problemOffsets(text, { line: 2, column: 11 });
  expect(text.slice(from, to)).toBe('typo');
});

test('never leaves the text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '\n', ' ') }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 30 }),
      (text, line, column) => {
        const { from, to } = problemOffsets(text, { line, column });
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeGreaterThanOrEqual(from);
        expect(to).toBeLessThanOrEqual(text.length);
      },
    ),
  );
});
