import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visibleRows } from './visible-rows.ts';

test('every row in sight is drawn, and no more than a screenful and the overscan', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: 3_000_000 }), (count, scrollTop) => {
      const { from, to } = visibleRows(scrollTop, 480, 29, count);
      expect(from).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThanOrEqual(count);
      expect(to - from).toBeLessThanOrEqual(17 + 24 + 1);
      const first = Math.floor(scrollTop / 29);
      if (first < count) {
        expect(from).toBeLessThanOrEqual(first);
        expect(to).toBeGreaterThan(first);
      }
    }),
  );
});
