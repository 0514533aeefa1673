import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sideBySide } from './side-by-side.ts';

test('a changed line stands beside the new one; far equal lines are left out', () => {
  const older = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`).join('\n');
  const newer = older.replace('line 10', 'line ten');
  expect(
    sideBySide(older, newer).map((row) => [row.kind, row.left?.text ?? row.skipped, row.right?.text ?? '']),
  ).toEqual([
    ['skipped', 6, ''],
    ['same', 'line 7', 'line 7'],
    ['same', 'line 8', 'line 8'],
    ['same', 'line 9', 'line 9'],
    ['changed', 'line 10', 'line ten'],
    ['same', 'line 11', 'line 11'],
    ['same', 'line 12', 'line 12'],
    ['same', 'line 13', 'line 13'],
    ['skipped', 7, ''],
  ]);
});

test('equal texts have no changed row', () => {
  expect(sideBySide('a\nb\n', 'a\nb\n').filter((row) => row.kind !== 'skipped')).toEqual([]);
});

test('every changed line of both texts is there, in order', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 })
    .map((lines) => lines.map((line) => `${line}\n`).join(''));
  fc.assert(
    fc.property(text, text, (older, newer) => {
      const rows = sideBySide(older, newer);
      const count = (side: 'left' | 'right') =>
        rows.reduce((sum, row) => sum + (row.kind === 'skipped' ? row.skipped : row[side] === null ? 0 : 1), 0);
      expect(count('left')).toBe(older.split('\n').length - 1);
      expect(count('right')).toBe(newer.split('\n').length - 1);
    }),
  );
});
