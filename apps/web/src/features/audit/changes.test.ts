import { expect, test } from 'vitest';
import { changesBetween } from './changes.ts';

test('names what changed, by path', () => {
  expect(
    changesBetween(
      { name: 'a', labels: { env: 'prod' }, list: [1] },
      { name: 'a', labels: { env: 'staging', team: 'x' }, list: [] },
    ),
  ).toEqual([
    { path: 'labels.env', before: 'prod', after: 'staging' },
    { path: 'list.0', before: '1', after: null },
    { path: 'labels.team', before: null, after: 'x' },
    { path: 'list', before: null, after: '[]' },
  ]);
});

test('a creation and a deletion have one side only', () => {
  expect(changesBetween(null, { name: 'a' })).toEqual([{ path: 'name', before: null, after: 'a' }]);
  expect(changesBetween({ name: 'a' }, null)).toEqual([{ path: 'name', before: 'a', after: null }]);
  expect(changesBetween(null, null)).toEqual([]);
});
