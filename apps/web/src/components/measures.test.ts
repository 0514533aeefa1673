import { expect, test } from 'vitest';
import {
  bytesText,
  countdownText,
  countText,
  durationText,
  exactTimeText,
  relativeTimeText,
  zoneText,
} from './measures.ts';

const now = new Date('2026-11-23T12:00:00Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);

test('relative times are coarse and know both directions', () => {
  expect(
    [-1, -12, -130, -7200, -90_000, -4_000_000, 3_700].map((seconds) => relativeTimeText(at(seconds), now)),
  ).toEqual(['now', '12 s ago', '2 min ago', '2 h ago', '1 d ago', '1 mo ago', 'in 1 h']);
});

test('an exact time names its zone', () => {
  expect([0, 60, 330, -210].map(zoneText)).toEqual(['UTC', 'UTC+01:00', 'UTC+05:30', 'UTC-03:30']);
  expect(exactTimeText(now)).toMatch(/^2026-11-2[34] \d\d:\d\d:\d\d UTC([+-]\d\d:\d\d)?$/);
});

test('a countdown ends at zero', () => {
  expect([1661, 21, 3723, 0, -5].map((seconds) => countdownText(at(seconds), now))).toEqual([
    '27:41',
    '0:21',
    '1:02:03',
    '0:00',
    '0:00',
  ]);
});

test('durations, sizes and counts read well', () => {
  expect([0.42, 3, 12.4, 861, 1300, 41_200, 217_000, 7_260_000].map(durationText)).toEqual([
    '0.4 ms',
    '3 ms',
    '12 ms',
    '861 ms',
    '1.3 s',
    '41.2 s',
    '3 min 37 s',
    '2 h 1 min',
  ]);
  expect([274, 18_432, 7_340_032].map(bytesText)).toEqual(['274 B', '18 KiB', '7.0 MiB']);
  expect([countText(1, 'row'), countText(1204, 'row'), countText(2, 'entry', 'entries')]).toEqual([
    '1 row',
    '1,204 rows',
    '2 entries',
  ]);
});
